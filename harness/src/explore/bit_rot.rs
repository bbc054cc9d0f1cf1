//! The damages of one scenario: every stored file is damaged in every way that is asked for, one at a time,
//! and read.
//!
//! Starting a process costs more than reading some files, so one reader lives through all damages, and
//! opens its root anew after each, under another path. What it finds wrong, or dies of, is read once more by
//! a process started for it, and only that is judged. The first damage of each file is read by both: where
//! they disagree, the reader remembers what it should not, and every damage gets a process of its own.

use std::time::Instant;

use crashworthy::Guarantee;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{
    stored::{READ_WAIT_MAX, Stored},
    sweep::{News, Sweep, Swept},
    trial::{Record, Stage, TrialError},
};
use crate::{
    check,
    fault::{Strike, damages},
    history::{Evidence, Outcome, Phase},
    subject::Plain,
    trace::Trace,
};

/// Findings that are read once more. Those that follow are larger, and would add nothing.
const CONFIRMED_MAX: usize = 8;
/// Readers that may hang before the rest is given up, at [`READ_WAIT_MAX`] each.
const HANGS_MAX: usize = 4;
/// Why nothing found proves nothing against a subject that returns neither an error nor the right bytes.
const NO_ANSWER: &str = "it dies or hangs on damaged files, which is no answer";
/// The same of one whose files could not be found again.
const FILES_DIFFER: &str =
    "what it stores differs from run to run, so that not all of it could be damaged";

/// How the reading goes on from damage to damage.
#[derive(Default)]
struct Reading {
    reader: Option<Plain>,
    is_mistrusted: bool,
    confirmed: usize,
    hangs: usize,
}

impl Sweep<'_> {
    /// Every damage of every stored file.
    pub(super) fn rot(
        &self,
        stage: &mut Stage<'_>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        let mut stored = stage.store()?;
        let strikes = self.damages(&stored);
        tell(&News::More(strikes.len()));
        let mut reading = Reading::default();
        let rotted = self.rot_all(stage, &mut stored, &strikes, &mut reading, swept, tell);
        reading.end(stage)?;
        rotted
    }

    fn damages(&self, stored: &Stored) -> Vec<Strike> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        stored
            .files()
            .flat_map(|(path, content)| {
                damages(content, self.effort.flips, &mut random)
                    .into_iter()
                    .map(|damage| Strike::BitRot { path: path.to_owned(), damage })
            })
            .collect()
    }

    fn rot_all(
        &self,
        stage: &mut Stage<'_>,
        stored: &mut Stored,
        strikes: &[Strike],
        reading: &mut Reading,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        let doubt = |swept: &mut Swept, why| {
            for &guarantee in &self.scenario.judges {
                swept.docket.doubt(guarantee, why);
            }
        };
        let mut last_file = None;
        for strike in strikes {
            if (self.is_over)() {
                return Err(TrialError::Interrupted);
            }
            if reading.hangs >= HANGS_MAX {
                return Ok(());
            }
            let file = file_of(strike);
            let is_first = last_file != file;
            last_file = file;
            let damaged = match stored.damage(strike) {
                Err(TrialError::Diverged(_)) => {
                    doubt(swept, FILES_DIFFER);
                    tell(&News::Trial);
                    continue;
                }
                other => other?,
            };
            let evidence = reading.of(stage, stored, strike, is_first)?;
            swept.totals.trials += 1;
            if let Some(evidence) = evidence {
                if is_unanswered(&evidence) {
                    doubt(swept, NO_ANSWER);
                }
                let (trace, recovery) = (Trace::default(), Trace::default());
                Self::judge(swept, tell, &Record { evidence, trace, recovery });
            }
            tell(&News::Trial);
            damaged.undo()?;
            if stored.is_disturbed()? {
                *stored = stage.store()?;
            }
        }
        Ok(())
    }
}

impl Reading {
    /// What is read of a damaged file; `None` where it is wrong once more after enough was found wrong.
    fn of(
        &mut self,
        stage: &mut Stage<'_>,
        stored: &mut Stored,
        strike: &Strike,
        is_first: bool,
    ) -> Result<Option<Evidence>, TrialError> {
        let mut evidence = None;
        if !self.is_mistrusted {
            let answers = self.read(stage, stored)?;
            evidence = Some(stored.evidence(stage, strike, answers)?);
        }
        let is_wrong = evidence.as_ref().is_some_and(is_wrong);
        if is_wrong && self.confirmed >= CONFIRMED_MAX {
            return Ok(None);
        }
        let is_conclusive = evidence.as_ref().is_some_and(|read| !is_wrong && !is_unanswered(read));
        if is_first || !is_conclusive {
            let began = Instant::now();
            let answers = stage.read_freshly(stored)?;
            self.count_hang(stage, &answers, began);
            let fresh = stored.evidence(stage, strike, answers)?;
            self.confirmed += usize::from(self::is_wrong(&fresh));
            self.is_mistrusted |= evidence.is_some_and(|read| !alike(&read, &fresh));
            evidence = Some(fresh);
        }
        Ok(evidence)
    }

    /// What the reader that lives answers; it lives no longer if it does not.
    fn read(
        &mut self,
        stage: &mut Stage<'_>,
        stored: &mut Stored,
    ) -> Result<Vec<Outcome>, TrialError> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => stage.reader()?,
        };
        let began = Instant::now();
        let answers = stage.read(stored, &mut reader);
        self.reader = Some(reader);
        let answers = answers?;
        if answers.iter().any(is_no_answer) {
            self.end(stage)?;
            self.count_hang(stage, &answers, began);
        }
        Ok(answers)
    }

    fn count_hang(&mut self, stage: &Stage<'_>, answers: &[Outcome], began: Instant) {
        let limit = READ_WAIT_MAX.min(stage.launcher.plain.limits().operation);
        let hung = answers.iter().any(is_no_answer) && began.elapsed() >= limit;
        self.hangs += usize::from(hung);
    }

    fn end(&mut self, stage: &mut Stage<'_>) -> Result<(), TrialError> {
        if let Some(reader) = self.reader.take() {
            stage.launcher.bury(&reader)?;
        }
        Ok(())
    }
}

fn file_of(strike: &Strike) -> Option<&str> {
    match strike {
        Strike::BitRot { path, .. } => Some(path),
        _ => None,
    }
}

fn is_no_answer(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Broken(_) | Outcome::Killed)
}

fn is_wrong(evidence: &Evidence) -> bool {
    let checker = check::checker(Guarantee::BitrotDetected);
    !checker.check(&check::Trial::new(evidence)).findings.is_empty()
}

fn is_unanswered(evidence: &Evidence) -> bool {
    let mut reads = evidence.history.iter().filter(|entry| entry.phase == Phase::Damaged);
    reads.any(|entry| is_no_answer(&entry.outcome))
}

/// Whether two readers saw the same; the words of an error may differ.
fn alike(one: &Evidence, other: &Evidence) -> bool {
    one.history.iter().zip(&other.history).all(|(one, other)| {
        match (&one.outcome, &other.outcome) {
            (Outcome::Ok(one), Outcome::Ok(other)) => one == other,
            (one, other) => one.is_ok() == other.is_ok(),
        }
    })
}

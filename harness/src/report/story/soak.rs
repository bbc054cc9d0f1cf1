//! The workload of clients that ran free: what they did to one path, in the order in which it was asked and answered.
//!
//! Nobody saw their calls, and nobody can say when between question and answer something took effect.

use super::{STRIKE_MARK, Teller};
use crate::{
    fault::Strike,
    history::{Entry, Outcome},
};

impl Teller<'_> {
    /// Tells the workload of clients that ran free; false where there were none.
    pub(super) fn ran_free(&mut self) -> bool {
        let case = self.case;
        let Strike::Soak { kills, .. } = case.evidence.strike else { return false };
        self.line(false, "clients call at full speed, and chance decides who comes first");
        self.line(
            false,
            "what each of them asks and is told about this file, as far as it matters:",
        );
        let mut acts: Vec<(u64, usize, &Entry, bool)> = Vec::new();
        for (at, entry) in case.evidence.history.iter().enumerate() {
            let Some(span) = entry.span else { continue };
            acts.push((span.invoked, at, entry, false));
            acts.extend(span.returned.map(|returned| (returned, at, entry, true)));
        }
        acts.sort_by_key(|(moment, ..)| *moment);
        for (_, at, entry, is_answered) in acts {
            let name = self.name_of(entry.span.map_or(0, |span| span.actor));
            if is_answered {
                let answer = self.answer(at, &entry.outcome);
                self.line(true, format!("{name}: {answer}"));
                continue;
            }
            let asked = self.asked(&entry.invocation);
            self.line(false, format!("{name} calls {asked}"));
            if entry.outcome == Outcome::Killed {
                self.line(true, format!("{STRIKE_MARK}{name} is killed before it answers"));
            } else if !entry.outcome.is_answer() {
                let answer = self.answer(at, &entry.outcome);
                self.line(true, format!("{name}: {answer}"));
            }
        }
        let others = if kills { "who dies when and " } else { "" };
        self.line(false, format!("in another run, {others}who comes first may be another matter"));
        true
    }
}

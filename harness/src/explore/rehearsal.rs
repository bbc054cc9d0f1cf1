//! The rehearsal: a scenario without any fault, which tells where faults can strike and what is normal.

use std::{collections::BTreeSet, sync::Arc};

use crashworthy::Guarantee;

use super::{
    observe::{Notes, observe},
    trial::{Record, Stage, TrialError, offers_recovery, subject_failed},
};
use crate::{
    fault::Strike,
    history::{Baseline, History, Invocation, Moment, Outcome, Phase, Tree},
    trace::Trace,
};

/// Guarantees whose checkers know a left-over by its name. Where two runs publish different names, that
/// proves nothing, so they need to know.
const JUDGED_BY_NAMES: [Guarantee; 3] = [
    Guarantee::DeterministicLayout,
    Guarantee::KillOrphansInvisible,
    Guarantee::KillOrphansReclaimed,
];

impl Stage<'_> {
    /// The fault-free run, traced, with a look at the disk after every acknowledgement. What it leaves is
    /// the baseline of the trials that follow.
    pub(crate) fn rehearse(&mut self) -> Result<Record, TrialError> {
        let mut notes = self.notes()?;
        let mut process = self.launcher.traced.start()?;
        let hello = process
            .greet(&notes.arena.root(), &self.subject.options)
            .map_err(|why| subject_failed(&notes, &why))?;
        for invocation in &self.scenario.set_up {
            notes.run(Phase::SetUp, &mut process, invocation);
        }
        notes.look(Moment::Settled)?;
        process.ask_results();
        process.aim(Strike::None);
        for (index, invocation) in self.scenario.workload().iter().enumerate() {
            notes.run(Phase::Workload, &mut process, invocation);
            notes.look(Moment::Acknowledged(index))?;
        }
        process.disarm();
        observe(&mut notes, self.scenario, Phase::Finished, &mut process, &[]);
        process.finish()?;
        let mut trace = process.take_trace();
        drop(process);
        trace.blind_spots.extend(unseen_change(&notes.trees, &trace));
        let mut baseline = Baseline {
            files: notes
                .trees
                .iter()
                .flat_map(|(_, tree)| tree.files().map(str::to_owned))
                .collect(),
            failed: notes
                .history
                .iter()
                .filter(|entry| entry.phase == Phase::Workload)
                .enumerate()
                .filter(|(_, entry)| !entry.outcome.is_ok())
                .map(|(index, _)| index)
                .collect(),
            directories: BTreeSet::new(),
            missing: None,
            refused: Vec::new(),
            twins: None,
            recovered: None,
        };
        if self.scenario.judges.iter().any(|guarantee| JUDGED_BY_NAMES.contains(guarantee)) {
            baseline.twins = Some(Box::new((self.twin()?, self.twin()?)));
        }
        if self.scenario.judges.contains(&Guarantee::KillOrphansReclaimed)
            && offers_recovery(&hello)
        {
            baseline.recovered = self.recovered()?.map(Box::new);
        }
        self.baseline = Arc::new(baseline);
        self.record(notes, Strike::None, &hello, trace, Trace::default())
    }

    /// The same operations once more, with nobody tracing.
    fn run_untraced(&mut self) -> Result<Notes, TrialError> {
        let mut notes = self.notes()?;
        let mut process = self.open_plain(&notes).map_err(TrialError::Subject)?;
        for invocation in self.scenario.set_up.iter().chain(self.scenario.workload()) {
            notes.run(Phase::Workload, &mut process, invocation);
        }
        process.finish()?;
        self.launcher.bury(&process)?;
        Ok(notes)
    }

    /// The tree that they leave.
    fn twin(&mut self) -> Result<Tree, TrialError> {
        Ok(self.run_untraced()?.arena.tree()?)
    }

    /// The trees that are left where recovery follows them, once and once more; nothing where it fails, which other
    /// trials tell.
    fn recovered(&mut self) -> Result<Option<(Tree, Tree)>, TrialError> {
        let mut notes = self.run_untraced()?;
        let mut trees = Vec::new();
        for _ in 0..2 {
            let Ok(mut process) = self.open_plain(&notes) else { return Ok(None) };
            notes.run(Phase::Recovery, &mut process, &Invocation::Recover);
            process.finish()?;
            self.launcher.bury(&process)?;
            trees.push(notes.arena.tree()?);
        }
        let twice = trees.pop();
        Ok(trees.pop().zip(twice))
    }

    /// Whether set-up and workload end otherwise where nobody traces them.
    pub(crate) fn differs_untraced(&mut self, traced: &History) -> Result<bool, TrialError> {
        let mut notes = self.notes()?;
        let mut process = self.open_plain(&notes).map_err(TrialError::Subject)?;
        let called = traced.iter().filter(|e| matches!(e.phase, Phase::SetUp | Phase::Workload));
        for entry in called.clone() {
            notes.run(entry.phase, &mut process, &entry.invocation);
        }
        self.launcher.bury(&process)?;
        let alike = |one: &Outcome, other: &Outcome| match (one, other) {
            (Outcome::Ok(one), Outcome::Ok(other)) => one == other,
            (one, other) => one.is_ok() == other.is_ok(),
        };
        Ok(!notes
            .history
            .iter()
            .zip(called)
            .all(|(one, other)| alike(&one.outcome, &other.outcome)))
    }
}

/// Whether an operation changed what is on disk without an event: whoever did it, nobody traces it.
fn unseen_change(trees: &[(Moment, Tree)], trace: &Trace) -> Option<String> {
    let unseen = trees.windows(2).enumerate().any(|(operation, pair)| {
        pair[0].1 != pair[1].1 && trace.events.iter().all(|event| event.operation != operation)
    });
    unseen
        .then(|| "what it stores changes without a call of a process that can be traced".to_owned())
}

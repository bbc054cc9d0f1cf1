//! The end of a story: what became of a stored file, recovery where it matters, what the next process saw,
//! and what it should be compared with.

use crashworthy::Guarantee;

use super::{
    ACKNOWLEDGED, OPENS_AND_READS, OPENS_READS_AND_RECOVERS, STRIKE_MARK, Teller,
    call::FAILS_AGAIN, losses::Which,
};
use crate::{
    fault::{PowerLoss, Strike},
    history::{Entry, Invocation, Moment, Node, Phase},
    report::text,
};

/// Files left on disk, and changes outside the root, that are told one by one.
const LEFT_OVERS_MAX: usize = 5;

impl<'a> Teller<'a> {
    pub(super) fn afterwards(&mut self) {
        self.damage();
        self.lost_again();
        let finding = self.case.finding.entry;
        let entry = finding.and_then(|at| Some((at, self.case.evidence.history.get(at)?)));
        if self.recovery_matters(entry.map(|(_, entry)| entry.phase)) {
            self.recovery();
        }
        if let Some((at, entry)) = entry {
            let told = matches!(
                entry.phase,
                Phase::SetUp | Phase::Workload | Phase::Recovery | Phase::BesideWriter
            );
            if !told {
                self.sight(at, entry);
            }
            self.last_acknowledged(at, entry);
        }
        self.left_overs();
        for change in self.case.evidence.outside.iter().take(LEFT_OVERS_MAX) {
            let change = self.names.scrub(change);
            self.line(false, format!("outside the root: {}", text::message(&change)));
        }
    }

    /// What happened to a stored file.
    fn damage(&mut self) {
        let Strike::BitRot { path, damage } = self.strike() else { return };
        let tree = self.case.evidence.tree(Moment::Stored);
        let content = match tree.and_then(|tree| tree.nodes.get(path)) {
            Some(Node::File(content)) => &**content,
            _ => &[],
        };
        let damage = damage.describe(&self.names.path(path), content);
        self.line(false, "the process ends");
        self.line(false, format!("{STRIKE_MARK}{damage}"));
    }

    pub(super) fn recovery_matters(&self, seen: Option<Phase>) -> bool {
        let about_recovery = matches!(
            self.case.guarantee,
            Guarantee::KillOrphansReclaimed | Guarantee::KillRecoveryIdempotent
        );
        let seen_later = matches!(
            seen,
            Some(Phase::Recovery | Phase::Recovered | Phase::Retry | Phase::Retried)
        );
        about_recovery || seen_later || matches!(self.strike(), Strike::InRecovery { .. })
    }

    pub(super) fn strike(&self) -> &'a Strike {
        &self.case.evidence.strike
    }

    /// Every `recover` after the crash; the first with its calls, and killed if it was.
    fn recovery(&mut self) {
        let strike = match self.strike() {
            Strike::InRecovery { recovery, .. } => recovery,
            _ => &Strike::None,
        };
        for (n, at, entry) in self.recoveries() {
            let who = if n == 0 { "a new process" } else { "another new process" };
            let does = self.recovers(n, entry, strike);
            self.line(false, format!("{who} {does}"));
            if n == 0 {
                let events: Vec<_> = self.case.recovery.events.iter().enumerate().collect();
                let last = super::call::struck_event(strike).unwrap_or(usize::MAX);
                let events: Vec<_> =
                    events.into_iter().filter(|(index, _)| *index <= last).collect();
                let told = events.iter().any(|(index, _)| *index == last);
                self.calls(&events, strike);
                if !told && let Some(mark) = super::call::free_mark(strike) {
                    self.line(true, mark);
                }
                if *strike != Strike::None && !entry.outcome.is_ok() {
                    continue;
                }
            }
            let answer = self.answer(at, &entry.outcome);
            self.line(true, answer);
        }
    }

    /// Every `recover` that is told, with its number and its index in the history: where the power fails in the first
    /// one, that is told as what the power loss struck.
    pub(super) fn recoveries(&self) -> Vec<(usize, usize, &'a Entry)> {
        let all = self.entries(|phase| phase == Phase::Recovery).into_iter().enumerate();
        let told = all.skip(usize::from(self.again().is_some()));
        told.map(|(n, (at, entry))| (n, at, entry)).collect()
    }

    /// The second power loss, where there is one.
    pub(super) fn again(&self) -> Option<&'a PowerLoss> {
        self.strike().power_loss()?.again.as_deref()
    }

    /// Tells of the process in which the power fails a second time, and what that takes.
    fn lost_again(&mut self) {
        let Some(again) = self.again() else { return };
        let does = self.does_until_lost(again);
        self.line(false, format!("a new process {does}"));
        let events: Vec<_> = self.case.recovery.events.iter().enumerate().collect();
        self.calls(&events, &Strike::None);
        if again.acknowledged > 0 {
            self.line(true, ACKNOWLEDGED);
        }
        self.line(false, FAILS_AGAIN);
        self.lost_in(Which::Second);
    }

    /// What a process does until the second power loss, `again`, ends it.
    pub(super) fn does_until_lost(&self, again: &PowerLoss) -> &'static str {
        // It reads every path of the scenario, one operation each, before it recovers.
        let reads = self.case.evidence.scenario.paths().len();
        let recovers = again.acknowledged > 0
            || self.case.recovery.events.iter().any(|event| event.operation >= reads);
        if recovers { OPENS_READS_AND_RECOVERS } else { OPENS_AND_READS }
    }

    /// What the process of recovery number `n` does: a strike may have ended it before it called `recover`.
    pub(super) fn recovers(&mut self, n: usize, entry: &'a Entry, strike: &Strike) -> String {
        let asked = self.asked(&entry.invocation);
        let opened = self.case.recovery.opened;
        if n > 0 || opened == 0 {
            return format!("calls {asked}");
        }
        match super::call::struck_event(strike) {
            Some(event) if event < opened => OPENS_AND_READS.to_owned(),
            _ => format!("{OPENS_AND_READS}, and calls {asked}"),
        }
    }

    /// What the process saw that gave the finding.
    fn sight(&mut self, at: usize, entry: &'a Entry) {
        for (at, before) in self.done_before(entry) {
            self.ask(at, before);
        }
        self.ask(at, entry);
    }

    /// What was done once more at a path before the look `entry` at it.
    pub(super) fn done_before(&self, entry: &Entry) -> Vec<(usize, &'a Entry)> {
        let done = match entry.phase {
            Phase::Retried => Phase::Retry,
            Phase::Repeated => Phase::Repeat,
            _ => return Vec::new(),
        };
        let mut before = self.entries(|phase| phase == done);
        before.retain(|(_, before)| before.invocation.path() == entry.invocation.path());
        before
    }

    fn ask(&mut self, at: usize, entry: &Entry) {
        let who = match entry.phase {
            Phase::Finished => "the same process then calls",
            Phase::Repeat => "the fault being gone, the same process calls",
            Phase::Recovered => "after recovery it calls",
            Phase::Retry => "to repeat what was interrupted, a new process calls",
            Phase::Retried => "after that it calls",
            _ => "a new process calls",
        };
        let asked = self.asked(&entry.invocation);
        let answer = self.answer(at, &entry.outcome);
        self.line(false, format!("{who} {asked}"));
        self.line(true, answer);
    }

    /// The last acknowledged change of the finding's path, to compare with.
    fn last_acknowledged(&mut self, at: usize, entry: &Entry) {
        let path = entry.invocation.path();
        let history = &self.case.evidence.history;
        let last = history[..at].iter().rev().find(|earlier| {
            earlier.outcome.is_ok()
                && earlier.invocation.path() == path
                && matches!(
                    earlier.invocation,
                    Invocation::WriteFile { .. } | Invocation::DeleteFile { .. }
                )
        });
        if path.is_empty() {
            return;
        }
        let shown = self.names.path(path);
        let line = match last.map(|entry| &entry.invocation) {
            Some(Invocation::WriteFile { data, .. }) => {
                format!("last acknowledged for {shown}: a write of {}", text::content(data))
            }
            Some(Invocation::DeleteFile { .. }) => {
                format!("last acknowledged for {shown}: a delete")
            }
            _ => return,
        };
        self.line(false, line);
    }

    /// Files on disk that nobody stored, where they are what the guarantee is about.
    fn left_overs(&mut self) {
        let moment = match self.case.guarantee {
            Guarantee::KillOrphansReclaimed => Moment::Recovered,
            Guarantee::KillOrphansInvisible => Moment::Crashed,
            Guarantee::ErrorLeavesNoOrphan => Moment::Faulted,
            _ => return,
        };
        let evidence = &self.case.evidence;
        let Some(tree) = evidence.tree(moment) else { return };
        let stored = evidence.scenario.paths();
        let mut left: Vec<_> = tree
            .files()
            .filter(|path| !stored.contains(path) && !evidence.baseline.files.contains(*path))
            .collect();
        // Sizes do not depend on chance; the order of random names does.
        left.sort_by_key(|path| (self.names.rank(path), size(tree.nodes.get(*path)), *path));
        for path in left.into_iter().take(LEFT_OVERS_MAX) {
            let bytes = text::count(size(tree.nodes.get(path)), "byte");
            let shown = self.names.left_over(path);
            self.line(false, format!("left on disk: {shown} ({bytes})"));
        }
    }
}

fn size(node: Option<&Node>) -> usize {
    match node {
        Some(Node::File(data)) => data.len(),
        _ => 0,
    }
}

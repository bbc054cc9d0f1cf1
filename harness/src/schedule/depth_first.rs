//! Every schedule, depth first; or first those without a preemption, then those with one, then with two (after
//! Musuvathi and Qadeer, *Iterative context bounding for systematic testing of multithreaded programs*, 2007).
//!
//! A preemption is a step of another actor although the one that went last could have gone on. Few of them
//! suffice for most mistakes, and the number of schedules with so many grows only polynomially with the number
//! of steps; taken in this order, the first schedule that refutes something is also the easiest one to read.
//!
//! A schedule is run once. Each run tells where others could have gone, and whoever does so there starts a
//! *branch*: the steps before, that actor, and the default choice from then on.

use std::{mem, rc::Rc};

use super::{Actor, Decision, Explorer, Run};
use crate::report::text;

/// So many branches are remembered for the next number of preemptions; the rest are left out, and the explorer
/// is not complete from there on. They take some 64 MiB.
const BRANCHES_MAX: usize = 1 << 20;

/// The steps of an earlier run up to a point, and another actor there.
#[derive(Clone, Debug)]
struct Branch {
    run: Rc<[Actor]>,
    at: usize,
    actor: Actor,
}

impl Branch {
    fn actors(&self) -> impl Iterator<Item = Actor> {
        self.run[..self.at].iter().copied().chain([self.actor])
    }

    fn actor(&self, step: usize) -> Option<Actor> {
        self.actors().nth(step)
    }
}

/// How the run under way goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// The branch is not reached.
    Before,
    /// Its actor was chosen where it branches off.
    Branched,
    /// That actor turned out to wait: there is no such schedule.
    NoBranch,
    /// The steps before it cannot be made again.
    Diverged,
}

/// An explorer of all schedules, or of all with few preemptions.
#[derive(Clone, Debug)]
pub struct DepthFirst {
    /// `None`: preemptions are not counted.
    preemptions_max: Option<usize>,
    /// How many preemptions the schedules have that are tried now.
    preemptions: usize,
    now: Vec<Branch>,
    next: Vec<Branch>,
    /// What the run under way follows; the first one follows nothing.
    branch: Option<Branch>,
    course: Course,
    runs: usize,
    /// Those of them with the present number of preemptions.
    runs_now: usize,
    /// Every schedule with at most so many preemptions was tried.
    complete_to: Option<usize>,
    is_over: bool,
    /// Whether there are schedules with too many preemptions to be tried.
    has_more: bool,
    /// Branches with so many preemptions were left out, because there are too many of them.
    cut_at: Option<usize>,
    has_diverged: bool,
}

impl DepthFirst {
    /// Will try all schedules, in no order of interest.
    pub fn exhaustive() -> Self {
        Self::new(None)
    }

    /// Will try all schedules with at most so many preemptions, those with fewer first.
    pub fn preempting(preemptions_max: usize) -> Self {
        Self::new(Some(preemptions_max))
    }

    fn new(preemptions_max: Option<usize>) -> Self {
        Self {
            preemptions_max,
            preemptions: 0,
            now: Vec::new(),
            next: Vec::new(),
            branch: None,
            course: Course::Before,
            runs: 0,
            runs_now: 0,
            complete_to: None,
            is_over: false,
            has_more: false,
            cut_at: None,
            has_diverged: false,
        }
    }

    /// Every schedule with at most so many preemptions was tried; `None` where that cannot be said of any number.
    pub fn complete_to(&self) -> Option<usize> {
        self.complete_to
    }

    /// Whether the subject could not make the same steps again.
    pub fn has_diverged(&self) -> bool {
        self.has_diverged
    }

    /// Whether the run made the steps of its branch.
    fn was_followed(&self, run: &Run) -> bool {
        self.branch.as_ref().is_none_or(|branch| {
            let made = run.steps.iter().map(|step| step.actor);
            run.steps.len() > branch.at && made.take(branch.at + 1).eq(branch.actors())
        })
    }

    /// Remembers where others could have gone after the branch.
    fn branch_off(&mut self, run: &Run) {
        let actors: Rc<[Actor]> = run.steps.iter().map(|step| step.actor).collect();
        let first = self.branch.as_ref().map_or(0, |branch| branch.at + 1);
        for (at, step) in run.steps.iter().enumerate().skip(first) {
            // Whoever could go on did, since that is the default: everybody else would preempt it.
            let preempts = at > 0 && actors[at - 1] == step.actor;
            for &actor in step.enabled.iter().rev().filter(|actor| **actor != step.actor) {
                let branch = Branch { run: actors.clone(), at, actor };
                match self.preemptions_max {
                    Some(preemptions_max) if preempts => {
                        if self.preemptions >= preemptions_max {
                            self.has_more = true;
                        } else if self.next.len() >= BRANCHES_MAX {
                            self.cut_at.get_or_insert(self.preemptions + 1);
                        } else {
                            self.next.push(branch);
                        }
                    }
                    _ => self.now.push(branch),
                }
            }
        }
    }

    /// The next branch: the deepest one, or else one with a preemption more.
    fn next_branch(&mut self) -> Option<Branch> {
        if self.now.is_empty() {
            let is_whole = self.cut_at.is_none_or(|cut_at| self.preemptions < cut_at);
            if self.preemptions_max.is_some() && is_whole && !self.has_diverged {
                self.complete_to = Some(self.preemptions);
            }
            if !self.next.is_empty() {
                self.now = mem::take(&mut self.next);
                self.preemptions += 1;
                self.runs_now = 0;
            }
        }
        self.now.pop()
    }
}

impl Explorer for DepthFirst {
    fn choose(&mut self, decision: &Decision<'_>) -> Option<Actor> {
        let step = decision.step();
        let Some(wanted) = self.branch.as_ref().and_then(|branch| branch.actor(step)) else {
            return Some(decision.default_choice());
        };
        let branches = self.branch.as_ref().is_some_and(|branch| branch.at == step);
        if decision.enabled.contains(&wanted) {
            if branches {
                self.course = Course::Branched;
            }
            return Some(wanted);
        }
        self.course =
            if self.course == Course::Branched { Course::NoBranch } else { Course::Diverged };
        None
    }

    fn learn(&mut self, run: &Run) -> bool {
        let course = mem::replace(&mut self.course, Course::Before);
        if course != Course::NoBranch {
            if course != Course::Diverged && self.was_followed(run) {
                self.runs += 1;
                self.runs_now += 1;
                self.branch_off(run);
            } else {
                self.has_diverged = true;
            }
        }
        self.branch = self.next_branch();
        self.is_over = self.branch.is_none();
        !self.is_over
    }

    fn is_complete(&self) -> bool {
        self.is_over && self.cut_at.is_none() && !self.has_diverged
    }

    fn bound(&self) -> String {
        let preempting = |n: usize| match n {
            0 => "without a preemption".to_owned(),
            n => format!("with at most {}", text::count(n, "preemption")),
        };
        if self.is_complete() && !self.has_more {
            return "every order of their calls".to_owned();
        }
        match self.complete_to {
            Some(n) if self.is_over || self.runs_now == 0 => {
                format!("every order {}", preempting(n))
            }
            Some(n) => format!(
                "every order {} and {} with {}",
                preempting(n),
                text::thousands(self.runs_now),
                text::thousands(self.preemptions),
            ),
            None => text::count(self.runs, "order") + " of their calls",
        }
    }
}

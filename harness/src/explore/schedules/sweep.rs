//! The sweep of a scenario with several actors: which schedules are tried, and what is made of them.
//!
//! Few schedules are all tried, those with the fewest preemptions first, so that the first counterexample is
//! told in the fewest turns. Of many, first those with few preemptions, then one of each kind that somebody could tell
//! from another (partial-order reduction), and where that does not come to its end, seeded random ones.
//!
//! Processes live on between schedules, so a finding counts only if processes that are started for it show it,
//! too.

use std::{ops::RangeInclusive, sync::Arc};

use crashworthy::{Category, Guarantee, PersistenceModel};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::IteratorRandom};
use strum::VariantArray;

use super::{
    kills::{Written, kills},
    play::Kill,
    run::{Performed, Rig},
};
use crate::{
    check::{self, Trial},
    explore::{
        allotment::Allotment,
        profile::Effort,
        sweep::{News, Sweep, Swept, Workplace},
        trial::{TrialError, offers_recovery},
    },
    fault::{Among, FaultKind, Strike},
    history::Invocation,
    judge::{rule, rule_or_doubt},
    report::text,
    scenario::Scenario,
    schedule::{Actor, DepthFirst, Dpor, Explorer, Pct, Random, Replay, Run, Schedule, estimate},
    subject::{Launcher, protocol::THREADS},
    trace::Circumstance,
};

/// Kills are tried in schedules with up to so many preemptions.
const KILL_PREEMPTIONS_MAX: usize = 1;
/// Of more schedules than can all be tried, those with up to so many preemptions come first.
const FIRST_PREEMPTIONS_MAX: usize = 1;
/// Up to so many schedules are all tried. Where there are more, one of each kind shows the same.
const EXHAUSTIVE_MAX: usize = 20_000;
/// Bug depth of the schedules that change priorities at random: orders that take so many coincidences.
const PCT_DEPTH: usize = 3;
/// Said where nothing was left out, whether all were tried or one of each kind.
const ALL_ORDERS: &str = "every order of their calls that one of them could tell from another";
/// Said where that did not hold for those who ask again and again.
const FAIR: &str = "but for whoever asks in vain again and again, who lets the others go first";
/// Why finding nothing proves nothing where a kill cannot be told from the others' own doing.
const DISTURBED: &str = "its processes disturb each other even where none of them is killed";
/// So many orders may end at a limit: each takes seconds, and the next one would hardly end better.
const PAST_LIMIT_MAX: usize = 3;
/// Why finding nothing proves nothing then.
const GIVEN_UP: &str =
    "the search was given up because it went past a limit of time, calls, threads or memory";
/// The same where they do not come to work at all.
const NOT_TOGETHER: &str = "several of its processes cannot be at work under one root";
/// Why a finding is nobody's where an actor waits for another one by the clock.
const WAITED_BY_CLOCK: &str = "something was wrong only in orders in which one waits by the clock for another, and no schedule moves clocks";
/// The same where it does not come again.
const NOT_REPEATED: &str =
    "what was found did not show again in the same schedule with new processes";

/// One scenario, with one kind of actors.
struct Exploration<'a, 'w> {
    sweep: &'a Sweep<'a>,
    scenario: &'a Arc<Scenario>,
    among: Among,
    rig: Rig<'w>,
    /// Orders in which actors made their steps, with few preemptions, and how many bytes each step was to write; a kill
    /// may fall on any step.
    orders: Vec<Written>,
    /// Whether anything was wrong although nobody was killed.
    disturbed: bool,
    /// How long more may be tried than has to be.
    allotment: Option<Allotment>,
    /// How many orders ended at a limit.
    past_limit: usize,
    /// Whether anybody had to let others go first because it tried so often.
    made_way: bool,
    /// Whether processes took locks, and nobody had seen when they gave them up: all is to be done again.
    starts_over: bool,
    /// Findings to be confirmed.
    suspects: Vec<(Vec<Guarantee>, Schedule)>,
}

impl Sweep<'_> {
    /// Tries schedules of the scenario's actors, as processes and as threads where the subject has them.
    pub(in crate::explore) fn interleave(
        &self,
        workplace: &mut Workplace<'_>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        // How many there are shows when they are made.
        tell(&News::Planned(0));
        let limits = workplace.launcher.plain.limits();
        for &among in Among::VARIANTS {
            let launcher = match &mut workplace.for_schedules {
                Some(launcher) => launcher,
                none => {
                    let subject = Arc::new(workplace.subject.clone());
                    none.insert(Launcher::for_schedules(&subject, limits)?)
                }
            };
            let scratch = &mut workplace.scratch;
            let mut rig = Rig::new(workplace.subject, launcher, scratch, self.scenario, among)?;
            let hello = match rig.introduce() {
                // One process of it works, or nobody would have come here.
                Err(TrialError::Subject(why)) => {
                    for &guarantee in &self.scenario.judges {
                        swept.docket.doubt(guarantee, &format!("{NOT_TOGETHER}: {why}"));
                    }
                    return Ok(());
                }
                other => other?,
            };
            let has_threads = hello.offers(THREADS);
            if among == Among::Threads && !has_threads
                || asks_to_recover(self.scenario) && !offers_recovery(hello)
            {
                continue;
            }
            let mut exploration = Exploration {
                sweep: self,
                scenario: self.scenario,
                among,
                rig,
                orders: Vec::new(),
                disturbed: false,
                allotment: match among {
                    Among::Processes if has_threads => self.allotment.map(Allotment::first_half),
                    _ => self.allotment.map(Allotment::rest),
                },
                past_limit: 0,
                made_way: false,
                starts_over: false,
                suspects: Vec::new(),
            };
            exploration.run(swept, tell)?;
            if std::mem::take(&mut exploration.starts_over) {
                exploration.orders.clear();
                exploration.run(swept, tell)?;
            }
            if exploration.has_enough(swept) {
                break;
            }
        }
        Ok(())
    }
}

impl Exploration<'_, '_> {
    fn run(
        &mut self,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        let effort = self.sweep.effort;
        // One after the other, forwards and backwards: what they make now is known by name afterwards.
        let actors = self.scenario.actors.len();
        let mut steps = vec![0; actors];
        for mut in_order in InOrder::both_ways(actors) {
            let run = self.one(&mut in_order, None, swept, tell)?;
            let run = run.run;
            for (actor, steps) in steps.iter_mut().enumerate() {
                *steps = run.steps.iter().filter(|step| step.actor == actor).count();
            }
            if self.past_limit > 0 {
                // It need not even meet another one for that.
                self.give_up(swept);
                return Ok(());
            }
        }
        let mut bounds = Vec::new();
        let mut all = true;
        let Effort { orders, orders_min, .. } = effort;
        let systematic = orders_min.systematic..=orders.systematic;
        let random = orders_min.random..=orders.random;
        let is_small = estimate(steps) <= EXHAUSTIVE_MAX.min(orders.systematic) as u64;
        let preemptions = if is_small { usize::MAX } else { FIRST_PREEMPTIONS_MAX };
        let mut first = DepthFirst::preempting(preemptions);
        self.explore(&mut first, &systematic, 0.2, true, swept, tell)?;
        if is_small && first.is_complete() {
            bounds.push(ALL_ORDERS.to_owned());
        } else {
            let mut reduced = Dpor::new();
            self.explore(&mut reduced, &systematic, 0.6, false, swept, tell)?;
            if reduced.is_complete() {
                bounds.push(ALL_ORDERS.to_owned());
            } else {
                all = false;
                bounds.extend([first.bound(), reduced.bound()]);
                let seed = self.sweep.seed;
                let mut walk = Random::new(seed, orders.random);
                self.explore(&mut walk, &random, 0.7, false, swept, tell)?;
                bounds.push(walk.bound());
                let mut pct = Pct::new(seed, PCT_DEPTH, orders.random);
                self.explore(&mut pct, &random, 0.8, false, swept, tell)?;
                bounds.push(pct.bound());
            }
        }
        if self.starts_over {
            return Ok(());
        }
        if self.sweep.scenario.faults.contains(&FaultKind::KillOne)
            && self.among == Among::Processes
        {
            if self.disturbed {
                swept.docket.doubt(Guarantee::CrashIsolated, DISTURBED);
            } else {
                let kills = self.kill_one(effort, swept, tell)?;
                if self.starts_over {
                    return Ok(());
                }
                // Kills in orders with more preemptions are left out in any case.
                self.reach(swept, &[Guarantee::CrashIsolated], &kills, false);
            }
        }
        self.confirm(swept, tell)?;
        if self.is_given_up() {
            self.doubt(swept);
        }
        if self.made_way {
            bounds.push(FAIR.to_owned());
            all = false;
        }
        self.reach(swept, &self.scenario.judges, &bounds.join(", "), all);
        if self.allotment.is_some_and(|allotment| allotment.ran_out()) {
            for &guarantee in &self.scenario.judges {
                swept.docket.ran_out_of_time(guarantee);
            }
        }
        Ok(())
    }

    /// Notes which schedules were tried; [`Among`] comes first, so that the judge can put like to like.
    fn reach(&self, swept: &mut Swept, guarantees: &[Guarantee], orders: &str, all: bool) {
        for &guarantee in guarantees {
            let orders = format!("{}: {orders}", self.among);
            swept.docket.reach(guarantee, PersistenceModel::default(), &orders, all);
        }
    }

    /// Runs what an explorer chooses: at least so many runs, and at most so many, until this part of the allotment is
    /// over.
    fn explore(
        &mut self,
        explorer: &mut dyn Explorer,
        runs: &RangeInclusive<usize>,
        part: f64,
        keeps_orders: bool,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        for run in 0..*runs.end() {
            if self.has_enough(swept) || (run >= *runs.start() && self.is_out_of_time(part)) {
                break;
            }
            let performed = self.one(explorer, None, swept, tell)?;
            let goes_on = explorer.learn(&performed.run);
            if keeps_orders && preemptions(&performed.run) <= KILL_PREEMPTIONS_MAX {
                self.orders.push((performed.run, performed.bytes));
            }
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    fn is_out_of_time(&mut self, part: f64) -> bool {
        self.allotment.as_mut().is_some_and(|allotment| allotment.has_run_out(part))
    }

    /// Tries no other order than one actor after the other.
    fn give_up(&mut self, swept: &mut Swept) {
        self.past_limit = PAST_LIMIT_MAX;
        self.doubt(swept);
        self.reach(swept, &self.scenario.judges, "one order of their operations", false);
    }

    /// Finding nothing says nothing any more.
    fn doubt(&self, swept: &mut Swept) {
        for &guarantee in &self.scenario.judges {
            swept.docket.doubt(guarantee, GIVEN_UP);
        }
    }

    fn is_given_up(&self) -> bool {
        self.past_limit >= PAST_LIMIT_MAX
    }

    /// Whether the search is given up, or one counterexample to each guarantee is all that is wanted, and is there.
    fn has_enough(&self, swept: &Swept) -> bool {
        let model = PersistenceModel::default();
        let mut judged = self.scenario.judges.iter();
        let first_only = self.sweep.first_only;
        self.is_given_up()
            || self.starts_over
            || first_only && judged.all(|guarantee| swept.docket.case(*guarantee, model).is_some())
    }

    /// One run, judged.
    fn one(
        &mut self,
        explorer: &mut dyn Explorer,
        kill: Option<Kill>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<Performed, TrialError> {
        if (self.sweep.is_over)() {
            return Err(TrialError::Interrupted);
        }
        let performed = self.rig.run(explorer, kill, false)?;
        self.starts_over |= self.rig.has_missed_closes()?;
        // Where it was not seen when locks were given up, who waited for what is not known either.
        if performed.run.abandoned || self.starts_over {
            return Ok(performed);
        }
        tell(&News::Trial);
        self.past_limit += usize::from(performed.record.trace.has(Circumstance::PastLimit));
        self.made_way |= performed.record.trace.has(Circumstance::MadeWay);
        let record = &performed.record;
        let evidence = &record.evidence;
        swept.totals.trials += 1;
        swept.totals.schedules += 1;
        swept.totals.kills += usize::from(evidence.strike.is_kill());
        for blind_spot in &record.trace.blind_spots {
            for &guarantee in &self.scenario.judges {
                if guarantee.category() == Category::Concurrency {
                    swept.docket.doubt(guarantee, blind_spot);
                }
            }
        }
        if kill.is_none() && self.scenario.faults.contains(&FaultKind::KillOne) {
            self.disturbed |= is_disturbed(&performed);
        }
        let (mut ruling, doubts) = rule_or_doubt(evidence);
        for (guarantee, doubt) in doubts {
            swept.docket.doubt(guarantee, &doubt);
        }
        if record.trace.has(Circumstance::WaitedByClock) {
            for (guarantee, finding) in &ruling {
                if finding.is_some() {
                    swept.docket.doubt(*guarantee, WAITED_BY_CLOCK);
                }
            }
            ruling.retain(|(_, finding)| finding.is_none());
        }
        let kind = evidence.strike.kind();
        let model = evidence.strike.model();
        if swept.docket.count(&ruling, model, kind, self.scenario)
            && swept.docket.wants(&ruling, evidence)
        {
            let refuted = ruling.iter().filter(|(_, finding)| finding.is_some());
            let refuted: Vec<Guarantee> = refuted.map(|(guarantee, _)| *guarantee).collect();
            if let Strike::Schedule(interleaving) = &evidence.strike {
                self.suspects.push((refuted, interleaving.schedule.clone()));
                self.confirm(swept, tell)?;
            }
        }
        Ok(performed)
    }

    /// Kills one actor, at every place in orders with few preemptions, or at as many as the profile allows, which
    /// chance picks: those that are near each other show much the same.
    fn kill_one(
        &mut self,
        effort: Effort,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<String, TrialError> {
        let all = kills(&std::mem::take(&mut self.orders), self.scenario.actors.len());
        let many = all.len();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.sweep.seed);
        let mut chosen = all.into_iter().enumerate().sample(&mut random, effort.orders.kills);
        chosen.sort_unstable_by_key(|(index, _)| *index);
        let mut made = 0;
        for (_, (beginning, kill)) in chosen {
            if self.has_enough(swept)
                || (made >= effort.orders_min.kills && self.is_out_of_time(1.0))
            {
                break;
            }
            made += 1;
            let mut replay = Replay::new(&Schedule::of_steps(beginning));
            self.one(&mut replay, Some(kill), swept, tell)?;
        }
        let orders = format!("in orders with at most {KILL_PREEMPTIONS_MAX} preemption");
        Ok(if made < many {
            format!("{} of {} {orders}", text::thousands(made), text::count(many, "kill"))
        } else {
            format!("a kill at every call and inside every write {orders}")
        })
    }

    /// Runs what seemed to refute something again, with processes that have seen nothing before.
    fn confirm(
        &mut self,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        for (guarantees, schedule) in std::mem::take(&mut self.suspects) {
            self.rig.renew()?;
            let (again, _) = replay(&mut self.rig, &schedule)?;
            let record = &again.record;
            let ruling = rule(&record.evidence);
            let losses = crate::judge::Losses::default();
            let kept = swept.docket.keep(
                &ruling,
                &record.evidence,
                &record.trace,
                &record.recovery,
                &losses,
            );
            for guarantee in guarantees {
                if !kept.contains(&guarantee) {
                    swept.docket.doubt(guarantee, NOT_REPEATED);
                }
            }
            for guarantee in kept {
                if let Some(case) = swept.docket.case(guarantee, record.evidence.strike.model()) {
                    tell(&News::Refuted(case));
                }
            }
        }
        Ok(())
    }
}

/// Runs a schedule with its kill, if it has one; also whether its steps and the kill were made as it says.
pub(super) fn replay(
    rig: &mut Rig<'_>,
    schedule: &Schedule,
) -> Result<(Performed, bool), TrialError> {
    let mut made = 0;
    let mut kill = None;
    for turn in &schedule.turns {
        made += turn.steps;
        if turn.killed {
            kill = Some(Kill { victim: turn.actor, steps: made, keep: turn.keep });
        }
    }
    let mut replay = Replay::new(schedule);
    let performed = rig.run(&mut replay, kill, true)?;
    replay.learn(&performed.run);
    let was_killed = performed.record.trace.killed_at.is_some();
    let was_followed = replay.was_followed() && was_killed == kill.is_some();
    Ok((performed, was_followed))
}

fn asks_to_recover(scenario: &Scenario) -> bool {
    let mut operations = scenario.actors.iter().flat_map(|actor| &actor.operations);
    operations.any(|invocation| *invocation == Invocation::Recover)
}

/// Whether anything is wrong although nobody was killed.
fn is_disturbed(performed: &Performed) -> bool {
    let trial = Trial::new(&performed.record.evidence);
    let mut others = Guarantee::ALL.iter().filter(|guarantee| {
        guarantee.category() == Category::Concurrency && **guarantee != Guarantee::CrashIsolated
    });
    others.any(|&guarantee| !check::checker(guarantee).check(&trial).findings.is_empty())
}

/// How often an actor had to make place although it could have gone on.
fn preemptions(run: &Run) -> usize {
    let pairs = run.steps.windows(2);
    pairs
        .filter(|pair| pair[0].actor != pair[1].actor && pair[1].enabled.contains(&pair[0].actor))
        .count()
}

/// One actor after the other.
pub(super) struct InOrder(Vec<Actor>);

impl InOrder {
    /// Forwards and backwards.
    pub(super) fn both_ways(actors: usize) -> [Self; 2] {
        [Self((0..actors).collect()), Self((0..actors).rev().collect())]
    }
}

impl Explorer for InOrder {
    fn choose(&mut self, decision: &crate::schedule::Decision<'_>) -> Option<Actor> {
        self.0.iter().copied().find(|actor| decision.enabled.contains(actor))
    }

    fn learn(&mut self, _: &Run) -> bool {
        false
    }

    fn is_complete(&self) -> bool {
        false
    }

    fn bound(&self) -> String {
        "one order of their operations".to_owned()
    }
}

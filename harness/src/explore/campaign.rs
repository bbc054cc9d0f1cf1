//! The campaign: every scenario and the generated workloads, spread over threads, to one certificate.
//!
//! Each thread has its own processes, tracer and processor. Results are put together in the order of the
//! scenarios, so that how the threads took turns cannot be seen in them.

mod cases;
mod introduce;
mod share;

pub use cases::told;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crashworthy::{Claims, Guarantee};

use super::{
    allotment::Allotment,
    arena::Scratch,
    generate,
    profile::{Effort, Profile},
    soak,
    sweep::{News, Sweep, Swept, Workplace},
    trial::TrialError,
};
use crate::{
    judge::{
        Case, Certificate, Docket, Frame, Shard, SoFar, SoakTotals, SubjectIdentity, certificate,
        deciding,
    },
    report::{Progress, Reporter},
    scenario::{Partition, Scenario},
    subject::{Launcher, Limits, Subject, protocol::RECOVER, watchdog},
    trace::pin,
};

/// What to certify, and how.
pub struct Campaign {
    /// The backend under test.
    pub subject: Subject,
    /// What it documents; `None` reads it strictly.
    pub claims: Option<Claims>,
    /// In the order in which they are run.
    pub scenarios: Vec<Arc<Scenario>>,
    /// How thorough.
    pub profile: Profile,
    /// Whether workloads are generated besides, and clients run free at the end, where the profile has that.
    pub generate: bool,
    /// Whether counterexamples are made ready for people: reduced until nothing can be left out, and seen once more,
    /// moment by moment.
    pub shrink: bool,
    /// Everything random derives from it.
    pub seed: u64,
    /// How many threads; at least one.
    pub jobs: usize,
    /// What a subject may use.
    pub limits: Limits,
    /// No further trial starts after this long.
    pub time_budget: Option<Duration>,
    /// Judge these guarantees only; `None` judges all.
    pub only: Option<Vec<Guarantee>>,
    /// Which part of the work to do, where others do the rest.
    pub partition: Option<Partition>,
}

/// What a campaign gives.
pub struct Outcome {
    /// The verdicts.
    pub certificate: Certificate,
    /// The smallest case against every refuted guarantee.
    pub cases: Vec<Case>,
    /// What shrank out of generated workloads that refuted something: scenarios to keep.
    pub regressions: Vec<Scenario>,
    /// What a merge needs, where this is a part of a run.
    pub shard: Option<Shard>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The harness failed before anything could be judged.
    #[error("the harness failed: {0}")]
    Harness(#[from] std::io::Error),
}

/// Why finding nothing says nothing where a scenario was not finished.
const CUT_SHORT: &str = "the run was cut short before all of it was explored";
/// The same where the time budget ended it: more time helps.
const OUT_OF_TIME: &str = "the run was cut short by its time budget before all of it was explored";

/// Part of a time budget until whose end orders of several actors' calls are tried that need not be: there can be
/// millions.
const ORDERS_UNTIL: f64 = 0.5;
/// Part of a time budget after which no workload is generated any more; the soak has the rest.
const WORKLOADS_UNTIL: f64 = 0.9;

/// How long after the time budget has run out what a soak has begun may take to end.
const SOAK_OVERDUE_MAX: Duration = Duration::from_millis(500);

/// What the threads share.
struct Shared<'a> {
    campaign: &'a Campaign,
    effort: Effort,
    reporter: Mutex<&'a mut dyn Reporter>,
    /// Guarantees whose first refutation was told.
    announced: Mutex<BTreeSet<Guarantee>>,
    /// What would be said if the run ended now. Locked after the reporter, where both are.
    so_far: Mutex<SoFar>,
    started: Instant,
    /// Why the rest need not be run.
    stop: Mutex<Option<TrialError>>,
    stopped: AtomicBool,
    deadline: Option<Instant>,
    /// Until when more orders of several actors' calls are tried than have to be.
    orders_until: Option<Instant>,
    /// From when on no generated workload is begun or gone on with, so that there is time for the soak.
    soaks_from: Option<Instant>,
    next: AtomicUsize,
}

impl Campaign {
    /// Runs it, telling `reporter` as it goes.
    ///
    /// # Errors
    /// None that a subject can cause: those are verdicts.
    pub fn run(&self, reporter: &mut dyn Reporter) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let effort = self.profile.effort(self.subject.is_forked());
        let work = self.work(effort)?;
        let mine: Vec<Arc<Scenario>> =
            work.iter().filter(|scenario| self.owns(scenario)).cloned().collect();
        let generated = mine.iter().filter(|scenario| scenario.is_generated()).count();
        reporter.report(&Progress::Started {
            subject: &self.subject.label,
            seed: self.seed,
            scenarios: mine.len() - generated,
            workloads: generated + usize::from(self.generate && effort.soak.is_some()),
        });
        let shared = Shared {
            campaign: self,
            effort,
            reporter: Mutex::new(reporter),
            announced: Mutex::default(),
            so_far: Mutex::new(SoFar::new(&self.frame_if_cut_short())),
            started,
            stop: Mutex::default(),
            stopped: AtomicBool::new(false),
            deadline: self.time_budget.map(|budget| started + budget),
            orders_until: self.time_budget.map(|budget| started + budget.mul_f64(ORDERS_UNTIL)),
            soaks_from: self
                .time_budget
                .filter(|_| self.generate && effort.soak.is_some())
                .map(|budget| started + budget.mul_f64(WORKLOADS_UNTIL)),
            next: AtomicUsize::new(0),
        };
        shared.tell_so_far(&mut **lock(&shared.reporter));
        let mut subject = self.identity();
        let (mut recovers, mut misspeaks) = (false, None);
        let mut swept = match introduce::introduce(&shared) {
            Ok((hello, misspoken)) => {
                recovers = hello.offers(RECOVER);
                subject.name = hello.name;
                subject.version = hello.version;
                lock(&shared.so_far).greeted(&subject);
                {
                    let mut reporter = lock(&shared.reporter);
                    reporter.report(&Progress::Greeted(&subject));
                    shared.tell_so_far(&mut **reporter);
                }
                misspeaks = misspoken;
                if misspeaks.is_none() { shared.sweep_all(&mine) } else { Swept::default() }
            }
            Err(error) => {
                shared.stop(error);
                Swept::default()
            }
        };
        let stop = shared.stop.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reporter = shared.reporter.into_inner().unwrap_or_else(PoisonError::into_inner);

        swept.totals.wall_seconds = started.elapsed().as_secs_f64();
        // Ctrl-C may come when nothing is left that would stop for it; it was no whole run all the same.
        let (mut unmeasurable, mut broken, mut interrupted) =
            (misspeaks, None, watchdog::is_interrupted());
        match stop {
            Some(error @ TrialError::Subject(_)) => unmeasurable = Some(error.to_string()),
            // A time budget that has run out cuts short too, where a scenario was left undone for it. Generated
            // workloads and soaks are to fill the budget, and the run is whole without the rest of them.
            Some(TrialError::Interrupted) => interrupted |= is_cut_short(&swept.docket),
            Some(error) => broken = Some(error.to_string()),
            None => {}
        }
        let frame = Frame {
            subject,
            claims: self.claims.clone(),
            recovers,
            profile: self.profile.to_string(),
            seed: self.seed,
            interrupted,
            unmeasurable,
            broken,
            only: self.only.clone(),
            partition: self.partition,
            elsewhere: self.elsewhere(&work),
        };
        let certificate = certificate(&frame, &swept.docket, swept.totals);
        let cases = told(frame.claims.as_ref(), frame.only.as_deref(), &swept.docket);
        reporter.report(&Progress::Finished {
            certificate: &certificate,
            cases: &cases.iter().collect::<Vec<_>>(),
        });
        let regressions = generate::regressions(&cases);
        let shard = self.partition.map(|partition| self.shard(partition, &work, frame, swept));
        Ok(Outcome { certificate, cases, regressions, shard })
    }

    /// All that is to be run, here or on another machine: scenarios, then generated workloads.
    fn work(&self, effort: Effort) -> Result<Vec<Arc<Scenario>>, Failure> {
        let mut work = self.selected();
        if self.generate {
            work.extend(generate::workloads(self.seed, effort, self.only.as_deref())?);
        }
        Ok(work)
    }

    fn identity(&self) -> SubjectIdentity {
        let identity =
            SubjectIdentity { command: self.subject.label.clone(), ..SubjectIdentity::default() };
        identity.with(&self.subject.options)
    }

    /// The frame of a run of which nothing more is known than that it began.
    fn frame_if_cut_short(&self) -> Frame {
        Frame {
            subject: self.identity(),
            claims: self.claims.clone(),
            recovers: false,
            profile: self.profile.to_string(),
            seed: self.seed,
            interrupted: true,
            unmeasurable: Some(CUT_SHORT.to_owned()),
            broken: None,
            only: self.only.clone(),
            partition: self.partition,
            elsewhere: BTreeMap::new(),
        }
    }

    /// The scenarios that judge something that is asked for.
    fn selected(&self) -> Vec<Arc<Scenario>> {
        let wanted = |scenario: &Arc<Scenario>| {
            self.only
                .as_ref()
                .is_none_or(|only| scenario.judges.iter().any(|guarantee| only.contains(guarantee)))
        };
        self.scenarios.iter().filter(|scenario| wanted(scenario)).cloned().collect()
    }
}

impl Shared<'_> {
    fn sweep_all(&self, scenarios: &[Arc<Scenario>]) -> Swept {
        let results: Vec<Mutex<Swept>> = scenarios.iter().map(|_| Mutex::default()).collect();
        let processors = pin::processors();
        let jobs = self.campaign.jobs.clamp(1, scenarios.len().max(1));
        thread::scope(|scope| {
            for job in 0..jobs {
                let results = &results;
                let processor =
                    (!processors.is_empty()).then(|| processors[job % processors.len()]);
                scope.spawn(move || {
                    if let Some(processor) = processor {
                        pin::pin_to(processor);
                    }
                    if let Err(error) = self.work(scenarios, results) {
                        self.stop(error);
                    }
                });
            }
        });
        let mut swept = Swept::default();
        for (scenario, result) in scenarios.iter().zip(results) {
            let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            let is_complete = result.is_complete;
            swept.add(result);
            // There are always more workloads that could have been generated: those that were are in the bound.
            if !is_complete && !scenario.is_generated() {
                let in_time = watchdog::is_interrupted() || !self.is_out_of_time();
                let why = if in_time { CUT_SHORT } else { OUT_OF_TIME };
                for &guarantee in &scenario.judges {
                    swept.docket.doubt(guarantee, why);
                }
            }
        }
        if self.campaign.shrink && !self.is_over() {
            self.shrink(&mut swept.docket, &processors);
        }
        if self.campaign.generate
            && let Some(time) = self.effort.soak
            && !self.is_over()
        {
            // A subject that cannot be soaked was told so by the schedules.
            match self.soak(time, &mut swept) {
                Ok(()) | Err(TrialError::Subject(_)) => {}
                Err(error) => self.stop(error),
            }
        }
        if self.campaign.shrink && !self.is_over() {
            self.reenact(&mut swept.docket, &processors);
        }
        swept
    }

    /// What one thread does until nothing is left.
    fn work(
        &self,
        scenarios: &[Arc<Scenario>],
        results: &[Mutex<Swept>],
    ) -> Result<(), TrialError> {
        let mut workplace = self.workplace()?;
        loop {
            let index = self.next.fetch_add(1, Ordering::SeqCst);
            let Some(scenario) = scenarios.get(index) else { return Ok(()) };
            let is_over = || self.is_over() || (scenario.is_generated() && self.is_time_to_soak());
            let mut swept = lock(&results[index]);
            let sweep = Sweep {
                scenario,
                seed: self.campaign.seed,
                effort: self.effort,
                first_only: false,
                allotment: self.allotment(&scenarios[index..]),
                is_over: &is_over,
            };
            let ran = if is_over() {
                Err(TrialError::Interrupted)
            } else {
                sweep.run(&mut workplace, &mut swept, &mut |news| self.tell(scenario, news))
            };
            match ran {
                // Nothing but generated workloads comes after one.
                Err(TrialError::Interrupted) if !self.is_over() => return Ok(()),
                // Doubts are noted; other scenarios may fare better.
                Ok(()) | Err(TrialError::Diverged(_)) => {}
                Err(error @ TrialError::Subject(_)) => {
                    for &guarantee in &scenario.judges {
                        let reason = format!("in scenario {}, {error}", scenario.name);
                        swept.docket.doubt(guarantee, &reason);
                    }
                }
                Err(error) => return Err(error),
            }
            swept.is_complete = true;
        }
    }

    /// Has clients run free for that long, or for what is left of the time budget.
    fn soak(&self, time: Duration, swept: &mut Swept) -> Result<(), TrialError> {
        let mut hunted = soak::hunted(&swept.docket);
        if let Some(only) = &self.campaign.only {
            hunted.retain(|guarantee| only.contains(guarantee));
        }
        let partition = self.campaign.partition.unwrap_or(Partition { shard: 1, of: 1 });
        if partition.of > 1 {
            // What a kill breaks can be told from what breaks anyway only by who knows what all scenarios show.
            hunted.remove(&Guarantee::CrashIsolated);
        }
        if hunted.is_empty() {
            return Ok(());
        }
        let until = self.deadline.unwrap_or_else(|| Instant::now() + time);
        let soak = soak::Soak {
            subject: &self.campaign.subject,
            limits: self.campaign.limits,
            // Each shard has other clients: the same ones again would show little more.
            seed: self.campaign.seed.wrapping_add(u64::from(partition.shard - 1)),
            until,
            gone_by: self.deadline.map(|deadline| deadline + SOAK_OVERDUE_MAX),
            is_over: &|| self.is_over(),
        };
        let mut totals = SoakTotals::default();
        let docket = &mut swept.docket;
        lock(&self.reporter).report(&Progress::Planned { scenario: soak::NAME, trials: 1 });
        let ran = soak.run(&hunted, &soak::SORTS, &mut totals, &mut |found| {
            if let Some(case) = soak::keep(docket, found) {
                self.tell(&case.evidence.scenario, &News::Refuted(case));
            }
        });
        lock(&self.reporter).report(&Progress::Trial);
        if totals.operations > 0 {
            for &guarantee in &hunted {
                swept.docket.soaked(guarantee);
            }
            swept.totals.soak = Some(totals);
        }
        ran
    }

    fn workplace(&self) -> Result<Workplace<'_>, TrialError> {
        let subject = Arc::new(self.campaign.subject.clone());
        Ok(Workplace {
            subject: &self.campaign.subject,
            launcher: Launcher::new(&subject, self.campaign.limits)?,
            for_schedules: None,
            scratch: Scratch::new()?,
        })
    }

    fn is_over(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) || watchdog::is_interrupted() || self.is_out_of_time()
    }

    fn is_out_of_time(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline < Instant::now())
    }

    /// What the first of these, which are still to be begun, may take of the time budget. What has one actor takes
    /// little of it.
    fn allotment(&self, scenarios: &[Arc<Scenario>]) -> Option<Allotment> {
        let several = scenarios.iter().filter(|scenario| scenario.actors.len() > 1).count();
        self.orders_until.map(|until| Allotment::of(until, several, self.campaign.jobs))
    }

    fn is_time_to_soak(&self) -> bool {
        self.soaks_from.is_some_and(|begin| begin < Instant::now())
    }

    fn stop(&self, error: TrialError) {
        let mut stop = lock(&self.stop);
        // The first reason is the reason; an interruption that follows from it is not.
        if stop.is_none() {
            *stop = Some(error);
        }
        self.stopped.store(true, Ordering::SeqCst);
    }

    fn tell(&self, scenario: &Scenario, news: &News<'_>) {
        let mut reporter = lock(&self.reporter);
        match news {
            News::Planned(trials) => {
                reporter.report(&Progress::Planned { scenario: &scenario.name, trials: *trials });
            }
            News::More(trials) => reporter.report(&Progress::More(*trials)),
            News::Trial => {
                lock(&self.so_far).trial();
                reporter.report(&Progress::Trial);
            }
            News::Refuted(case) => {
                let decides = deciding(self.campaign.claims.as_ref(), case.guarantee);
                let only = self.campaign.only.as_deref();
                if decides == case.evidence.strike.model()
                    && only.is_none_or(|only| only.contains(&case.guarantee))
                    && lock(&self.announced).insert(case.guarantee)
                {
                    // Its file is there before it is announced.
                    lock(&self.so_far).refuted(case);
                    self.tell_so_far(&mut **reporter);
                    reporter.report(&Progress::Refuted(case));
                }
            }
        }
    }

    fn tell_so_far(&self, reporter: &mut dyn Reporter) {
        let mut so_far = lock(&self.so_far);
        so_far.after(self.started.elapsed());
        let cases: Vec<&Case> = so_far.cases().iter().collect();
        reporter.report(&Progress::SoFar { certificate: so_far.certificate(), cases: &cases });
    }
}

impl Swept {
    pub(super) fn add(&mut self, other: Self) {
        self.docket.merge(other.docket);
        self.totals.add(&other.totals);
    }
}

/// Whether a scenario was left undone.
pub fn is_cut_short(docket: &Docket) -> bool {
    let mut doubts = Guarantee::ALL.iter().flat_map(|guarantee| docket.doubts(*guarantee));
    doubts.any(|doubt| [CUT_SHORT, OUT_OF_TIME].contains(&doubt))
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Campaigns as these tests run them, and what they ask of the outcome.

use std::{collections::BTreeSet, fmt::Write, sync::Arc, thread};

use crashworthy::Guarantee;
pub(crate) use crashworthy_harness::explore::{Campaign, Outcome};
use crashworthy_harness::{
    explore::Profile,
    judge::{Certificate, GuaranteeResult, Verdict},
    report::{Progress, Reporter},
    scenario::{self, Scenario},
    subject::{Limits, Subject},
};

use crate::place;

/// What takes as long as all other scenarios together, and looks for size, and for how many there are.
const SLOW: [&str; 4] = ["large-value", "list-long", "three-writers", "writer-and-lister"];
/// The seed of every test that does not care.
const SEED: u64 = 7;

/// All built-in scenarios, strictly read, one job.
pub(crate) fn of(subject: Subject) -> Campaign {
    Campaign {
        subject,
        claims: None,
        scenarios: scenario::builtin::all(),
        profile: Profile::Quick,
        generate: false,
        shrink: true,
        seed: SEED,
        jobs: 1,
        limits: Limits::default(),
        time_budget: None,
        only: None,
        partition: None,
    }
}

/// The built-in scenarios but for the slow ones.
pub(crate) fn quick_scenarios() -> Vec<Arc<Scenario>> {
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| !SLOW.contains(&scenario.name.as_str()));
    scenarios
}

/// Runs it on a thread of its own, which campaigns pin. With one job it stays on the processor of its test.
pub(crate) fn run(campaign: &Campaign) -> Outcome {
    let result = thread::scope(|scope| {
        let running = scope.spawn(|| {
            if campaign.jobs > 1 {
                place::everywhere();
            }
            campaign.run(&mut Silent)
        });
        running.join().expect("a campaign does not panic")
    });
    result.expect("a campaign has an outcome")
}

/// The guarantees with this verdict.
pub(crate) fn with_verdict(certificate: &Certificate, verdict: Verdict) -> BTreeSet<Guarantee> {
    certificate.guarantees.iter().filter(|row| row.verdict == verdict).map(|row| row.id).collect()
}

/// The row of one guarantee.
pub(crate) fn row(certificate: &Certificate, guarantee: Guarantee) -> &GuaranteeResult {
    certificate
        .guarantees
        .iter()
        .find(|row| row.id == guarantee)
        .expect("every guarantee has a row")
}

/// Every case, for the message of a failed test: scenario, strike, finding, trace and history.
pub(crate) fn charges(outcome: &Outcome) -> String {
    let mut text = String::new();
    for case in &outcome.cases {
        let evidence = &case.evidence;
        let _ = writeln!(
            text,
            "\n{} in {} under {:?}: {}",
            case.guarantee, evidence.scenario.name, evidence.strike, case.finding.summary
        );
        for event in &case.trace.events {
            let _ = writeln!(text, "    event {} {} {:?}", event.call, event.path, event.to);
        }
        for entry in &evidence.history {
            let _ = writeln!(text, "  {} {} -> {:?}", entry.phase, entry.invocation, entry.outcome);
        }
    }
    text
}

struct Silent;

impl Reporter for Silent {
    fn report(&mut self, _: &Progress<'_>) {}
}

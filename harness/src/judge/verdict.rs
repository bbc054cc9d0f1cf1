//! The verdicts: what a docket means for each guarantee and for all claims together.

use std::{collections::BTreeMap, fmt::Write};

use crashworthy::{Category, Claims, Guarantee, PersistenceModel};
use strum::VariantArray;

use super::{
    CERTIFICATE_SCHEMA, Certificate, Counterexample, Coverage, Docket, GuaranteeResult,
    ModelResult, Rating, SubjectIdentity, Totals, Verdict, docket::Entry,
};
use crate::{
    fault::{FaultKind, WHOLE_BYTES_MAX},
    report::{story, text},
    scenario::{Partition, is_generated},
};

/// What a certificate says besides its verdicts.
#[derive(Debug)]
pub struct Frame {
    /// Who was certified.
    pub subject: SubjectIdentity,
    /// What it documents; `None` reads it strictly: everything counts as claimed.
    pub claims: Option<Claims>,
    /// Whether it offers `recover`.
    pub recovers: bool,
    /// Name of the profile.
    pub profile: String,
    /// Everything random derives from it.
    pub seed: u64,
    /// Whether the user ended the run.
    pub interrupted: bool,
    /// Why nothing could be measured at all.
    pub unmeasurable: Option<String>,
    /// Why the harness itself is the suspect.
    pub broken: Option<String>,
    /// Whether the user asked for some guarantees only; the others are left out.
    pub only: Option<Vec<Guarantee>>,
    /// Which part of the work this is, where others do the rest.
    pub partition: Option<Partition>,
    /// Of the workloads that judge a guarantee, how many are other shards', and how many there are.
    pub elsewhere: BTreeMap<Guarantee, (usize, usize)>,
}

impl Frame {
    fn elsewhere(&self, guarantee: Guarantee) -> (usize, usize) {
        self.elsewhere.get(&guarantee).copied().unwrap_or_default()
    }
}

/// Writes the certificate.
pub fn certificate(frame: &Frame, docket: &Docket, totals: Totals) -> Certificate {
    let guarantees: Vec<GuaranteeResult> = Guarantee::ALL
        .iter()
        .filter(|guarantee| frame.only.as_ref().is_none_or(|only| only.contains(guarantee)))
        .map(|&guarantee| result(frame, docket, guarantee))
        .collect();
    Certificate {
        schema: CERTIFICATE_SCHEMA,
        harness: Some(env!("CARGO_PKG_VERSION").to_owned()),
        subject: frame.subject.clone(),
        profile: frame.profile.clone(),
        seed: frame.seed,
        verdict: rating(frame, &guarantees),
        claims_assumed: frame.claims.is_none(),
        interrupted: frame.interrupted,
        partition: frame.partition,
        guarantees,
        totals,
        measured: None,
    }
}

fn rating(frame: &Frame, guarantees: &[GuaranteeResult]) -> Rating {
    let claimed = |verdict| guarantees.iter().any(|row| row.claimed && row.verdict == verdict);
    if frame.broken.is_some() || claimed(Verdict::HarnessBroken) {
        Rating::HarnessBroken
    } else if claimed(Verdict::Refuted) {
        Rating::Refuted
    // No claim at all is no pass either.
    // Nor is a run that the user ended.
    } else if frame.interrupted
        || claimed(Verdict::NotMeasured)
        || !guarantees.iter().any(|row| row.claimed)
    {
        Rating::Inconclusive
    } else {
        Rating::Certified
    }
}

fn result(frame: &Frame, docket: &Docket, guarantee: Guarantee) -> GuaranteeResult {
    let claim = frame.claims.as_ref().and_then(|claims| claims.get(guarantee));
    let model = deciding(frame.claims.as_ref(), guarantee);
    let entry = docket.entry(guarantee, model);
    let case = entry.and_then(|entry| entry.case.as_ref());
    let (verdict, reason) = if let Some(why) = &frame.broken {
        (Verdict::HarnessBroken, Some(why.clone()))
    } else if case.is_some() {
        (Verdict::Refuted, None)
    } else if let Some(why) = why_not_measured(frame, docket, guarantee, model) {
        (Verdict::NotMeasured, Some(why))
    } else {
        (Verdict::Upheld, None)
    };
    GuaranteeResult {
        id: guarantee,
        category: guarantee.category(),
        claimed: frame.claims.is_none() || claim.is_some(),
        claim: claim.map(str::to_owned),
        verdict,
        trials: entry.map_or(0, |entry| entry.trials),
        bound: entry.map_or_else(String::new, |entry| bound(entry, model)),
        reason,
        counterexample: case.map(|_| Counterexample::path(guarantee)),
        summary: case.map(|case| story::summary(case)),
        models: models(frame, docket, guarantee),
        coverage: Some(Coverage {
            elsewhere: frame.elsewhere(guarantee).0,
            doubts: docket.doubts(guarantee).count() + usize::from(frame.unmeasurable.is_some()),
            ..coverage(entry)
        }),
    }
}

fn coverage(entry: Option<&Entry>) -> Coverage {
    let Some(entry) = entry else { return Coverage::default() };
    let (generated, scenarios): (Vec<String>, Vec<String>) =
        entry.scenarios.iter().cloned().partition(|name| is_generated(name));
    Coverage {
        scenarios,
        generated: generated.len(),
        generated_trials: entry.generated_trials,
        exhaustive: entry.trials > 0 && !entry.left_out,
        timed: entry.timed,
        kinds: entry.kinds.iter().cloned().collect(),
        ..Coverage::default()
    }
}

/// The model under which a guarantee is judged.
pub fn deciding(claims: Option<&Claims>, guarantee: Guarantee) -> PersistenceModel {
    claims.map(|claims| claims.model(guarantee)).unwrap_or_default()
}

/// The verdicts under each model, for guarantees about what a power loss leaves.
fn models(frame: &Frame, docket: &Docket, guarantee: Guarantee) -> Vec<ModelResult> {
    let is_about_power_loss =
        guarantee.category() == Category::PowerLoss || guarantee == Guarantee::FsyncFailureHonest;
    let is_known = PersistenceModel::VARIANTS
        .iter()
        .any(|model| docket.entry(guarantee, *model).is_some_and(|entry| entry.trials > 0));
    if !is_about_power_loss || !is_known {
        return Vec::new();
    }
    let under = |&model: &PersistenceModel| {
        let entry = docket.entry(guarantee, model);
        let case = entry.and_then(|entry| entry.case.as_deref());
        let verdict = if frame.broken.is_some() {
            Verdict::HarnessBroken
        } else if case.is_some() {
            Verdict::Refuted
        } else if why_not_measured(frame, docket, guarantee, model).is_some() {
            Verdict::NotMeasured
        } else {
            Verdict::Upheld
        };
        let crash_states = entry.map_or(0, |entry| entry.trials);
        ModelResult { model, verdict, crash_states, summary: case.map(story::summary) }
    };
    PersistenceModel::VARIANTS.iter().map(under).collect()
}

fn why_not_measured(
    frame: &Frame,
    docket: &Docket,
    guarantee: Guarantee,
    model: PersistenceModel,
) -> Option<String> {
    if let Some(why) = &frame.unmeasurable {
        return Some(why.clone());
    }
    let doubts: Vec<&str> = docket.doubts(guarantee).collect();
    if !doubts.is_empty() {
        return Some(doubts.join("; "));
    }
    let (elsewhere, all) = frame.elsewhere(guarantee);
    if elsewhere > 0 {
        return Some(format!(
            "left to other shards: {elsewhere} of the {} that judge it",
            text::count(all, "workload")
        ));
    }
    match docket.entry(guarantee, model) {
        Some(entry) if entry.trials > 0 => None,
        _ if !frame.recovers
            && matches!(
                guarantee,
                Guarantee::KillOrphansReclaimed | Guarantee::KillRecoveryIdempotent
            ) =>
        {
            Some("the subject does not offer `recover`".into())
        }
        None => Some("no scenario of this run judges it".into()),
        Some(_) if guarantee == Guarantee::FsyncFailureHonest => {
            Some(
                "there was nothing to compare: it makes no sync, or acknowledges no write after one has failed"
                    .into(),
            )
        }
        Some(_) => Some("no trial of this run gave anything to compare".into()),
    }
}

/// Which orders of several actors' calls were tried, in words: what was tried alike of processes and of threads is
/// said once.
fn orders(entry: &Entry) -> String {
    let mut orders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for bound in &entry.bounds {
        let (among, order) = bound.split_once(": ").unwrap_or(("", bound));
        orders.entry(order).or_default().push(among);
    }
    let said = |(order, among): (&str, Vec<&str>)| format!("{order} ({})", among.join(" and "));
    orders.into_iter().map(said).collect::<Vec<_>>().join("; ")
}

/// How far the search went, in words.
fn bound(entry: &Entry, model: PersistenceModel) -> String {
    if entry.trials == 0 {
        return String::new();
    }
    let count = entry.scenarios.len();
    let mut parts = Vec::new();
    let kills = entry.faults.contains(&FaultKind::Kill);
    let torn = entry.faults.contains(&FaultKind::Torn);
    match (kills, torn) {
        (true, true) => {
            parts.push("killed before and after every event and inside writes".to_owned());
        }
        (true, false) => parts.push("killed before and after every event".to_owned()),
        (false, true) => parts.push("killed inside writes".to_owned()),
        (false, false) => {}
    }
    if entry.faults.contains(&FaultKind::NestedKill) {
        let bounds = entry.bounds.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let which = if bounds.is_empty() { "every event of opening and recovery" } else { &bounds };
        parts.push(format!("and again at {which}"));
    }
    if entry.faults.contains(&FaultKind::IoError) {
        parts.push(
            "every call failing with every error that it can give, once and from then on"
                .to_owned(),
        );
    }
    if entry.faults.contains(&FaultKind::ShortWrite) {
        parts.push("every write cut short".to_owned());
    }
    if entry.faults.contains(&FaultKind::DiskFull) {
        parts.push("the disk full within every write".to_owned());
    }
    if entry.faults.contains(&FaultKind::BitRot) {
        parts.push(format!(
            "every byte of stored files up to {WHOLE_BYTES_MAX} bytes flipped, of larger ones the ends, both \
             sides of page boundaries and seeded places; all files zeroed, in whole and in parts, and cut short"
        ));
    }
    if entry.faults.contains(&FaultKind::Pause) {
        parts.push("the writer held before every event".to_owned());
    }
    if entry.faults.contains(&FaultKind::FailedSync) {
        parts
            .push("every sync failing, the operation repeated, and then the power lost".to_owned());
    }
    if entry.faults.contains(&FaultKind::KillThenPowerLoss) {
        parts.push(
            "killed before every event, the operation repeated by another process, and then the power lost"
                .to_owned(),
        );
    }
    if entry.faults.contains(&FaultKind::PowerLoss) {
        parts.push(
            "power lost after every call and every acknowledgement, and again in recovery"
                .to_owned(),
        );
    }
    let several = [FaultKind::Schedules, FaultKind::KillOne];
    if several.iter().any(|fault| entry.faults.contains(fault)) {
        let schedules = text::count(entry.trials, "schedule");
        let orders = orders(entry);
        let colon = if orders.is_empty() { "" } else { ": " };
        parts.push(format!("{schedules} of several actors{colon}{orders}"));
    }
    let power = [FaultKind::PowerLoss, FaultKind::FailedSync, FaultKind::KillThenPowerLoss];
    if power.iter().any(|fault| entry.faults.contains(fault)) {
        let states = text::count(entry.trials, "crash state");
        let bounds = if entry.bounds.is_empty() {
            "all that it allows".to_owned()
        } else {
            entry.bounds.iter().cloned().collect::<Vec<_>>().join("; ")
        };
        parts.push(format!("{states} of the model `{model}`: {bounds}"));
    }
    if parts.is_empty() {
        parts.push("fault-free".to_owned());
    }
    let mut bound = format!("{}, {}", text::count(count, "workload"), parts.join(", "));
    if entry.random_kills > 0 {
        let _ = write!(bound, "; {} kills at random instants", entry.random_kills);
    }
    if entry.soaked {
        bound += "; a soak by clients at full speed, as far as it could be decided";
    }
    bound
}

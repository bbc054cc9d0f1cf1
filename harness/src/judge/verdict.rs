//! The verdicts: what a docket means for each guarantee and for all claims together.

use std::fmt::Write;

use crashworthy::{Category, Claims, Guarantee};

use super::{
    CERTIFICATE_SCHEMA, Certificate, Counterexample, Docket, GuaranteeResult, Rating,
    SubjectIdentity, Totals, Verdict, docket::Entry,
};
use crate::{check, fault::FaultKind, report::story};

/// What a certificate says besides its verdicts.
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
        subject: frame.subject.clone(),
        profile: frame.profile.clone(),
        seed: frame.seed,
        verdict: rating(frame, &guarantees),
        claims_assumed: frame.claims.is_none(),
        interrupted: frame.interrupted,
        guarantees,
        totals,
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
    let entry = docket.entry(guarantee);
    let case = entry.and_then(|entry| entry.case.as_ref());
    let (verdict, reason) = if let Some(why) = &frame.broken {
        (Verdict::HarnessBroken, Some(why.clone()))
    } else if case.is_some() {
        (Verdict::Refuted, None)
    } else if let Some(why) = why_not_measured(frame, entry, guarantee) {
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
        bound: entry.map_or_else(String::new, bound),
        reason,
        counterexample: case.map(|_| Counterexample::path(guarantee)),
        summary: case.map(|case| story::summary(case)),
    }
}

fn why_not_measured(frame: &Frame, entry: Option<&Entry>, guarantee: Guarantee) -> Option<String> {
    if let Some(why) = &frame.unmeasurable {
        return Some(why.clone());
    }
    if check::checker(guarantee).is_none() {
        return Some(match guarantee.category() {
            Category::PowerLoss => "this version does not explore power loss yet".into(),
            Category::Concurrency => "this version does not explore concurrent writers yet".into(),
            Category::IoFault => "this version does not lose power after a failed sync yet".into(),
            Category::Integrity => "this version does not flip stored bytes yet".into(),
            _ => "this version has no checker for it".into(),
        });
    }
    let doubts = entry.map(|entry| entry.doubts.iter().cloned().collect::<Vec<_>>());
    match (entry, doubts) {
        (_, Some(doubts)) if !doubts.is_empty() => Some(doubts.join("; ")),
        (Some(entry), _) if entry.trials > 0 => None,
        _ if !frame.recovers
            && matches!(
                guarantee,
                Guarantee::KillOrphansReclaimed | Guarantee::KillRecoveryIdempotent
            ) =>
        {
            Some("the subject does not offer `recover`".into())
        }
        (None, _) => Some("no scenario of this run judges it".into()),
        (Some(_), _) => Some("no trial of this run gave anything to compare".into()),
    }
}

/// How far the search went, in words.
fn bound(entry: &Entry) -> String {
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
        parts.push("and again at every event of recovery".to_owned());
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
    if entry.faults.contains(&FaultKind::Pause) {
        parts.push("the writer held before every event".to_owned());
    }
    if parts.is_empty() {
        parts.push("fault-free".to_owned());
    }
    let mut bound =
        format!("{count} workload{}, {}", if count == 1 { "" } else { "s" }, parts.join(", "));
    if entry.random_kills > 0 {
        let _ = write!(bound, "; {} kills at random instants", entry.random_kills);
    }
    bound
}

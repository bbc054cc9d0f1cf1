//! The ratchet: what is worse in a certificate than in a baseline, and what is better, each in a sentence.
//!
//! Worse is a verdict further from upheld (also of what is not claimed, and under each persistence model), a claim that
//! was withdrawn, a kind of counterexample that was not there, and evidence that is no longer given: a guarantee or
//! scenario that vanished, a claim without an answer, fewer trials, a bound where there was none. What chance alone
//! decides is not held against a run: kills at random instants, soaks, and the generated workloads of another seed.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crashworthy::Guarantee;
use serde::{Deserialize, Serialize};

use super::{
    Baseline, Certificate, NoBaseline, Verdict, baseline::Known, docket::is_kind_of_generated,
};
use crate::report::text;

/// So many trials may be lost, in percent. Calls that a subject no longer makes are trials that no longer are, and
/// a subject that saves one of ten calls gets no worse by it; a scenario that is lost is told by name anyway.
pub const TRIALS_LOST_PERCENT_MAX: usize = 10;

/// What a certificate is, measured against a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratchet {
    /// One sentence each; the baseline holds where there is none.
    pub worse: Vec<String>,
    /// One sentence each.
    pub better: Vec<String>,
    /// Claims that are refuted as the baseline knows them: for these alone no run fails.
    pub known: Vec<Guarantee>,
    /// What the baseline knows and the run was not asked for: it may be anything now.
    pub left_out: Vec<String>,
    /// Why the certificate makes no baseline, where it makes none.
    #[serde(skip)]
    pub no_baseline: Option<NoBaseline>,
}

/// Measures a certificate. `asked` are the guarantees that the run was asked for, where not for all: it is measured
/// by what is known of those.
pub fn ratchet(
    baseline: &Baseline,
    certificate: &Certificate,
    asked: Option<&[Guarantee]>,
) -> Ratchet {
    let no_baseline = Baseline::of(certificate).err();
    let mut found = Ratchet { no_baseline, ..Ratchet::default() };
    if certificate.interrupted {
        found.worse.push(
            "the run was interrupted, and what it did not get to may be anything: run it to its end".into(),
        );
        return found;
    }
    if certificate.partition.is_some() {
        found.worse.push("this is one shard alone: merge all of them first".into());
        return found;
    }
    let is_asked = |id: &str| asked.is_none_or(|asked| asked.iter().any(|one| one.id() == id));
    found.left_out = baseline.guarantees.keys().filter(|id| !is_asked(id)).cloned().collect();
    let mut lost: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let rows: BTreeMap<&str, (Guarantee, Known)> =
        certificate.guarantees.iter().map(|row| (row.id.id(), (row.id, Known::of(row)))).collect();
    for (id, known) in baseline.guarantees.iter().filter(|(id, _)| is_asked(id)) {
        let Some((guarantee, now)) = rows.get(id.as_str()) else {
            found
                .worse
                .push(format!("{id}: it has vanished; the certificate has no verdict on it"));
            continue;
        };
        let others = found.worse.len();
        verdicts(id, known, now, &mut found);
        claims(id, known, now, &mut found);
        kinds(id, known, now, baseline.seed == certificate.seed, &mut found);
        coverage(id, known, now, baseline.seed == certificate.seed, &mut found);
        if now.claimed && now.verdict == Verdict::Refuted && found.worse.len() == others {
            found.known.push(*guarantee);
        }
        if let (Some(then), Some(now)) = (&known.scenarios, &now.scenarios) {
            for scenario in then.iter().filter(|scenario| !now.contains(scenario)) {
                lost.entry(scenario).or_default().push(id);
            }
        }
    }
    for (scenario, ids) in lost {
        found
            .worse
            .push(format!("scenario {scenario} no longer gives evidence on {}", ids.join(", ")));
    }
    for (id, (_, now)) in rows.iter().filter(|(id, _)| !baseline.guarantees.contains_key(**id)) {
        let verdict = said(now.verdict);
        if now.claimed && now.verdict != Verdict::Upheld {
            found.worse.push(format!(
                "{id}: it is claimed and {verdict}, and the baseline does not know it"
            ));
        } else {
            found.better.push(format!("{id}: the baseline does not know it; it is {verdict}"));
        }
    }
    found
}

/// The higher, the better. Who cannot say what holds has measured nothing.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Refuted => 0,
        Verdict::NotMeasured | Verdict::HarnessBroken => 1,
        Verdict::Upheld => 2,
    }
}

fn said(verdict: Verdict) -> String {
    verdict.to_string().replace('-', " ")
}

fn verdicts(id: &str, known: &Known, now: &Known, found: &mut Ratchet) {
    let mut changes: BTreeMap<(u8, u8), (Verdict, Verdict, Vec<String>)> = BTreeMap::new();
    let mut change = |then: Verdict, now: Verdict, under: Option<String>| {
        if rank(then) != rank(now) {
            let known = changes.entry((rank(then), rank(now)));
            known.or_insert((then, now, Vec::new())).2.extend(under);
        }
    };
    change(known.verdict, now.verdict, None);
    for (model, then) in &known.models {
        let now = now.models.get(model).map_or(Verdict::NotMeasured, |now| now.verdict);
        change(then.verdict, now, Some(model.to_string()));
    }
    for (then, now, under) in changes.into_values() {
        let under = match &under[..] {
            [] => String::new(),
            models => format!(" (under {})", models.join(", ")),
        };
        let sentence = format!("{id}: {} in the baseline, {} now{under}", said(then), said(now));
        match now {
            Verdict::Upheld => found.better.push(sentence),
            _ if rank(now) < rank(then) || known.claimed => found.worse.push(sentence),
            // It was refuted, and now nobody looked: it may be as bad as it was.
            _ => {}
        }
    }
}

fn claims(id: &str, known: &Known, now: &Known, found: &mut Ratchet) {
    match (known.claimed, now.claimed) {
        (true, false) => found.worse.push(format!("{id}: the claim was withdrawn")),
        (false, true) if now.verdict != Verdict::Upheld => {
            found.worse.push(format!("{id}: it is claimed now, and {}", said(now.verdict)));
        }
        (false, true) => found.better.push(format!("{id}: it is claimed now")),
        _ => {}
    }
}

fn kinds(id: &str, known: &Known, now: &Known, same_seed: bool, found: &mut Ratchet) {
    let (Some(then), Some(kinds)) = (&known.kinds, &now.kinds) else { return };
    if known.verdict != Verdict::Refuted || now.verdict != Verdict::Refuted {
        return;
    }
    let is_told = |kind: &&String| same_seed || !is_kind_of_generated(kind);
    for kind in kinds.iter().filter(|kind| !then.contains(kind)).filter(is_told) {
        found.worse.push(format!("{id}: a new kind of counterexample, {kind}"));
    }
    for kind in then.iter().filter(|kind| !kinds.contains(kind)).filter(is_told) {
        found.better.push(format!("{id}: no counterexample of the kind {kind} any more"));
    }
}

fn coverage(id: &str, known: &Known, now: &Known, same_seed: bool, found: &mut Ratchet) {
    let mut count = |noun: &str, of: &str, then: usize, now: usize| {
        let sentence = || {
            let (then, now) = (text::count(then, noun), text::thousands(now));
            format!("{id}: {then}{of} in the baseline, {now} now")
        };
        if now * 100 < then * (100 - TRIALS_LOST_PERCENT_MAX) {
            found.worse.push(sentence());
        } else if now * 100 > then * (100 + TRIALS_LOST_PERCENT_MAX) {
            found.better.push(sentence());
        }
    };
    // A slower machine has fewer in the same time, and has not become worse.
    if !known.timed || !now.timed {
        count("trial", "", known.trials, now.trials);
    }
    for (model, then) in &known.models {
        let states = now.models.get(model).map_or(0, |now| now.crash_states);
        // What decides is in the trials already.
        if (then.crash_states, states) != (known.trials, now.trials) {
            count("crash state", &format!(" of {model}"), then.crash_states, states);
        }
    }
    match (known.exhaustive, now.exhaustive) {
        (Some(true), Some(false)) if now.trials > 0 => {
            found.worse.push(format!("{id}: all was tried in the baseline, and a part of it now"));
        }
        (Some(false), Some(true)) if known.trials > 0 => {
            found.better.push(format!("{id}: all was tried now, and a part of it in the baseline"));
        }
        _ => {}
    }
    if same_seed && known.generated == Some(true) && now.generated == Some(false) {
        found.worse.push(format!("{id}: no generated workload gives evidence on it any more"));
    }
}

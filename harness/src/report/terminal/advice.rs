//! What a run could not do, and the option that helps: said once, before the answer.
//!
//! The reasons are words of the engine; a run of the real command holds that they are recognised.

use crate::judge::{Certificate, Verdict};

/// What to do about each kind of reason, by words of it.
const ADVICE: &[(&str, &str)] = &[
    (
        "did not answer within",
        "a subject that is slow and does not hang gets more time with --operation-timeout",
    ),
    ("it grew past", "a subject that needs the memory gets more with --memory-limit"),
    ("was cut short", "all of it is explored without --time-budget, or with a longer one"),
    (
        "gave no answer to `hello`",
        "start the program by hand and type {\"id\":0,\"op\":\"hello\",\"protocol\":1}: it should answer with one \
         line of JSON on its standard output; `crashworthy init` writes an adapter that does",
    ),
    ("it speaks protocol", "take the adapter of this version: `crashworthy init` writes it"),
    ("there is no option", "correct --options"),
];

/// What helps, each once.
pub(super) fn advice(certificate: &Certificate) -> Vec<&'static str> {
    let open = certificate.guarantees.iter().filter(|row| row.verdict == Verdict::NotMeasured);
    let reasons: Vec<&str> = open.filter_map(|row| row.reason.as_deref()).collect();
    let of_reasons = ADVICE
        .iter()
        .filter(|(words, _)| reasons.iter().any(|reason| reason.contains(words)))
        .map(|(_, advice)| *advice);
    let claims = if certificate.claims_assumed {
        Some("say what it documents with --claims FILE; `crashworthy init` writes one to fill in")
    } else if certificate.guarantees.iter().all(|row| !row.claimed) {
        Some("claim something, in the file of --claims or with other --guarantee options")
    } else {
        None
    };
    of_reasons.chain(claims).collect()
}

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
    ("was cut short before", "run it again to its end"),
    (
        "was cut short by its time budget",
        "all of it is explored without --time-budget, or with a longer one",
    ),
    (
        "gave no answer to `hello`",
        "start the program by hand and type {\"id\":0,\"op\":\"hello\",\"protocol\":1}: it should answer with one \
         line of JSON on its standard output; `crashworthy init` writes an adapter that does",
    ),
    (
        STRAY,
        "standard output is for answers alone: print everything else to standard error, in Python with \
         print(…, file=sys.stderr), in Node with console.error(…)",
    ),
    (
        "its adapter says",
        "the adapter calls the methods of the object that the program gives it: mend them as it says, and run again",
    ),
    ("answered a read with what is not base64", ANSWERS),
    ("answered a list with what is not an array", ANSWERS),
    ("with a value of the wrong type", ANSWERS),
    (REFUSED, AFTER_REFUSAL),
    ("it speaks protocol", "take the adapter of this version: `crashworthy init` writes it"),
    (OPTION, "correct --options"),
];

/// What is no answer.
const STRAY: &str = "a line that is no answer";
/// A refusal, of which it is known why where an option is wrong.
const REFUSED: &str = "it refused `open`";
const OPTION: &str = "there is no option";
const AFTER_REFUSAL: &str = "a new, empty folder is what it is given to open, and it says why it would not: mend that \
                             in the program, or give it what it asks for with --options";
/// For answers of another type than the protocol has.
const ANSWERS: &str = "a file travels as base64 text, a list as an array of names, exists as true or false; \
                       `crashworthy init` writes an adapter that sees to it";

/// What helps, each once.
pub(super) fn advice(certificate: &Certificate) -> Vec<&'static str> {
    let rows = certificate.guarantees.iter();
    let open = rows.clone().filter(|row| row.verdict == Verdict::NotMeasured);
    let reasons: Vec<&str> = open.filter_map(|row| row.reason.as_deref()).collect();
    let refuted = rows.filter(|row| row.verdict == Verdict::Refuted);
    let summaries: Vec<&str> = refuted.filter_map(|row| row.summary.as_deref()).collect();
    let is_reason = |words: &str| reasons.iter().any(|reason| reason.contains(words));
    let of_reasons = ADVICE
        .iter()
        .filter(|(words, _)| match *words {
            REFUSED => is_reason(REFUSED) && !is_reason(OPTION),
            // What is printed in the wrong place only now and then is taken for an answer.
            STRAY => is_reason(STRAY) || summaries.iter().any(|summary| summary.contains(STRAY)),
            words => is_reason(words),
        })
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

#[cfg(test)]
mod tests {
    use crashworthy::fs::Profile;

    use super::*;
    use crate::{judge::Rating, report::fixture};

    #[test]
    fn more_time_helps_where_a_time_budget_ended_the_run() {
        let mut certificate =
            fixture::certificate(Rating::Inconclusive, &fixture::claims(Profile::Hardened), &[]);
        let mut helps = |why: &str| {
            let row = &mut certificate.guarantees[0];
            (row.verdict, row.reason) = (Verdict::NotMeasured, Some(why.to_owned()));
            advice(&certificate).join("\n")
        };
        let said = helps("the run was cut short before all of it was explored");
        assert!(said.contains("again to its end") && !said.contains("--time-budget"), "{said}");
        let said = helps("the run was cut short by its time budget before all of it was explored");
        assert!(said.contains("--time-budget") && !said.contains("again to its end"), "{said}");
    }
}

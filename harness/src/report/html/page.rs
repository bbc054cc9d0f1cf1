//! The page as the template takes it: words, classes and signs, and nothing left to decide.

use std::path::Path;

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use crashworthy::{Category, PersistenceModel};
use sha2::{Digest, Sha256};
use strum::VariantArray;

use super::{
    case::{CaseView, Words},
    costs::CostsView,
};
use crate::{
    judge::{Certificate, Counterexample, GuaranteeResult, Ratchet, SubjectIdentity, Verdict},
    report::{
        shell,
        tally::{self, Answer},
        terminal::{conclusion, rows::title},
        text,
    },
    throughput::Comparison,
};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// A word with the class that colours it and the sign that stands before it.
pub(super) struct Mark {
    word: &'static str,
    class: &'static str,
    glyph: &'static str,
}

impl Mark {
    fn of(verdict: Verdict) -> Self {
        let (word, class, glyph) = match verdict {
            Verdict::Upheld => ("upheld", "upheld", "✓"),
            Verdict::Refuted => ("refuted", "refuted", "✗"),
            Verdict::NotMeasured => ("not measured", "not-measured", "?"),
            Verdict::HarnessBroken => ("harness suspect", "harness-broken", "!"),
        };
        Self { word, class, glyph }
    }

    fn answer(certificate: &Certificate) -> Self {
        let (word, class, glyph) = match Answer::of(certificate) {
            Answer::Certified => ("CERTIFIED", "certified", "✓"),
            Answer::Refuted => ("REFUTED", "refuted", "✗"),
            Answer::OneShard => ("ONE SHARD", "inconclusive", "?"),
            Answer::Inconclusive => ("INCONCLUSIVE", "inconclusive", "?"),
            Answer::Interrupted => ("INTERRUPTED", "inconclusive", "?"),
            Answer::HarnessBroken => ("HARNESS BROKEN", "harness-broken", "!"),
        };
        Self { word, class, glyph }
    }
}

pub(super) struct Group {
    id: Category,
    name: &'static str,
    class: &'static str,
    glyph: &'static str,
    score: String,
    rows: Vec<Row>,
}

pub(super) struct Row {
    id: &'static str,
    anchor: String,
    statement: &'static str,
    claimed: bool,
    claim: Option<Words>,
    word: &'static str,
    class: &'static str,
    glyph: &'static str,
    is_stronger: bool,
    trials: String,
    bound: Words,
    reason: Option<Words>,
    summary: Option<Words>,
    has_case: bool,
}

pub(super) struct ModelRow {
    id: &'static str,
    anchor: String,
    cells: Vec<Option<Cell>>,
}

pub(super) struct Cell {
    word: &'static str,
    class: &'static str,
    glyph: &'static str,
    states: String,
}

/// See the module.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    style: &'static str,
    style_hash: String,
    script: &'static str,
    script_hash: String,
    subject: &'a SubjectIdentity,
    profile: &'a str,
    seed: u64,
    rating: Mark,
    answer: String,
    others: Vec<String>,
    part: Option<Words>,
    interrupted: bool,
    measured: Option<Ratchet>,
    claims_assumed: bool,
    claimed: String,
    groups: Vec<Group>,
    broken: Vec<CaseView>,
    unclaimed: Vec<CaseView>,
    model_names: Vec<String>,
    models: Vec<ModelRow>,
    costs: Option<String>,
    totals: String,
    harness: Option<&'a str>,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        certificate: &'a Certificate,
        cases: &[Counterexample],
        folder: &Path,
        costs: Option<&Comparison>,
    ) -> Self {
        let rows = &certificate.guarantees;
        let view = |row: &GuaranteeResult| {
            let case = cases.iter().find(|case| case.guarantee == row.id)?;
            let path = row.counterexample.as_ref()?;
            Some(CaseView::new(case, row, &shell::word(&folder.join(path))))
        };
        let refuted = |claimed| {
            rows.iter()
                .filter(move |row| row.claimed == claimed && row.verdict == Verdict::Refuted)
                .filter_map(view)
                .collect()
        };
        let has_case = |row: &GuaranteeResult| {
            row.verdict == Verdict::Refuted && cases.iter().any(|case| case.guarantee == row.id)
        };
        let groups = Category::VARIANTS.iter().filter_map(|&category| {
            let of: Vec<_> = rows.iter().filter(|row| row.category == category).collect();
            (!of.is_empty()).then(|| group(category, &of, has_case))
        });
        Self {
            style: STYLE,
            style_hash: hash(STYLE),
            script: SCRIPT,
            script_hash: hash(SCRIPT),
            subject: &certificate.subject,
            profile: &certificate.profile,
            seed: certificate.seed,
            rating: Mark::answer(certificate),
            answer: conclusion::verdict(certificate),
            others: conclusion::others(certificate),
            part: tally::part(certificate).map(Words::new),
            interrupted: certificate.interrupted,
            measured: certificate.measured.clone(),
            claims_assumed: certificate.claims_assumed,
            claimed: claimed(rows.iter().filter(|row| row.claimed).count(), rows.len()),
            groups: groups.collect(),
            broken: refuted(true),
            unclaimed: refuted(false),
            model_names: PersistenceModel::VARIANTS.iter().map(ToString::to_string).collect(),
            models: rows.iter().filter(|row| !row.models.is_empty()).map(models).collect(),
            costs: costs.map(|costs| CostsView::new(costs).html()),
            totals: conclusion::totals(&certificate.totals),
            harness: certificate.harness.as_deref(),
        }
    }

    pub(super) fn html(&self) -> String {
        self.render().expect("writing to a string does not fail")
    }
}

/// How many of the guarantees are claimed, in a sentence.
fn claimed(claims: usize, judged: usize) -> String {
    match (claims, judged) {
        (1, 1) => "The one guarantee is claimed.".to_owned(),
        (0, 1) => "The one guarantee is not claimed.".to_owned(),
        (1, _) => format!("1 of {judged} guarantees is claimed."),
        _ => format!("{claims} of {judged} guarantees are claimed."),
    }
}

/// What a policy calls this text by.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn group(
    category: Category,
    of: &[&GuaranteeResult],
    has_case: impl Fn(&GuaranteeResult) -> bool,
) -> Group {
    let claimed = || of.iter().filter(|row| row.claimed);
    let count = |verdict| claimed().filter(|row| row.verdict == verdict).count();
    let claims = claimed().count();
    // The worst of what is claimed stands for the group.
    let worst = [Verdict::HarnessBroken, Verdict::Refuted, Verdict::NotMeasured, Verdict::Upheld]
        .into_iter()
        .find(|verdict| count(*verdict) > 0);
    let (mark, score) = match worst {
        None => (Mark { word: "", class: "quiet", glyph: "" }, "nothing claimed".to_owned()),
        Some(verdict) => {
            let mark = Mark::of(verdict);
            let score = match claims {
                1 => format!("its one claim {}", mark.word),
                claims => format!("{} of {claims} claims {}", count(verdict), mark.word),
            };
            (mark, score)
        }
    };
    let rows = of.iter().map(|row| {
        let mark = Mark::of(row.verdict);
        let id = row.id.id();
        let has_case = has_case(row);
        Row {
            id,
            anchor: if has_case { format!("case-{id}") } else { format!("row-{id}") },
            statement: row.id.statement(),
            claimed: row.claimed,
            claim: row.claim.clone().map(Words::new),
            word: mark.word,
            class: mark.class,
            glyph: mark.glyph,
            is_stronger: !row.claimed && row.verdict == Verdict::Upheld,
            trials: text::thousands(row.trials),
            bound: Words::new(row.bound.clone()),
            reason: row.reason.clone().map(Words::new),
            summary: row.summary.clone().map(Words::new),
            has_case,
        }
    });
    let rows = rows.collect();
    Group { id: category, name: title(category), class: mark.class, glyph: mark.glyph, score, rows }
}

fn models(row: &GuaranteeResult) -> ModelRow {
    let id = row.id.id();
    let cells = PersistenceModel::VARIANTS.iter().map(|model| {
        let found = row.models.iter().find(|result| result.model == *model)?;
        let Mark { word, class, glyph } = Mark::of(found.verdict);
        let states = text::count(found.crash_states, "crash state");
        Some(Cell { word, class, glyph, states })
    });
    ModelRow { id, anchor: format!("row-{id}"), cells: cells.collect() }
}

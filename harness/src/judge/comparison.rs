//! Two certificates side by side: two backends, or one at two commits. No judgement: what differs is said, and who is
//! better is for the reader to see.

use crashworthy::{Category, Guarantee, PersistenceModel};
use serde::{Deserialize, Serialize};

use super::{Certificate, GuaranteeResult, Rating, SubjectIdentity, Totals, Verdict};

/// The schema of comparisons that this build writes.
pub const COMPARISON_SCHEMA: u32 = 1;

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`COMPARISON_SCHEMA`]
    pub schema: u32,
    /// The one.
    pub a: Side,
    /// The other.
    pub b: Side,
    /// Every guarantee that one of them has a verdict on, in catalogue order.
    pub guarantees: Vec<Line>,
    /// How many of these differ in verdict, claim or the verdict under a model.
    pub differing: usize,
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Where its certificate was read from, as a person named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Who was certified.
    pub subject: SubjectIdentity,
    /// How thoroughly.
    pub profile: String,
    /// Everything random derives from it.
    pub seed: u64,
    /// The overall answer.
    pub verdict: Rating,
    /// Whether the run was cut short.
    pub interrupted: bool,
    /// Whether it is of one shard alone.
    pub shard: bool,
    /// How much was done.
    pub totals: Totals,
}

/// One guarantee on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which.
    pub id: Guarantee,
    /// Its group.
    pub category: Category,
    /// What the one found; null where its certificate has no such row.
    pub a: Option<Finding>,
    /// What the other found.
    pub b: Option<Finding>,
    /// Whether they differ in verdict, claim or the verdict under a model. Figures may differ besides.
    pub differs: bool,
    /// The persistence models under which the verdicts differ.
    pub models: Vec<PersistenceModel>,
}

/// What one side found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it is documented.
    pub claimed: bool,
    /// What was found.
    pub verdict: Verdict,
    /// How many trials compared something.
    pub trials: usize,
    /// What was seen, where it is refuted.
    pub summary: Option<String>,
}

/// Lays two certificates side by side.
pub fn compare(a: &Certificate, b: &Certificate) -> Comparison {
    let row = |of: &Certificate, id| of.guarantees.iter().find(|row| row.id == id).cloned();
    let line = |&id: &Guarantee| {
        let (a, b) = (row(a, id), row(b, id));
        if a.is_none() && b.is_none() {
            return None;
        }
        let models = differing_models(a.as_ref(), b.as_ref());
        let seen = |row: Option<GuaranteeResult>| {
            row.map(|row| Finding {
                claimed: row.claimed,
                verdict: row.verdict,
                trials: row.trials,
                summary: row.summary,
            })
        };
        let (a, b) = (seen(a), seen(b));
        let said = |of: &Option<Finding>| of.as_ref().map(|of| (of.claimed, of.verdict));
        let differs = said(&a) != said(&b) || !models.is_empty();
        Some(Line { id, category: id.category(), a, b, differs, models })
    };
    let guarantees: Vec<Line> = Guarantee::ALL.iter().filter_map(line).collect();
    let differing = guarantees.iter().filter(|line| line.differs).count();
    Comparison { schema: COMPARISON_SCHEMA, a: side(a), b: side(b), guarantees, differing }
}

fn differing_models(
    a: Option<&GuaranteeResult>,
    b: Option<&GuaranteeResult>,
) -> Vec<PersistenceModel> {
    let (Some(a), Some(b)) = (a, b) else { return Vec::new() };
    let under = |row: &GuaranteeResult, model| {
        row.models.iter().find(|under| under.model == model).map(|under| under.verdict)
    };
    // Where one side has no verdict by model at all, its row says why.
    let both = a.models.iter().map(|of| of.model).filter(|model| under(b, *model).is_some());
    both.filter(|model| under(a, *model) != under(b, *model)).collect()
}

fn side(of: &Certificate) -> Side {
    Side {
        file: None,
        subject: of.subject.clone(),
        profile: of.profile.clone(),
        seed: of.seed,
        verdict: of.verdict,
        interrupted: of.interrupted,
        shard: of.partition.is_some(),
        totals: of.totals,
    }
}

impl Comparison {
    /// The same with where the certificates were read from.
    #[must_use]
    pub fn of_files(mut self, a: String, b: String) -> Self {
        (self.a.file, self.b.file) = (Some(a), Some(b));
        self
    }

    /// Where the two were read from, if nothing else tells one from the other: who was certified is the same.
    pub fn files(&self) -> [Option<&str>; 2] {
        let is_same = self.a.subject == self.b.subject;
        [&self.a, &self.b].map(|side| side.file.as_deref().filter(|_| is_same))
    }

    /// Why figures, or more, may differ although the subjects do not; one sentence each.
    pub fn reservations(&self) -> Vec<String> {
        let (a, b) = (&self.a, &self.b);
        let mut said = Vec::new();
        if a.profile != b.profile {
            said.push(format!(
                "A is of profile {} and B of {}: one tried more",
                a.profile, b.profile
            ));
        }
        if a.seed != b.seed {
            said.push(format!("A has the seed {} and B {}: chance was another", a.seed, b.seed));
        }
        for (name, side) in [("A", a), ("B", b)] {
            if side.interrupted {
                said.push(format!(
                    "{name} was interrupted: what it did not get to is not measured"
                ));
            }
            if side.shard {
                said.push(format!(
                    "{name} is one shard alone: what is other shards' is not measured"
                ));
            }
        }
        said
    }
}

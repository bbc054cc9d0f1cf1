//! A shard: what one machine found of a run that several share, and how all of them become one run again.
//!
//! A certificate cannot be merged: what refutes a guarantee on one machine says which of two cases is the smaller one
//! only as long as the cases are there. So a shard keeps its docket. Merged dockets are judged like the docket of one
//! run, by the same function; that they are the same docket is what the tests hold.

use std::collections::BTreeMap;

use crashworthy::{Claims, Guarantee};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Docket, Frame, SoakTotals, SubjectIdentity, Totals};
use crate::{report::text, scenario::Partition};

/// The schema of shard files that this build reads and writes.
pub const SHARD_SCHEMA: u32 = 1;

/// What the shards of one run have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The version of crashworthy: another one may judge otherwise.
    pub version: String,
    /// Who is certified.
    pub subject: SubjectIdentity,
    /// Its program and arguments, or null for a built-in backend.
    pub command: Option<Vec<String>>,
    /// What it is given with every `open`; an object.
    pub options: Value,
    /// What it documents, as a claims file; null reads it strictly.
    pub claims: Option<String>,
    /// Whether it offers `recover`.
    pub recovers: bool,
    /// Whether its processes are forked, which decides how much a profile does.
    pub forked: bool,
    /// Name of the profile.
    pub profile: String,
    /// Everything random derives from it.
    pub seed: u64,
    /// The guarantees that were asked for, where not all were.
    pub only: Option<Vec<Guarantee>>,
    /// A hash of all scenarios and generated workloads.
    pub work: String,
}

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shard {
    /// [`SHARD_SCHEMA`]
    pub schema: u32,
    /// Which part of the work it is.
    pub partition: Partition,
    /// The run that it is a part of.
    pub run: Run,
    /// Whether the user ended it.
    pub interrupted: bool,
    /// Why nothing could be measured at all.
    pub unmeasurable: Option<String>,
    /// Why the harness itself is the suspect.
    pub broken: Option<String>,
    /// What was found.
    pub docket: Docket,
    /// How much was done.
    pub totals: Totals,
}

/// What shards are together.
#[derive(Debug)]
pub struct Merged {
    /// For the certificate.
    pub frame: Frame,
    /// What was found.
    pub docket: Docket,
    /// How much was done.
    pub totals: Totals,
    /// The subject's program and arguments, or nothing for a built-in backend.
    pub command: Option<Vec<String>>,
    /// What it is given with every `open`.
    pub options: Value,
}

/// Why shards are not put together. `at` and the like are where a shard was read from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There are none.
    #[error(
        "there is no shard to merge; name the folders that `crashworthy certify --partition` wrote"
    )]
    None,
    /// They are parts of different runs.
    #[error(
        "{at} and {other} do not belong together: the {what} of the one is {ours}, and of the other {theirs}; merge \
         shards of one run only, which differ in nothing but --partition"
    )]
    Strangers {
        /// One shard.
        at: String,
        /// Another one.
        other: String,
        /// In what they differ.
        what: &'static str,
        /// What the one says.
        ours: String,
        /// What the other says.
        theirs: String,
    },
    /// One part came twice.
    #[error("{at} and {other} are both shard {partition}; give each shard once")]
    Twice {
        /// One shard.
        at: String,
        /// Another one.
        other: String,
        /// What both are.
        partition: Partition,
    },
    /// Parts are missing.
    #[error(
        "{}; run the same command with that --partition, and give its folder, too",
        missing(.0)
    )]
    Missing(Vec<Partition>),
    /// A part was ended before its time.
    #[error(
        "{at} was interrupted, so that nobody knows what it would have found; run the same command with --partition \
         {partition} again"
    )]
    Interrupted {
        /// The shard.
        at: String,
        /// Which it is.
        partition: Partition,
    },
    /// The claims are no claims file.
    #[error("the claims in {at} cannot be read: {why}; run that shard again")]
    Claims {
        /// The shard.
        at: String,
        /// What is wrong.
        why: String,
    },
}

fn missing(parts: &[Partition]) -> String {
    let names: Vec<String> = parts.iter().map(ToString::to_string).collect();
    match &names[..] {
        [one] => format!("shard {one} is missing"),
        _ => format!("shards {} are missing", names.join(", ")),
    }
}

/// Puts the shards of one run together. With each comes where it was read from.
///
/// # Errors
/// Where they are not all the shards of one run, each once and each to its end.
pub fn merge(mut shards: Vec<(String, Shard)>) -> Result<Merged, MergeError> {
    shards.sort_by_key(|(_, shard)| shard.partition);
    let Some((first, shard)) = shards.first() else { return Err(MergeError::None) };
    let of = shard.partition.of;
    for (at, other) in &shards[1..] {
        if let Some((what, ours, theirs)) = difference(shard, other) {
            let (at, other) = (first.clone(), at.clone());
            return Err(MergeError::Strangers { at, other, what, ours, theirs });
        }
    }
    for pair in shards.windows(2) {
        if let [(at, one), (other, another)] = pair
            && one.partition == another.partition
        {
            let (at, other) = (at.clone(), other.clone());
            return Err(MergeError::Twice { at, other, partition: one.partition });
        }
    }
    let is_there = |part: &Partition| shards.iter().any(|(_, shard)| shard.partition == *part);
    let parts = (1..=of).map(|shard| Partition { shard, of });
    let missing: Vec<Partition> = parts.filter(|part| !is_there(part)).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing(missing));
    }
    if let Some((at, shard)) = shards.iter().find(|(_, shard)| shard.interrupted) {
        return Err(MergeError::Interrupted { at: at.clone(), partition: shard.partition });
    }
    // Whoever met the subject knows its name.
    let (at, run) = shards
        .iter()
        .find(|(_, shard)| shard.has_met_subject())
        .map_or((first, &shard.run), |(at, shard)| (at, &shard.run));
    let claims = run.claims.as_deref().map(Claims::from_toml).transpose();
    let claims =
        claims.map_err(|error| MergeError::Claims { at: at.clone(), why: error.to_string() })?;
    let said = |why: fn(&Shard) -> Option<&String>| {
        shards.iter().find_map(|(_, shard)| why(shard)).cloned()
    };
    let frame = Frame {
        subject: run.subject.clone(),
        claims,
        recovers: run.recovers,
        profile: run.profile.clone(),
        seed: run.seed,
        interrupted: false,
        unmeasurable: said(|shard| shard.unmeasurable.as_ref()),
        broken: said(|shard| shard.broken.as_ref()),
        only: run.only.clone(),
        partition: None,
        elsewhere: BTreeMap::new(),
    };
    let (command, options) = (run.command.clone(), run.options.clone());
    let (mut docket, mut totals) = (Docket::default(), Totals::default());
    for (_, shard) in shards {
        docket.merge(shard.docket);
        totals.add(&shard.totals);
        totals.wall_seconds += shard.totals.wall_seconds;
        if let Some(soak) = shard.totals.soak {
            totals.soak.get_or_insert_with(SoakTotals::default).add(&soak);
        }
    }
    Ok(Merged { frame, docket, totals, command, options })
}

/// In what two shards cannot be of one run, and what each says.
fn difference(one: &Shard, other: &Shard) -> Option<(&'static str, String, String)> {
    let met = one.has_met_subject() && other.has_met_subject();
    let (a, b) = (&one.run, &other.run);
    let claims = |run: &Run| match &run.claims {
        Some(claims) => format!("a claims file of {}", text::count(claims.lines().count(), "line")),
        None => "none".to_owned(),
    };
    let only = |run: &Run| match &run.only {
        Some(only) => only.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        None => "all".to_owned(),
    };
    let either = |is_so: bool, yes: &str, no: &str| if is_so { yes } else { no }.to_owned();
    let process = |run: &Run| either(run.forked, "forked", "started by exec");
    let recovery = |run: &Run| either(run.recovers, "offered", "not offered");
    let both = |say: &dyn Fn(&Run) -> String| (say(a), say(b));
    let (of, other_of) = (one.partition.of.to_string(), other.partition.of.to_string());
    let rows = [
        (
            a.subject.command != b.subject.command,
            "subject",
            both(&|run| format!("{:?}", run.subject.command)),
        ),
        (
            met && a.subject.name != b.subject.name,
            "subject",
            both(&|run| format!("{:?}", run.subject.name)),
        ),
        (
            met && a.subject.version != b.subject.version,
            "subject's version",
            both(&|run| format!("{:?}", run.subject.version)),
        ),
        (a.version != b.version, "version of crashworthy", both(&|run| run.version.clone())),
        (of != other_of, "number of shards", (of.clone(), other_of.clone())),
        (a.profile != b.profile, "profile", both(&|run| run.profile.clone())),
        (a.seed != b.seed, "seed", both(&|run| run.seed.to_string())),
        (a.options != b.options, "set of options", both(&|run| run.options.to_string())),
        (a.claims != b.claims, "set of claims", both(&claims)),
        (a.only != b.only, "set of guarantees", both(&only)),
        (a.forked != b.forked, "way to start processes", both(&process)),
        (met && a.recovers != b.recovers, "`recover`", both(&recovery)),
        (a.work != b.work, "set of scenarios", both(&|run| format!("number {}", run.work))),
    ];
    let mut rows = rows.into_iter();
    rows.find(|(differs, ..)| *differs).map(|(_, what, (ours, theirs))| (what, ours, theirs))
}

impl Shard {
    /// Whether the subject said who it is.
    fn has_met_subject(&self) -> bool {
        self.unmeasurable.is_none() && self.broken.is_none() && !self.run.subject.name.is_empty()
    }
}

//! The share of a run that one machine has, where several work on it: what is its own, what is left to others, and
//! what it hands over to be put together.

use std::{collections::BTreeMap, sync::Arc};

use crashworthy::{Claims, Guarantee};

use super::Campaign;
use crate::{
    explore::sweep::Swept,
    judge::{Frame, Run, SHARD_SCHEMA, Shard},
    scenario::{self, Partition, Scenario},
    subject::watchdog,
};

/// Hexadecimal digits of the hash of all work: enough to tell any two apart.
const WORK_DIGITS: usize = 32;

impl Campaign {
    /// Whether this machine runs it.
    pub(super) fn owns(&self, scenario: &Scenario) -> bool {
        self.partition.is_none_or(|partition| partition.owns(&scenario.name))
    }

    /// Of the work that judges a guarantee, how much is other shards', and how much there is.
    pub(super) fn elsewhere(&self, work: &[Arc<Scenario>]) -> BTreeMap<Guarantee, (usize, usize)> {
        let mut elsewhere: BTreeMap<Guarantee, (usize, usize)> = BTreeMap::new();
        for scenario in work {
            for &guarantee in &scenario.judges {
                let (others, all) = elsewhere.entry(guarantee).or_default();
                *others += usize::from(!self.owns(scenario));
                *all += 1;
            }
        }
        elsewhere
    }

    /// What this machine found, for the others' to be added to.
    pub(super) fn shard(
        &self,
        partition: Partition,
        work: &[Arc<Scenario>],
        frame: Frame,
        swept: Swept,
    ) -> Shard {
        let mut hash = blake3::Hasher::new();
        for scenario in work {
            hash.update(scenario::to_toml(scenario).as_bytes());
        }
        Shard {
            schema: SHARD_SCHEMA,
            partition,
            run: Run {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                subject: frame.subject,
                command: self.subject.command_line(),
                options: self.subject.options.clone(),
                claims: frame.claims.as_ref().map(Claims::to_toml),
                recovers: frame.recovers,
                forked: self.subject.is_forked(),
                profile: frame.profile,
                seed: frame.seed,
                only: frame.only,
                work: hash.finalize().to_hex()[..WORK_DIGITS].to_owned(),
            },
            // A time budget that has run out is in the docket, and merges; what was not found by a run that somebody
            // ended is nowhere.
            interrupted: watchdog::is_interrupted(),
            unmeasurable: frame.unmeasurable,
            broken: frame.broken,
            docket: swept.docket,
            totals: swept.totals,
        }
    }
}

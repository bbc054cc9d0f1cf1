//! Profiles: how much effort a run makes beyond what is exhaustive anyway.

use std::time::Duration;

use clap::ValueEnum;
use strum::Display;

/// How thorough a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, ValueEnum)]
#[strum(serialize_all = "kebab-case")]
pub enum Profile {
    /// Every scenario, every event; a few generated workloads. For every commit.
    #[default]
    Quick,
    /// The same with many more generated workloads and random instants.
    Full,
    /// As much as a night allows.
    Nightly,
}

/// The numbers behind a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Generated workloads, each run fault-free and killed at every event.
    pub workloads: u32,
    /// Most operations of one generated workload.
    pub workload_operations_max: usize,
    /// Moments of one workload at which the power fails.
    pub moments: usize,
    /// Up to this many crash states at one moment, all are looked at.
    pub states_per_moment: usize,
    /// Crash states in whose recovery the power fails again, in each scenario.
    pub recoveries: usize,
    /// Kills while a crash state is opened and read, before recovery, in each scenario.
    pub recovery_kills: usize,
    /// Kills at random instants in each scenario that asks for them.
    pub random_kills: u32,
    /// Orders of several actors' calls that are tried in each scenario.
    pub orders: Orders,
    /// As many are tried even where a time budget has no time for them; no fewer than in the quick profile.
    pub orders_min: Orders,
    /// How long clients run free when everything else is done, where they do at all and no time budget says it.
    pub soak: Option<Duration>,
    /// Bytes that chance picks to be flipped in each stored file that is too large to flip them all.
    pub flips: usize,
}

/// How many orders of several actors' calls, in each scenario and with each kind of actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orders {
    /// By each of the explorers that leave nothing out as long as there is time.
    pub systematic: usize,
    /// By each of those that let chance decide, where not all can be tried.
    pub random: usize,
    /// With one of the actors killed.
    pub kills: usize,
}

impl Orders {
    fn of(profile: Profile, forks: bool) -> Self {
        let (systematic, random, kills) = match (profile, forks) {
            (Profile::Quick, false) => (60, 20, 20),
            (Profile::Quick, true) | (Profile::Full, false) => (1_000, 200, 200),
            (Profile::Full, true) | (Profile::Nightly, false) => (20_000, 5_000, 2_000),
            (Profile::Nightly, true) => (500_000, 100_000, 20_000),
        };
        Self { systematic, random, kills }
    }
}

impl Profile {
    /// The numbers, for a subject whose processes are forked or started by exec (some 60 ms each).
    pub fn effort(self, forks: bool) -> Effort {
        let (workloads, random_kills) = match (self, forks) {
            (Self::Quick, false) => (2, 16),
            (Self::Quick, true) | (Self::Full, false) => (16, 64),
            (Self::Full, true) => (128, 512),
            (Self::Nightly, true) => (4096, 8192),
            (Self::Nightly, false) => (256, 512),
        };
        // A reader lives through many of them, so that it costs the same however it was started.
        let flips = match self {
            Self::Quick => 64,
            Self::Full => 512,
            Self::Nightly => 8192,
        };
        let (moments, states_per_moment, recoveries) = match (self, forks) {
            (Self::Quick, false) => (200, 256, 4),
            (Self::Quick, true) | (Self::Full, false) => (400, 1024, 64),
            (Self::Full, true) | (Self::Nightly, false) => (2_000, 4_096, 512),
            (Self::Nightly, true) => (20_000, 4_096, 4_096),
        };
        let recovery_kills = match (self, forks) {
            (Self::Quick, false) => 24,
            (Self::Quick, true) | (Self::Full, false) => 1_024,
            (Self::Full, true) | (Self::Nightly, _) => usize::MAX,
        };
        let soak = match self {
            Self::Quick => None,
            Self::Full => Some(Duration::from_secs(10)),
            Self::Nightly => Some(Duration::from_secs(300)),
        };
        Effort {
            soak,
            orders: Orders::of(self, forks),
            orders_min: Orders::of(Self::Quick, forks),
            workloads,
            workload_operations_max: 6,
            moments,
            states_per_moment,
            recoveries,
            recovery_kills,
            random_kills,
            flips,
        }
    }
}

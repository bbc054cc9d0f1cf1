//! Faults: what may strike a workload, and which trials a trace makes of it.
//!
//! A fault looks at the trace of the fault-free run and lists its strikes. A strike is a small value
//! that says where and how; the trial runner carries it out, and a counterexample file stores it. Bit rot
//! strikes what is stored instead, when the processes are gone.

mod bit_rot;
mod disk_full;
mod interleaving;
mod io_error;
mod kill;
mod pause;
mod power_loss;
mod short_write;
mod torn;

use crashworthy::PersistenceModel;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantArray};

use crate::trace::Trace;

/// The kinds of fault that a scenario may ask for, as spelled in its file.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum FaultKind {
    /// SIGKILL before and after every event and after every acknowledgement.
    Kill,
    /// SIGKILL inside every write: only a prefix of its bytes arrives.
    Torn,
    /// SIGKILL at every event of `recover`, after each kill of the workload.
    NestedKill,
    /// SIGKILL at seeded random instants, not at call boundaries.
    RandomKill,
    /// The writer is held at every event while another process runs `recover`, then goes on.
    Pause,
    /// A call fails, once or from then on, with every error that it can give.
    IoError,
    /// A write takes fewer bytes than it was asked to.
    ShortWrite,
    /// The same, and there is no room for the rest, nor for anything else until the operation has ended.
    DiskFull,
    /// The power fails at every event and after every acknowledgement, and again in recovery.
    PowerLoss,
    /// Every sync of a file fails, the operation is repeated, and then the power fails.
    FailedSync,
    /// SIGKILL between any two events, another process repeats the operation, and then the power fails.
    KillThenPowerLoss,
    /// Bytes of stored files are flipped, zeroed and lost.
    BitRot,
    /// The scenario's actors work at once, in every order of their calls up to a bound.
    Schedules,
    /// The same, and one of them is killed at every one of its calls and inside its writes.
    KillOne,
}

/// On which side of an event a kill strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The call does not happen.
    Before,
    /// The call has happened, and its caller never learns of it.
    After,
}

/// One fault at one place. Events are counted from 0 within the workload (or within `recover`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strike {
    /// Nothing strikes.
    None,
    /// Killed at an event.
    Kill {
        /// Index of the event.
        event: usize,
        /// Before or after it.
        side: Side,
    },
    /// Killed inside a write, when `keep` bytes of it have arrived.
    Torn {
        /// Index of the event.
        event: usize,
        /// Length of the prefix in bytes; less than the write asked for.
        keep: u64,
    },
    /// Killed when the workload's operation with this index (from 0) has been acknowledged.
    KillAfterAck {
        /// Index of the operation.
        operation: usize,
    },
    /// Killed some time after the workload began.
    KillAfterTime {
        /// The delay in microseconds.
        micros: u64,
    },
    /// Held before an event while another process recovers.
    Pause {
        /// Index of the event.
        event: usize,
    },
    /// A call fails.
    Error {
        /// Index of the event.
        event: usize,
        /// With which error.
        errno: Errno,
        /// Whether further calls of that name fail too, until the operation has ended.
        lasting: bool,
    },
    /// A write takes only its first bytes.
    Short {
        /// Index of the event.
        event: usize,
        /// How many bytes it takes; less than it was asked to.
        keep: u64,
    },
    /// A write takes only its first bytes, and further ones fail with `ENOSPC` until the operation has ended.
    DiskFull {
        /// Index of the event.
        event: usize,
        /// How many bytes it takes; less than it was asked to.
        keep: u64,
    },
    /// The power fails.
    PowerLoss(PowerLoss),
    /// A sync fails, and then the power.
    FailedSync(FailedSync),
    /// A process is killed, and then the power fails.
    KilledThenLost(KilledThenLost),
    /// A stored file changes after the workload, when no process is there any more.
    BitRot {
        /// Path of the file below the root.
        path: String,
        /// What happens to it.
        damage: Damage,
    },
    /// The actors' calls are made in this order.
    Schedule(Interleaving),
    /// Clients call at full speed and nobody chooses an order: chance decides what happens.
    Soak {
        /// What each client calls derives from it; when, does not.
        seed: u64,
        /// Whether clients are killed at random instants and started again.
        kills: bool,
    },
    /// A strike on the workload, then a strike on the recovery that follows.
    InRecovery {
        /// What strikes the workload.
        workload: Box<Strike>,
        /// What strikes `recover`.
        recovery: Box<Strike>,
    },
}

/// One kind of fault: the strikes that it makes of a trace.
pub trait Fault: Sync {
    /// Its name in scenario files.
    fn kind(&self) -> FaultKind;

    /// Where it strikes a workload with this fault-free trace, in order.
    fn strikes(&self, trace: &Trace) -> Vec<Strike>;
}

pub use bit_rot::{Damage, WHOLE_BYTES_MAX, damages};
pub use disk_full::DiskFull;
pub(crate) use disk_full::needs_room;
pub use interleaving::{Among, Interleaving};
pub use io_error::{Errno, IoError};
pub use kill::Kill;
pub use pause::Pause;
pub use power_loss::{AfterFailedSync, FailedSync, KilledThenLost, PowerLoss};
pub use short_write::ShortWrite;
pub use torn::Torn;
pub(crate) use torn::prefixes;

impl FaultKind {
    /// Whether every event of a workload costs processes of its own.
    pub fn is_process_per_strike(self) -> bool {
        !matches!(
            self,
            Self::RandomKill
                | Self::PowerLoss
                | Self::FailedSync
                | Self::KillThenPowerLoss
                | Self::Schedules
                | Self::KillOne
        )
    }

    /// Whether it strikes several actors, and never one alone.
    pub fn is_of_several_actors(self) -> bool {
        matches!(self, Self::Schedules | Self::KillOne)
    }

    /// The fault that strikes a workload, for the kinds whose strikes follow from its trace alone.
    pub fn fault(self) -> Option<&'static dyn Fault> {
        match self {
            Self::Kill => Some(&Kill),
            Self::Torn => Some(&Torn),
            Self::Pause => Some(&Pause),
            Self::IoError => Some(&IoError),
            Self::ShortWrite => Some(&ShortWrite),
            Self::DiskFull => Some(&DiskFull),
            Self::NestedKill
            | Self::RandomKill
            | Self::PowerLoss
            | Self::FailedSync
            | Self::KillThenPowerLoss
            | Self::BitRot
            | Self::Schedules
            | Self::KillOne => None,
        }
    }
}

impl Strike {
    /// Whether it kills a process.
    pub fn is_kill(&self) -> bool {
        match self {
            Self::Schedule(interleaving) => return interleaving.schedule.is_killing(),
            Self::Soak { kills, .. } => return *kills,
            _ => {}
        }
        !matches!(self, Self::None | Self::Pause { .. } | Self::BitRot { .. })
            && !self.is_error()
            && self.power_loss().is_none()
    }

    /// The power loss, if it is one.
    pub fn power_loss(&self) -> Option<&PowerLoss> {
        match self {
            Self::PowerLoss(loss)
            | Self::FailedSync(FailedSync { loss, .. })
            | Self::KilledThenLost(KilledThenLost { loss, .. }) => Some(loss),
            _ => None,
        }
    }

    /// The persistence model under which it is judged; the one that decides, where none is at work.
    pub fn model(&self) -> PersistenceModel {
        self.power_loss().map(|loss| loss.model).unwrap_or_default()
    }

    /// Whether it kills inside a write.
    pub fn is_torn(&self) -> bool {
        match self {
            Self::Torn { .. } => true,
            Self::InRecovery { workload, recovery } => workload.is_torn() || recovery.is_torn(),
            _ => false,
        }
    }

    /// Whether it makes a call fail, or do less than it was asked to.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error { .. } | Self::Short { .. } | Self::DiskFull { .. })
    }

    /// Whether two trials under it may differ: a time strikes wherever the subject is by then, and clients that run
    /// free take turns as it happens.
    pub fn is_random(&self) -> bool {
        matches!(self, Self::KillAfterTime { .. } | Self::Soak { .. })
    }

    /// The kinds of fault that explore everything like it. What chance has shown, some schedule of the same operations
    /// may show, too.
    pub fn explored_by(&self) -> Vec<FaultKind> {
        if let Self::Soak { kills, .. } = self {
            let kill_one = kills.then_some(FaultKind::KillOne);
            return [FaultKind::Schedules].into_iter().chain(kill_one).collect();
        }
        match self.kind() {
            Some(FaultKind::NestedKill) => {
                vec![FaultKind::Kill, FaultKind::Torn, FaultKind::NestedKill]
            }
            Some(FaultKind::KillOne) => vec![FaultKind::Schedules, FaultKind::KillOne],
            kind => kind.into_iter().collect(),
        }
    }

    /// The kind of fault that makes such strikes. A soak is made by none: no scenario can ask for it.
    pub fn kind(&self) -> Option<FaultKind> {
        Some(match self {
            Self::None | Self::Soak { .. } => return None,
            Self::Kill { .. } | Self::KillAfterAck { .. } => FaultKind::Kill,
            Self::Torn { .. } => FaultKind::Torn,
            Self::KillAfterTime { .. } => FaultKind::RandomKill,
            Self::Pause { .. } => FaultKind::Pause,
            Self::Error { .. } => FaultKind::IoError,
            Self::Short { .. } => FaultKind::ShortWrite,
            Self::DiskFull { .. } => FaultKind::DiskFull,
            Self::PowerLoss(_) => FaultKind::PowerLoss,
            Self::FailedSync(_) => FaultKind::FailedSync,
            Self::KilledThenLost(_) => FaultKind::KillThenPowerLoss,
            Self::BitRot { .. } => FaultKind::BitRot,
            Self::Schedule(interleaving) if interleaving.schedule.is_killing() => {
                FaultKind::KillOne
            }
            Self::Schedule(_) => FaultKind::Schedules,
            Self::InRecovery { .. } => FaultKind::NestedKill,
        })
    }
}

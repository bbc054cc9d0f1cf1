//! Explorers on toy programs, against what is found without them.

mod depth_first;
mod divergence;
mod dpor;
mod pct;
mod random;
mod reduce;
mod replay;
mod toy;

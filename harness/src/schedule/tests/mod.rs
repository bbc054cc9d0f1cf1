//! Explorers on toy programs, against what is found without them.

mod random;
mod replay;
mod toy;

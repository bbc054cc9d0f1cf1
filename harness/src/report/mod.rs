//! Reports: what a person or a program reads of what the engine found.

pub mod explain;

//! The reference backend, certified as a Rust author certifies one: one line, one test per claim.

use crashworthy::fs::{FsBackend, FsOptions};
use crashworthy_harness::{certify_main, subject::Backend};

certify_main!(
    Backend::new("fs", |root, _options| FsBackend::open(root))
        .recovers()
        .claims(FsBackend::claims(&FsOptions::default()))
);

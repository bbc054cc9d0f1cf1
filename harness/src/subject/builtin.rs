//! The backends that come with the tool.

use crashworthy::{
    MemoryBackend,
    fs::{FsBackend, FsOptions, Profile},
};

use super::Backend;

/// All of them: the reference backend (hardened), the same as the specification documents it, and the
/// in-memory model.
pub fn backends() -> Vec<Backend> {
    let version = env!("CARGO_PKG_VERSION");
    let fs = |name: &str, profile| {
        let options = FsOptions::new().profile(profile);
        Backend::new(name, move |root, _| FsBackend::open_with(root, options))
            .version(version)
            .claims(FsBackend::claims(&options))
    };
    vec![
        fs("fs", Profile::Hardened).recovers(),
        fs("fs:documented", Profile::Documented),
        Backend::new("memory", |_, _| Ok(MemoryBackend::new()))
            .version(version)
            .claims(MemoryBackend::claims()),
    ]
}

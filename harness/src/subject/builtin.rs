//! The backends that come with the tool.

use crashworthy::{
    Error, ErrorKind, MemoryBackend, Operation, Result,
    fs::{Durability, FsBackend, FsOptions, Profile},
};
use serde_json::Value;

use super::Backend;

/// All of them: the reference backend (hardened), the same as the specification documents it, and the
/// in-memory model.
pub fn backends() -> Vec<Backend> {
    let version = env!("CARGO_PKG_VERSION");
    let hardened = FsOptions::new().profile(Profile::Hardened);
    let documented = FsOptions::new().profile(Profile::Documented);
    vec![
        Backend::new("fs", move |root, options| {
            FsBackend::open_with(root, hardened.durability(durability(options)?))
        })
        .version(version)
        .claims(FsBackend::claims(&hardened))
        .recovers(),
        Backend::new("fs:documented", move |root, _| FsBackend::open_with(root, documented))
            .version(version)
            .claims(FsBackend::claims(&documented)),
        Backend::new("memory", |_, _| Ok(MemoryBackend::new()))
            .version(version)
            .claims(MemoryBackend::claims()),
    ]
}

/// The durability that the option of that name asks for, spelled as [`Durability`] displays it.
fn durability(options: &Value) -> Result<Durability> {
    let Some(value) = options.get("durability") else { return Ok(Durability::default()) };
    value.as_str().and_then(|name| name.parse().ok()).ok_or_else(|| {
        let reason = "the option `durability` is \"none\", \"file\" or \"file-and-directory\"";
        Error::new(ErrorKind::Unsupported, Operation::Open, "", reason)
    })
}

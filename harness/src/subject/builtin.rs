//! The backends that come with the tool, and the options that they take.

use std::str::FromStr;

use crashworthy::{
    Error, ErrorKind, MemoryBackend, Operation, Result,
    fs::{Durability, FsBackend, FsOptions, Profile, Verification},
};
use serde_json::Value;
use strum::VariantArray;

use super::Backend;

/// All of them: the reference backend (hardened), the same as the specification documents it, and the
/// in-memory model.
pub fn backends() -> Vec<Backend> {
    let version = env!("CARGO_PKG_VERSION");
    let documented = FsOptions::new().profile(Profile::Documented);
    vec![
        Backend::new("fs", |root, options| FsBackend::open_with(root, hardened(options)?))
            .version(version)
            // Options that nothing opens with give nothing to measure, whatever is claimed.
            .claims_of(|options| FsBackend::claims(&hardened(options).unwrap_or_default()))
            .recovers(),
        Backend::new("fs:documented", move |root, _| FsBackend::open_with(root, documented))
            .version(version)
            .claims(FsBackend::claims(&documented)),
        Backend::new("memory", |_, _| Ok(MemoryBackend::new()))
            .version(version)
            .claims(MemoryBackend::claims()),
    ]
}

/// The options of the reference backend: `durability` and `verification`, spelled as [`Durability`] and
/// [`Verification`] display them.
fn hardened(options: &Value) -> Result<FsOptions> {
    Ok(FsOptions::new()
        .profile(Profile::Hardened)
        .durability(option::<Durability>(options, "durability")?)
        .verification(option::<Verification>(options, "verification")?))
}

/// The option `name`, or its default where it is not given.
fn option<T>(options: &Value, name: &str) -> Result<T>
where
    T: Default + FromStr + ToString + VariantArray,
{
    let Some(value) = options.get(name) else { return Ok(T::default()) };
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        let values: Vec<_> =
            T::VARIANTS.iter().map(|value| format!("{:?}", value.to_string())).collect();
        let reason = format!("the option `{name}` is one of {}", values.join(", "));
        Error::new(ErrorKind::Unsupported, Operation::Open, "", reason)
    })
}

#[cfg(test)]
mod tests {
    use crashworthy::Guarantee;
    use serde_json::json;

    use super::*;

    #[test]
    fn options_are_spelled_as_displayed_and_others_are_refused() {
        for durability in Durability::VARIANTS {
            for verification in Verification::VARIANTS {
                let options = json!({
                    "durability": durability.to_string(),
                    "verification": verification.to_string(),
                });
                let expected = FsOptions::new().durability(*durability).verification(*verification);
                assert_eq!(hardened(&options).unwrap(), expected);
            }
        }
        assert_eq!(hardened(&json!({})).unwrap(), FsOptions::new());
        for wrong in [json!({"verification": "crc"}), json!({"verification": true})] {
            let error = hardened(&wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            let text = error.to_string();
            assert!(text.contains(r#""none", "read-back", "checksum""#), "{text}");
        }
    }

    #[test]
    fn claims_follow_the_options() {
        let claims = |options: Value| backends()[0].claims_with(&options);
        assert!(claims(json!({})).get(Guarantee::BitrotDetected).is_none());
        let checked = claims(json!({"verification": "checksum"}));
        assert!(checked.get(Guarantee::BitrotDetected).is_some());
    }
}

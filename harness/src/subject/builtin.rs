//! The backends that come with the tool, and the options that they take.

use std::str::FromStr;

use crashworthy::{
    Error, ErrorKind, MemoryBackend, Operation, Result,
    fs::{Durability, FsBackend, FsOptions, Profile, Strategy, Verification},
};
use serde_json::Value;
use strum::VariantArray;

use super::Backend;

/// All of them: the reference backend (hardened), the same as the specification documents it, and the
/// in-memory model.
pub fn backends() -> Vec<Backend> {
    let version = env!("CARGO_PKG_VERSION");
    vec![
        Backend::new("fs", |root, options| FsBackend::open_with(root, hardened(options)?))
            .version(version)
            // Options that nothing opens with give nothing to measure, whatever is claimed.
            .claims_of(|options| FsBackend::claims(&hardened(options).unwrap_or_default()))
            .recovers(),
        Backend::new("fs:documented", |root, options| {
            FsBackend::open_with(root, documented(options)?)
        })
        .version(version)
        .claims_of(|options| FsBackend::claims(&documented(options).unwrap_or_default())),
        Backend::new("memory", |_, _| Ok(MemoryBackend::new()))
            .version(version)
            .claims(MemoryBackend::claims()),
    ]
}

/// The options of the reference backend: `durability` and `verification`, spelled as [`Durability`] and
/// [`Verification`] display them.
fn hardened(options: &Value) -> Result<FsOptions> {
    only(options, &["durability", "verification"])?;
    Ok(FsOptions::new()
        .profile(Profile::Hardened)
        .durability(option::<Durability>(options, "durability")?)
        .verification(option::<Verification>(options, "verification")?))
}

/// The option of the reference backend as documented: `strategy`, spelled as [`Strategy`] displays it.
fn documented(options: &Value) -> Result<FsOptions> {
    only(options, &["strategy"])?;
    Ok(FsOptions::new()
        .profile(Profile::Documented)
        .strategy(option::<Strategy>(options, "strategy")?))
}

/// Refuses options that would be passed over: a certificate would be of something else than what was asked for.
fn only(options: &Value, known: &[&str]) -> Result<()> {
    let given = options.as_object().into_iter().flat_map(|options| options.keys());
    match given.map(String::as_str).find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorKind::Unsupported,
            Operation::Open,
            "",
            format!("there is no option {name:?}; expected {}", known.join(" or ")),
        )),
    }
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
        let misspelt = json!({"durabilty": "none"});
        let error = hardened(&misspelt).unwrap_err().to_string();
        assert!(error.contains("expected durability or verification"), "{error}");
        assert!(documented(&misspelt).is_err(), "it would be passed over");
    }

    #[test]
    fn the_strategies_are_options_of_the_documented_backend() {
        for strategy in Strategy::VARIANTS {
            let options = json!({"strategy": strategy.to_string()});
            let expected = FsOptions::new().profile(Profile::Documented).strategy(*strategy);
            assert_eq!(documented(&options).unwrap(), expected);
        }
        let error = documented(&json!({"strategy": "locks"})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(r#""none", "lock-temp""#), "{error}");
    }

    #[test]
    fn claims_follow_the_options() {
        let claims = |options: Value| backends()[0].claims_with(&options);
        assert!(claims(json!({})).get(Guarantee::BitrotDetected).is_none());
        let checked = claims(json!({"verification": "checksum"}));
        assert!(checked.get(Guarantee::BitrotDetected).is_some());
        let documented = |options: Value| backends()[1].claims_with(&options);
        assert!(documented(json!({})).get(Guarantee::NoTornRead).is_none());
        assert!(documented(json!({"strategy": "lock-temp"})).get(Guarantee::NoTornRead).is_some());
    }
}

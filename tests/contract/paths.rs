//! Properties of [`StoragePath`]: what is accepted names one place below the root, spelled one way.

use crashworthy::{InvalidPath, StoragePath};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(?s).{0,40}",
        "[ab./\0]{0,12}",
        prop::collection::vec(
            prop::sample::select(vec!["a", "..", ".", "", "é", " ", "x.tmp"]),
            0..5
        )
        .prop_map(|components| components.join("/")),
    ]
}

proptest! {
    #[test]
    fn an_accepted_path_stays_below_the_root(text in text()) {
        if let Ok(path) = StoragePath::new(text.as_str()) {
            prop_assert_eq!(path.as_str(), text.as_str());
            let mut depth = 0;
            for component in path.components() {
                prop_assert!(!matches!(component, "" | "." | ".."));
                prop_assert!(!component.contains(['/', '\0']) && component.len() <= 255);
                depth += 1;
            }
            // The standard library, which normalizes, sees the same components.
            let std: &std::path::Path = path.as_ref();
            prop_assert!(std.is_relative());
            prop_assert_eq!(std.components().count(), depth);
        }
    }

    #[test]
    fn a_refused_path_has_a_reason(text in text()) {
        if let Err(reason) = StoragePath::new(text.as_str()) {
            let justified = match reason {
                InvalidPath::Empty => text.is_empty(),
                InvalidPath::Absolute(_) => text.starts_with('/'),
                InvalidPath::Parent(_) => text.split('/').any(|c| c == ".."),
                InvalidPath::NotCanonical(_) => text.split('/').any(|c| matches!(c, "" | ".")),
                InvalidPath::Nul(_) => text.contains('\0'),
                InvalidPath::ComponentTooLong { component, bytes } => {
                    component.len() == bytes && bytes > 255
                }
                InvalidPath::TooLong(bytes) => bytes == text.len() && bytes > 4095,
            };
            prop_assert!(justified, "{:?}", text);
        }
    }

    #[test]
    fn parent_and_name_make_the_path(text in text()) {
        if let Ok(path) = StoragePath::new(text.as_str()) {
            let again = match path.parent() {
                Some(parent) => format!("{parent}/{}", path.name()),
                None => path.name().to_owned(),
            };
            prop_assert_eq!(again, text);
        }
    }
}

#[test]
fn limits_are_those_of_the_system() {
    assert!(StoragePath::new("x".repeat(255)).is_ok());
    assert!(matches!(
        StoragePath::new("x".repeat(256)),
        Err(InvalidPath::ComponentTooLong { bytes: 256, .. })
    ));
    let longest = vec!["x"; 2048].join("/");
    assert_eq!(longest.len(), 4095);
    assert!(StoragePath::new(longest.clone()).is_ok());
    assert_eq!(StoragePath::new(longest + "y"), Err(InvalidPath::TooLong(4096)));
}

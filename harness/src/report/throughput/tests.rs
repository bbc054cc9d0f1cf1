//! What a comparison looks like: everything that a cell can say, once.

use serde_json::json;

use super::{fixture::comparison, *};

#[test]
fn people_see_what_is_kept_beside_what_it_costs() {
    insta::assert_snapshot!(render(&comparison(), Format::Human));
}

#[test]
fn markdown_has_the_same_tables() {
    insta::assert_snapshot!(render(&comparison(), Format::Markdown));
}

#[test]
fn memory_and_an_interruption_are_said() {
    let mut comparison = comparison();
    comparison.in_memory = true;
    comparison.interrupted = true;
    let text = render(&comparison, Format::Human);
    assert!(text.contains("WARNING: that is memory"), "{text}");
    assert!(text.contains("INTERRUPTED"), "{text}");
}

#[test]
fn json_comes_back_as_it_was_and_fits_the_schema() {
    let text = render(&comparison(), Format::Json);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        serde_json::from_value::<Comparison>(value.clone()).expect("a comparison"),
        comparison()
    );
    let schema = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/schema/bench-1.json"),
    );
    let schema = serde_json::from_str(&schema.expect("the schema is committed")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // A number where there is none to give is what the schema is there to refuse.
    let mut made_up = value;
    made_up["subjects"][0]["costs"][1]["nanos"] =
        json!({"n": 8, "median": 1.0, "low": 0.5, "high": 2.0});
    assert!(!validator.is_valid(&made_up), "the schema allows a cost that is below the protocol's");
}

//! Whether a file is what its schema says.

use serde_json::Value;

/// `schema` is the text of one below `reports/schema/`.
pub(crate) fn valid(schema: &str, value: &Value) {
    let schema = serde_json::from_str(schema).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = schema.iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

//! What a comparison looks like: everything that a cell can say, once.

use crashworthy::Category;
use serde_json::json;

use super::*;
use crate::{
    judge::SubjectIdentity,
    throughput::{BENCH_SCHEMA, Cell, Cost, Estimate, Standing, Work},
};

fn estimate(median: f64) -> Estimate {
    Estimate { n: 8, median, low: median * 0.9, high: median * 1.25 }
}

fn cost(work: Work, bytes: usize, clients: usize, nanos: f64) -> Cost {
    let measured = if nanos > 0.0 {
        Measured::Cost {
            nanos: estimate(nanos),
            timed_nanos: estimate(nanos + 50_000.0),
            protocol_nanos: estimate(50_000.0),
        }
    } else {
        Measured::BelowProtocol {
            timed_nanos: estimate(51_000.0),
            protocol_nanos: estimate(50_000.0),
        }
    };
    Cost { cell: Cell { work, bytes, clients }, measured }
}

fn comparison() -> Comparison {
    let identity = |name: &str| SubjectIdentity {
        name: name.into(),
        version: "1.0".into(),
        command: name.into(),
    };
    let group = |category, upheld, refuted, not_measured| Standing {
        category,
        upheld,
        refuted,
        not_measured,
    };
    let refusal = Cost {
        cell: Cell { work: Work::Write, bytes: 1 << 20, clients: 4 },
        measured: Measured::NotMeasured {
            reason: "it refused `open`: Conflict: \u{1b}[31mlocked".into(),
        },
    };
    Comparison {
        schema: BENCH_SCHEMA,
        file_system: "ext2/ext3/ext4".into(),
        in_memory: false,
        processors: 2,
        seconds: 10.04,
        interrupted: false,
        subjects: vec![
            SubjectCosts {
                label: "fs".into(),
                subject: identity("fs"),
                options: json!({}),
                certificate: Some("reports/runs/fs/certificate.json".into()),
                standing: vec![
                    group(Category::Interface, 9, 0, 0),
                    group(Category::ProcessKill, 6, 1, 1),
                    group(Category::PowerLoss, 7, 0, 1),
                ],
                costs: vec![
                    cost(Work::Write, 1 << 10, 1, 10_217_829.0),
                    cost(Work::Read, 1 << 10, 1, 0.0),
                    cost(Work::Write, 1 << 20, 4, 23_500_000.0),
                ],
            },
            SubjectCosts {
                label: "python3 my|backend.py".into(),
                subject: identity("mine"),
                options: json!({}),
                certificate: None,
                standing: Vec::new(),
                costs: vec![
                    cost(Work::Write, 1 << 10, 1, 85_000.0),
                    cost(Work::Read, 1 << 10, 1, 5_400.0),
                    refusal,
                ],
            },
        ],
    }
}

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

//! A comparison in which every cell says another thing, for tests of whatever shows it.

use crashworthy::Category;
use serde_json::json;

use crate::{
    judge::SubjectIdentity,
    throughput::{
        BENCH_SCHEMA, Cell, Comparison, Cost, Estimate, Measured, Standing, SubjectCosts, Work,
    },
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
            below_nanos: Some(2_500.0),
            timed_nanos: estimate(51_000.0),
            protocol_nanos: estimate(50_000.0),
        }
    };
    Cost { cell: Cell { work, bytes, clients }, measured }
}

/// Two subjects side by side, of which one is not certified.
pub(in crate::report) fn comparison() -> Comparison {
    let identity = |name: &str| SubjectIdentity {
        name: name.into(),
        version: "1.0".into(),
        command: name.into(),
        ..SubjectIdentity::default()
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
                certified_at: Some("2026-11-27T19:30:00Z".into()),
                changed_since: vec!["target/fs".into()],
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
                certified_at: None,
                changed_since: Vec::new(),
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

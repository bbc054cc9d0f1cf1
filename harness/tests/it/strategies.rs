//! The README's table of what the specification's strategies against concurrent writers keep, and what they cost.
//!
//! The verdicts are those of certificates, made here and compared with the table. The costs are measured only where
//! the table is written anew: `UPDATE_README=1 cargo test -p crashworthy-harness --test it -- strategies`.

use std::{
    env, fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crashworthy::{
    Category, Guarantee, StorageBackend, StoragePath,
    fs::{Durability, FsBackend, FsOptions, Profile, Strategy},
};
use crashworthy_harness::{
    judge::Verdict,
    scenario::{self, Scenario},
    subject::Subject,
};
use serde_json::json;
use strum::VariantArray;

use crate::{
    campaign::{self, Campaign},
    place, program,
};

pub(crate) const TESTS: &[crate::Test] =
    &[("strategies::the_readme_says_what_they_keep", the_readme_says_what_they_keep)];

const BEGIN: &str = "<!-- strategies -->\n";
const END: &str = "<!-- /strategies -->\n";
/// The scenarios of these certificates: the others have many schedules that show nothing else.
const SCENARIOS: &[&str] =
    &["two-terminals", "same-content", "writer-and-reader", "writer-and-lister", "killed-writer"];
/// How long one cost is measured in a round, and how many rounds there are: everybody's turn comes in each of them,
/// so that what else the machine does strikes all alike.
const MEASURED: Duration = Duration::from_millis(200);
const ROUNDS: usize = 9;
/// Writers of a costly race.
const WRITERS: usize = 4;
/// What they write, in bytes.
const VALUE_BYTES: usize = 1024;

/// A row of the table.
struct Row {
    name: &'static str,
    subject: &'static str,
    strategy: Strategy,
    durability: Durability,
}

impl Row {
    fn options(&self) -> FsOptions {
        let profile = if self.subject == "fs" { Profile::Hardened } else { Profile::Documented };
        FsOptions::new().profile(profile).strategy(self.strategy).durability(self.durability)
    }
}

fn rows() -> Vec<Row> {
    let strategies = Strategy::VARIANTS.iter().map(|strategy| Row {
        name: match strategy {
            Strategy::None => "none, as documented",
            Strategy::LockTemp => "`lock-temp`, as recommended",
            Strategy::LockPath => "`lock-path`",
            Strategy::Optimistic => "`optimistic`",
            Strategy::AppendOnly => "`append-only`",
        },
        subject: "fs:documented",
        strategy: *strategy,
        durability: Durability::None,
    });
    let hardened =
        |name, durability| Row { name, subject: "fs", strategy: Strategy::None, durability };
    strategies
        .chain([
            hardened("hardened, without syncs", Durability::None),
            hardened("hardened", Durability::FileAndDirectory),
        ])
        .collect()
}

fn guarantees() -> impl Iterator<Item = Guarantee> {
    Guarantee::ALL.iter().copied().filter(|guarantee| guarantee.category() == Category::Concurrency)
}

fn the_readme_says_what_they_keep() {
    let file = program::source("../README.md");
    let readme = fs::read_to_string(&file).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the table");
    let (table, after) = rest.split_once(END).expect("the table ends");
    let verdicts: Vec<String> = rows().iter().map(verdicts).collect();
    if env::var_os("UPDATE_README").is_some() {
        fs::write(file, format!("{before}{BEGIN}{}{END}{after}", render(&verdicts))).unwrap();
        return;
    }
    for (row, verdicts) in rows().iter().zip(verdicts) {
        let begin = format!("| {} | {verdicts} |", row.name);
        assert!(table.contains(&begin), "the README does not say {begin:?}");
    }
}

/// The cells of the verdicts.
fn verdicts(row: &Row) -> String {
    let mut subject = Subject::of_this_executable(row.subject).unwrap();
    subject.options = match row.subject {
        "fs" => json!({ "durability": row.durability.to_string() }),
        _ => json!({ "strategy": row.strategy.to_string() }),
    };
    let outcome = campaign::run(&Campaign {
        scenarios: scenarios(),
        only: Some(guarantees().collect()),
        shrink: false,
        ..campaign::of(subject)
    });
    let cells: Vec<&str> = guarantees()
        .map(|guarantee| match campaign::row(&outcome.certificate, guarantee).verdict {
            Verdict::Upheld => "✓",
            Verdict::Refuted => "✗",
            Verdict::NotMeasured => "–",
            Verdict::HarnessBroken => panic!("{}", campaign::charges(&outcome)),
        })
        .collect();
    cells.join(" | ")
}

fn scenarios() -> Vec<Arc<Scenario>> {
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| SCENARIOS.contains(&scenario.name.as_str()));
    scenarios
}

fn render(verdicts: &[String]) -> String {
    let names: Vec<String> = guarantees().map(|guarantee| format!("`{guarantee}`")).collect();
    let header = format!("| strategy | {} | 1 writer | {WRITERS} writers |\n", names.join(" | "));
    let rule = format!("{}|\n", "| --- ".repeat(names.len() + 3));
    let rows = rows();
    place::everywhere();
    let rounds: Vec<Vec<[f64; 2]>> = (0..ROUNDS)
        .map(|_| {
            let rates: Vec<_> = rows.iter().map(|row| [1, WRITERS].map(|n| rate(row, n))).collect();
            let unit = rates[0][0];
            rates.into_iter().map(|rates| rates.map(|rate| rate / unit)).collect()
        })
        .collect();
    let line = |(index, (row, verdicts)): (usize, (&Row, &String))| {
        let [alone, together] =
            [0, 1].map(|column| median(rounds.iter().map(|round| round[index][column])));
        format!("| {} | {verdicts} | {alone:.2} | {together:.2} |\n", row.name)
    };
    let lines: String = rows.iter().zip(verdicts).enumerate().map(line).collect();
    header + &rule + &lines
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Acknowledged writes of one path a second, all writers together, each with an instance of its own.
fn rate(row: &Row, writers: usize) -> f64 {
    let root = tempfile::tempdir().unwrap();
    let path = StoragePath::new("blocks/a.bin".to_owned()).unwrap();
    FsBackend::open_with(root.path(), row.options()).unwrap().write_file(&path, b"first").unwrap();
    let started = Instant::now();
    let count = |root: &Path| {
        let backend = FsBackend::open_with(root, row.options()).unwrap();
        let value = vec![b'x'; VALUE_BYTES];
        let mut acknowledged = 0_u32;
        while started.elapsed() < MEASURED {
            acknowledged += u32::from(backend.write_file(&path, &value).is_ok());
        }
        acknowledged
    };
    let acknowledged: u32 = thread::scope(|scope| {
        let writers: Vec<_> = (0..writers).map(|_| scope.spawn(|| count(root.path()))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    f64::from(acknowledged) / started.elapsed().as_secs_f64()
}

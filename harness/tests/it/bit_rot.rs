//! Bit rot: subjects that behave oddly on damaged files, and counterexamples that happen again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use crashworthy::{
    Error, ErrorKind, Guarantee, Result, StorageBackend, StoragePath,
    fs::{Durability, FsBackend, FsOptions, Verification},
};
use crashworthy_harness::{
    explore::{Replayed, replay},
    judge::{GuaranteeResult, Verdict},
    scenario,
    subject::{Backend, Limits, Subject},
};
use serde_json::json;

use crate::campaign::{self, Campaign, Outcome};

/// Length of the large file of the built-in scenario.
const LARGE_BYTES: usize = 20_000;
/// Damages of the built-in scenario in the quick profile are more than these, with any seed.
const DAMAGES_MIN: usize = 300;

pub(crate) const TESTS: &[crate::Test] = &[
    ("bit_rot::a_refutation_happens_again", a_refutation_happens_again),
    ("bit_rot::a_fresh_reader_catches_what_another_remembers", remembered),
    ("bit_rot::damage_that_is_tidied_away_is_stored_again", tidied_away),
    ("bit_rot::damage_that_is_repaired_is_right", repaired),
    ("bit_rot::a_reader_that_dies_is_neither_convicted_nor_acquitted", dead),
    ("bit_rot::a_reader_that_hangs_is_given_up", hung),
    ("bit_rot::a_root_that_is_refused_is_an_error", refused),
];

/// The reference backend with a habit of its own.
struct Odd {
    store: FsBackend,
    root: PathBuf,
    read: Read,
}

type Read = fn(&Odd, &StoragePath) -> Result<Vec<u8>>;

impl StorageBackend for Odd {
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        // For `repaired`, which no path of a scenario meets.
        self.store.write_file(&copy_of(path), data)?;
        self.store.write_file(path, data)
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        (self.read)(self, path)
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        self.store.list_files(directory)
    }

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        self.store.create_directory(path)
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        self.store.exists(path)
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.store.delete_file(path)
    }
}

fn copy_of(path: &StoragePath) -> StoragePath {
    StoragePath::new(format!("copies/{path}")).unwrap()
}

fn checked(root: &Path) -> Result<FsBackend> {
    let options = FsOptions::new().durability(Durability::None);
    FsBackend::open_with(root, options.verification(Verification::Checksum))
}

fn is_damage(error: &Error) -> bool {
    error.kind() == ErrorKind::Corrupt
}

pub(crate) fn backends() -> Vec<Backend> {
    let odd = |name: &str, read: Read| {
        Backend::new(name, move |root, _| {
            Ok(Odd { store: checked(root)?, root: root.to_owned(), read })
        })
    };
    vec![
        odd("odd:remembers", remember),
        odd("odd:tidies", |Odd { store, .. }, path| {
            store.read_file(path).inspect_err(|error| {
                if is_damage(error) {
                    store.delete_file(path).unwrap();
                }
            })
        }),
        odd("odd:repairs", |Odd { store, .. }, path| match store.read_file(path) {
            Err(error) if is_damage(&error) => {
                let right = store.read_file(&copy_of(path))?;
                store.write_file(path, &right)?;
                Ok(right)
            }
            other => other,
        }),
        odd("odd:dies", |Odd { store, .. }, path| {
            store.read_file(path).inspect_err(|error| {
                if is_damage(error) {
                    std::process::exit(7);
                }
            })
        }),
        odd("odd:hangs", |Odd { store, .. }, path| {
            store.read_file(path).inspect_err(|error| {
                while is_damage(error) {
                    thread::sleep(Duration::from_secs(1));
                }
            })
        }),
        Backend::new("odd:refuses", |root, _| {
            let store = checked(root)?;
            for path in
                scenario::builtin::all().iter().find(|s| s.name == "bit-rot").unwrap().paths()
            {
                match store.read_file(&path.parse().unwrap()) {
                    Err(error) if is_damage(&error) => return Err(error),
                    _ => {}
                }
            }
            FsBackend::open_with(root, FsOptions::new().durability(Durability::None))
        }),
    ]
}

/// Not every damage is noticed, and what was read once comes from memory, whatever was opened since.
fn remember(odd: &Odd, path: &StoragePath) -> Result<Vec<u8>> {
    static MEMORY: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(remembered) = memory.get(path.as_str()) {
        return Ok(remembered.clone());
    }
    let data = odd.store.read_file(path).or_else(|error| {
        let is_cut = fs::read(odd.root.join(path)).is_ok_and(|data| data.len() == LARGE_BYTES / 2);
        if is_damage(&error) && is_cut { Ok(b"half".to_vec()) } else { Err(error) }
    })?;
    memory.insert(path.as_str().to_owned(), data.clone());
    Ok(data)
}

fn subject(name: &str) -> Subject {
    Subject::of_this_executable(name).unwrap()
}

fn rotten(subject: Subject) -> Outcome {
    campaign::run(&rot(subject))
}

fn rot(subject: Subject) -> Campaign {
    Campaign { only: Some(vec![Guarantee::BitrotDetected]), ..campaign::of(subject) }
}

fn row(outcome: &Outcome) -> &GuaranteeResult {
    campaign::row(&outcome.certificate, Guarantee::BitrotDetected)
}

#[track_caller]
fn upheld(outcome: &Outcome) {
    let row = row(outcome);
    assert_eq!(row.verdict, Verdict::Upheld, "{:?}\n{}", row.reason, campaign::charges(outcome));
    assert!(row.trials > DAMAGES_MIN, "{}", row.trials);
}

fn a_refutation_happens_again() {
    let outcome = rotten(subject("fs"));
    assert_eq!(row(&outcome).verdict, Verdict::Refuted);
    let summary = row(&outcome).summary.as_ref().unwrap();
    assert!(
        summary.starts_with("byte 0 of `blocks/a.bin` was flipped (0x61 -> 0x60)"),
        "{summary}"
    );
    assert!(outcome.certificate.totals.trials > DAMAGES_MIN);

    let evidence = &outcome.cases[0].evidence;
    let again = |options| {
        let mut subject = subject("fs");
        subject.options = options;
        let scenario = (*evidence.scenario).clone();
        replay(&subject, Limits::default(), scenario, &evidence.strike, Guarantee::BitrotDetected)
    };
    match again(json!({})) {
        Replayed::Reproduced(case) => assert_eq!(case.finding, outcome.cases[0].finding),
        other => panic!("{other:?}"),
    }
    match again(json!({ "verification": "checksum" })) {
        Replayed::NotReproduced => {}
        other => panic!("{other:?}"),
    }
}

fn remembered() {
    let outcome = rotten(subject("odd:remembers"));
    assert_eq!(row(&outcome).verdict, Verdict::Refuted, "{:?}", row(&outcome).reason);
    let summary = row(&outcome).summary.as_ref().unwrap();
    assert!(
        summary.starts_with("`blocks/large.bin` was cut from 20000 bytes to 10000"),
        "{summary}"
    );
}

fn tidied_away() {
    upheld(&rotten(subject("odd:tidies")));
}

fn repaired() {
    upheld(&rotten(subject("odd:repairs")));
}

fn refused() {
    upheld(&rotten(subject("odd:refuses")));
}

fn dead() {
    let outcome = rotten(subject("odd:dies"));
    assert!(outcome.certificate.totals.trials > DAMAGES_MIN, "it goes on");
    unanswered(&outcome);
}

fn hung() {
    let limits = Limits { operation: Duration::from_millis(300), ..Limits::default() };
    let outcome = campaign::run(&Campaign { limits, ..rot(subject("odd:hangs")) });
    assert!(outcome.certificate.totals.trials < 10, "it does not go on");
    unanswered(&outcome);
}

/// Neither convicted nor acquitted.
#[track_caller]
fn unanswered(outcome: &Outcome) {
    let row = row(outcome);
    assert_eq!(row.verdict, Verdict::NotMeasured);
    let reason = row.reason.as_deref();
    assert_eq!(reason, Some("it dies or hangs on damaged files, which is no answer"));
}

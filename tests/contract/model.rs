//! Random operations on both profiles and on the model side by side: same results, same kinds of error.
//!
//! The paths are few, so that they meet, and some are a file in one operation and a directory in the next.

use std::{fs, iter};

use crashworthy::{
    ErrorKind, MemoryBackend, StorageBackend, StoragePath,
    fs::{Durability, FsBackend, FsOptions, Profile, Strategy as Mitigation},
};
use proptest::prelude::*;

use strum::VariantArray;

use crate::{Sandbox, path};

const PATHS: &[&str] =
    &["a", "b", "d/a", "d/b", "d/e/a", "d", "d/e", "a/x", "A", "d/ä", "d/a\u{308}", "d/ .b"];

#[derive(Clone, Debug)]
enum Step {
    Write(&'static str, Vec<u8>),
    Read(&'static str),
    List(&'static str),
    Create(&'static str),
    Exists(&'static str),
    Delete(&'static str),
    Reopen,
}

#[derive(Debug, PartialEq)]
enum Answer {
    Done,
    Data(Vec<u8>),
    Names(Vec<String>),
    Is(bool),
    Failed(ErrorKind),
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(PATHS);
    prop_oneof![
        4 => (name(), prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(p, d)| Step::Write(p, d)),
        2 => name().prop_map(Step::Read),
        2 => name().prop_map(Step::List),
        1 => name().prop_map(Step::Create),
        2 => name().prop_map(Step::Exists),
        2 => name().prop_map(Step::Delete),
        1 => Just(Step::Reopen),
    ]
}

fn apply(store: &dyn StorageBackend, step: &Step) -> Answer {
    let answer = match step {
        Step::Write(p, data) => store.write_file(&path(p), data).map(|()| Answer::Done),
        Step::Read(p) => store.read_file(&path(p)).map(Answer::Data),
        Step::List(p) => store.list_files(&path(p)).map(|mut names| {
            names.sort();
            Answer::Names(names)
        }),
        Step::Create(p) => store.create_directory(&path(p)).map(|()| Answer::Done),
        Step::Exists(p) => store.exists(&path(p)).map(Answer::Is),
        Step::Delete(p) => store.delete_file(&path(p)).map(|()| Answer::Done),
        Step::Reopen => Ok(Answer::Done),
    };
    answer.unwrap_or_else(|error| Answer::Failed(error.kind()))
}

/// All strategies but append-only, which unlinks nothing.
fn unlinks_as_documented(options: FsOptions) -> bool {
    let documented = FsOptions::new().profile(Profile::Documented);
    let mut strategies = Mitigation::VARIANTS.iter().filter(|one| **one != Mitigation::AppendOnly);
    strategies.any(|strategy| options == documented.strategy(*strategy))
}

fn agree(steps: &[Step], options: FsOptions) -> Result<(), TestCaseError> {
    let mut sandbox = Sandbox::with(options);
    let model = MemoryBackend::new();
    for (index, step) in steps.iter().enumerate() {
        if matches!(step, Step::Reopen) {
            sandbox.store = FsBackend::open_with(sandbox.root(), options).unwrap();
        }
        let expected = match step {
            // The specification forgives a missing file, and not a parent that is a file.
            Step::Delete(p)
                if unlinks_as_documented(options)
                    && iter::successors(path(p).parent(), StoragePath::parent)
                        .any(|above| model.read_file(&above).is_ok()) =>
            {
                Answer::Failed(ErrorKind::Io)
            }
            _ => apply(&model, step),
        };
        prop_assert_eq!(apply(&sandbox.store, step), expected, "step {} of {:?}", index, steps);
        prop_assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
        // The specification leaves its temporary file behind when the rename fails; another test holds
        // it to that, and this one goes on without.
        if let Step::Write(p, _) = step {
            let _ = fs::remove_file(sandbox.root().join(format!("{p}.tmp")));
        }
    }
    Ok(())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..30)
}

proptest! {
    #[test]
    fn hardened(steps in steps(), durability in prop::sample::select(vec![
        Durability::None, Durability::File, Durability::FileAndDirectory,
    ])) {
        agree(&steps, FsOptions::new().durability(durability))?;
    }

    #[test]
    fn documented_with_any_strategy(
        steps in steps(),
        strategy in prop::sample::select(Mitigation::VARIANTS),
    ) {
        agree(&steps, FsOptions::new().profile(Profile::Documented).strategy(strategy))?;
    }
}

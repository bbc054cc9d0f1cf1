//! The strategies against concurrent writers: what each does alone, and what it is there for.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use crashworthy::{
    ErrorKind, StorageBackend,
    fs::{FsBackend, FsOptions, Profile, Strategy},
};

use strum::VariantArray;

use crate::{Sandbox, path, tree};

/// Those that differ from the specification's algorithm while a write is under way only.
const SAME_LAYOUT: [Strategy; 4] =
    [Strategy::None, Strategy::LockTemp, Strategy::LockPath, Strategy::Optimistic];

pub(crate) fn options(strategy: Strategy) -> FsOptions {
    FsOptions::new().profile(Profile::Documented).strategy(strategy)
}

#[test]
fn they_are_spelled_in_kebab_case() {
    let texts = ["none", "lock-temp", "lock-path", "optimistic", "append-only"];
    for (strategy, text) in Strategy::VARIANTS.iter().copied().zip(texts) {
        assert_eq!(strategy.to_string(), text);
        assert_eq!(text.parse(), Ok(strategy));
    }
    assert_eq!(Strategy::VARIANTS.len(), texts.len());
    assert_eq!(Strategy::default(), Strategy::None);
}

#[test]
fn instances_that_take_turns_see_each_others_writes_and_deletes() {
    for strategy in Strategy::VARIANTS.iter().copied() {
        let sandbox = Sandbox::with(options(strategy));
        let other = FsBackend::open_with(sandbox.root(), options(strategy)).unwrap();
        let file = path("d/e/file");
        for (round, (one, another)) in [(&sandbox.store, &other), (&other, &sandbox.store)]
            .into_iter()
            .cycle()
            .take(20)
            .enumerate()
        {
            let value = vec![round as u8; 3000 - 100 * round];
            one.write_file(&file, &value).unwrap();
            assert_eq!(another.read_file(&file).unwrap(), value, "{strategy}");
            assert_eq!(another.list_files(&path("d/e")).unwrap(), ["file"], "{strategy}");
            assert!(another.exists(&file).unwrap());
            if round % 3 == 2 {
                another.delete_file(&file).unwrap();
                assert!(!one.exists(&file).unwrap());
                assert_eq!(one.read_file(&file).unwrap_err().kind(), ErrorKind::NotFound);
                assert_eq!(one.list_files(&path("d/e")).unwrap(), Vec::<String>::new());
                one.delete_file(&file).unwrap();
            }
        }
    }
}

/// Half of an earlier write is under the temporary name, longer than the next one.
#[test]
fn what_a_killed_writer_left_does_not_show_in_the_next_value() {
    for strategy in SAME_LAYOUT {
        let sandbox = Sandbox::with(options(strategy));
        sandbox.store.create_directory(&path("d")).unwrap();
        fs::write(sandbox.root().join("d/a.tmp"), "half of a long val").unwrap();
        sandbox.store.write_file(&path("d/a"), b"value").unwrap();
        assert_eq!(sandbox.store.read_file(&path("d/a")).unwrap(), b"value", "{strategy}");
    }
}

#[test]
fn the_published_tree_is_the_same_for_all_that_keep_the_documented_layout() {
    let trees = SAME_LAYOUT.map(|strategy| {
        let sandbox = Sandbox::with(options(strategy));
        let store = &sandbox.store;
        store.write_file(&path("a"), b"1").unwrap();
        store.write_file(&path("d/e/a"), b"2").unwrap();
        store.write_file(&path("d/e/a"), b"3").unwrap();
        store.write_file(&path("d/b"), b"4").unwrap();
        store.delete_file(&path("d/b")).unwrap();
        let root = sandbox.root();
        let below = |(at, content): (std::path::PathBuf, _)| {
            (at.strip_prefix(&root).unwrap().to_owned(), content)
        };
        tree(&root).into_iter().map(below).collect::<Vec<_>>()
    });
    assert!(trees.iter().all(|tree| *tree == trees[0]));
}

/// The flaw that the recommendation is there to be measured for.
#[test]
fn the_recommended_lock_empties_what_was_published_while_it_was_waited_for() {
    let sandbox = Sandbox::with(options(Strategy::LockTemp));
    let (temp, file) = (sandbox.root().join("a.tmp"), sandbox.root().join("a"));
    let first = File::create(&temp).unwrap();
    first.lock().unwrap();
    fs::write(&temp, "a longer value").unwrap();
    let waiters = |inode: u64| {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let waiting = format!(":{inode} ");
        locks.lines().filter(|line| line.contains("->") && line.contains(&waiting)).count()
    };
    thread::scope(|scope| {
        let second = scope.spawn(|| sandbox.store.write_file(&path("a"), b"value"));
        while waiters(first.metadata().unwrap().ino()) == 0 {
            thread::yield_now();
        }
        fs::rename(&temp, &file).unwrap();
        let mut published = File::open(&file).unwrap();
        drop(first);
        assert_eq!(second.join().unwrap().unwrap_err().kind(), ErrorKind::NotFound);
        let mut content = String::new();
        published.read_to_string(&mut content).unwrap();
        assert_eq!(content, "value");
    });
}

#[test]
fn an_optimist_gives_up_where_the_file_keeps_changing() {
    const TRIES_MAX: usize = 10_000;
    let sandbox = Sandbox::with(options(Strategy::Optimistic));
    sandbox.store.write_file(&path("a"), b"old").unwrap();
    let file = sandbox.root().join("a");
    let done = AtomicBool::new(false);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            for second in 1.. {
                let file = File::options().write(true).open(&file).unwrap();
                file.set_modified(UNIX_EPOCH + Duration::from_secs(second)).unwrap();
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        // Long enough for the file to change in each attempt, or else in those of a later write.
        let value = vec![7; 1 << 20];
        let error = (0..TRIES_MAX).find_map(|_| sandbox.store.write_file(&path("a"), &value).err());
        done.store(true, Ordering::Relaxed);
        error
    });
    assert_eq!(error.expect("it keeps changing").kind(), ErrorKind::Conflict);
}

/// A value that shows any tearing: one byte, repeated as often as that byte says.
fn value(seed: u8) -> Vec<u8> {
    vec![seed; usize::from(seed) * 1000]
}

/// Writers with an instance each, and writers that share one, on one path; readers see whole values only.
fn hammer(options: FsOptions) {
    const WRITERS: u8 = 4;
    const ROUNDS: usize = 400;
    let sandbox = Sandbox::with(options);
    let file = path("d/contended");
    sandbox.store.write_file(&file, &value(1)).unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (sandbox, file) = (&sandbox, &file);
            scope.spawn(move || {
                let own = FsBackend::open_with(sandbox.root(), options).unwrap();
                let store = if writer < 2 { &own } else { &sandbox.store };
                for round in 0..ROUNDS {
                    store.write_file(file, &value(1 + writer * 10 + (round % 10) as u8)).unwrap();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let data = sandbox.store.read_file(&file).unwrap();
                    assert!(data == value(data[0]), "torn: {} bytes of {}", data.len(), data[0]);
                }
            });
        }
    });
    let last = sandbox.store.read_file(&file).unwrap();
    assert_eq!(last, value(last[0]));
    assert_eq!(sandbox.store.list_files(&path("d")).unwrap(), ["contended"]);
}

#[test]
fn a_lock_on_what_is_not_renamed_keeps_writers_apart() {
    hammer(options(Strategy::LockPath));
}

#[test]
fn writers_that_never_overwrite_have_no_conflicts() {
    hammer(options(Strategy::AppendOnly));
}

#[test]
fn the_hardened_profile_needs_no_strategy() {
    hammer(FsOptions::new().durability(crashworthy::fs::Durability::None));
}

/// The temporary name of one path is a path of its own, so the lock has to cover both.
#[test]
fn a_lock_covers_the_path_that_the_temporary_name_is() {
    let sandbox = Sandbox::with(options(Strategy::LockPath));
    let store = &sandbox.store;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                store.delete_file(&path("a.tmp")).unwrap();
            }
        });
        let written = (0..500).try_for_each(|_| store.write_file(&path("a"), b"value"));
        done.store(true, Ordering::Relaxed);
        written.unwrap();
    });
}

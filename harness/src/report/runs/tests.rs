//! Folders that are made, led to, kept and removed; several at once.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use super::*;

/// 2026-11-27T19:30:00Z
const BEGIN: u64 = 1_795_807_800;

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(BEGIN + second)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.expect("it can be read").file_name().into_string().expect("UTF-8")
    };
    let mut names: Vec<_> = entries.map(name).filter(|name| name != LOCK).collect();
    names.sort();
    names
}

fn latest(folder: &Path) -> PathBuf {
    fs::read_link(folder.join(LATEST)).expect("it is a link")
}

#[test]
fn runs_are_named_after_when_they_began_and_sort_by_it() {
    let root = tempfile::tempdir().expect("there is room");
    let subject = root.path().join("fs");
    let folders: Vec<_> = [0, 0, 1]
        .map(|second| RunFolder::create(&subject, at(second), 10).expect("it is writable"))
        .into();
    let expected = ["2026-11-27T193000Z", "2026-11-27T193000Z-02", "2026-11-27T193001Z"];
    assert_eq!(names(&subject), [&expected[..], &[LATEST]].concat());
    for (folder, name) in folders.iter().zip(expected) {
        assert_eq!(folder.path(), subject.join(name));
    }
    assert_eq!(latest(&subject), Path::new(expected[2]), "it is relative, and leads to the newest");
    assert!(expected.iter().all(|name| is_run(name)));
    for other in ["latest", "2026-11-27", "2026-11-27T193000Z-2", "2026-11-27T19300éZ", ""] {
        assert!(!is_run(other), "{other}");
    }
}

#[test]
fn the_oldest_are_removed_but_none_that_goes_on_and_nothing_of_others() {
    let root = tempfile::tempdir().expect("there is room");
    let going = RunFolder::create(root.path(), at(0), 3).expect("it is writable");
    for second in 1..=4 {
        let ended = RunFolder::create(root.path(), at(second), 3).expect("it is writable");
        fs::write(ended.path().join("certificate.json"), "{}").expect("there is room");
    }
    // A person's: the name of a run, but not made as one; and a link that leads elsewhere.
    let theirs = root.path().join("2020-01-01T000000Z");
    fs::create_dir(&theirs).expect("there is room");
    fs::write(theirs.join("notes"), "mine").expect("there is room");
    let elsewhere = tempfile::tempdir().expect("there is room");
    fs::write(elsewhere.path().join(LOCK), "").expect("there is room");
    symlink(elsewhere.path(), root.path().join("2020-01-01T000001Z")).expect("there is room");
    // What somebody who was killed left.
    fs::create_dir(root.path().join(".removing-2019-01-01T000000Z")).expect("there is room");

    let _newest = RunFolder::create(root.path(), at(5), 3).expect("it is writable");
    let kept = [
        "2020-01-01T000000Z",
        "2020-01-01T000001Z",
        "2026-11-27T193000Z",
        "2026-11-27T193003Z",
        "2026-11-27T193004Z",
        "2026-11-27T193005Z",
        LATEST,
    ];
    assert_eq!(names(root.path()), kept);
    assert!(theirs.join("notes").exists() && elsewhere.path().join(LOCK).exists());

    drop(going);
    let _next = RunFolder::create(root.path(), at(6), 3).expect("it is writable");
    assert!(!names(root.path()).contains(&"2026-11-27T193000Z".to_owned()), "it has ended");
}

#[test]
fn keeping_one_keeps_the_own() {
    let root = tempfile::tempdir().expect("there is room");
    for second in [9, 3] {
        // The second is older by its name: somebody has set the clock back.
        let folder = RunFolder::create(root.path(), at(second), 1).expect("it is writable");
        assert!(folder.path().exists());
    }
    assert_eq!(names(root.path()), ["2026-11-27T193003Z", LATEST]);
}

#[test]
fn many_that_begin_at_once_get_a_folder_each_and_lose_none() {
    let root = tempfile::tempdir().expect("there is room");
    let folders: Vec<RunFolder> = thread::scope(|scope| {
        let begin = || RunFolder::create(root.path(), at(0), 1).expect("it is writable");
        let begun: Vec<_> = (0..16).map(|_| scope.spawn(begin)).collect();
        begun.into_iter().map(|run| run.join().expect("nothing panics")).collect()
    });
    let paths: BTreeSet<_> = folders.iter().map(|folder| folder.path().to_owned()).collect();
    assert_eq!(paths.len(), folders.len());
    assert!(paths.iter().all(|path| path.exists()), "all of them go on, so none is removed");
    assert!(root.path().join(latest(root.path())).exists());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let root = tempfile::tempdir().expect("there is room");
    let file = root.path().join("file");
    fs::write(&file, "").expect("there is room");
    let error = RunFolder::create(&file.join("fs"), at(0), 1).expect_err("a file is no folder");
    assert!(error.to_string().ends_with("choose another directory with --out"), "{error}");

    let subject = root.path().join("fs");
    fs::create_dir_all(subject.join(LATEST).join("mine")).expect("there is room");
    let error = RunFolder::create(&subject, at(0), 1).expect_err("somebody's folder is in the way");
    assert!(error.to_string().contains("fs/latest"), "{error}");
    assert!(subject.join(LATEST).join("mine").exists());
}

#[test]
fn subjects_get_names_that_a_path_can_have() {
    assert_eq!(subject_name("fs:documented"), "fs-documented");
    assert_eq!(subject_name("node ./my backend.mjs"), "node-my-backend-mjs");
    assert_eq!(subject_name("../..//"), "subject");
    let [one, other] = ["a", "b"].map(|end| subject_name(&format!("{}{end}", "x".repeat(300))));
    assert_ne!(one, other);
    assert_eq!(one.len(), SUBJECT_CHARS_MAX + 1 + DIGEST_DIGITS);
}

/// Whoever writes down what `latest` is called now can find it again after the next run.
#[test]
fn a_link_is_known_by_the_run_that_it_leads_to() {
    let folder = tempfile::tempdir().expect("there is room");
    let run = folder.path().join("2026-11-27T193000Z");
    fs::create_dir(&run).expect("there is room");
    let latest = folder.path().join(LATEST);
    symlink("2026-11-27T193000Z", &latest).expect("it can be made");
    assert_eq!(of_link(&latest), run);
    assert_eq!(of_link(&latest.join("")), run, "with a separator at its end, too");
    assert_eq!(of_link(&run), run);
    let away = folder.path().join("away");
    symlink("../elsewhere", &away).expect("it can be made");
    assert_eq!(of_link(&away), away);
}

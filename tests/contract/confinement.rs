//! Links planted inside the root: no operation reads, creates, changes or deletes anything outside.

use std::{fs, os::unix::fs::symlink, process::Command};

use crashworthy::{Error, ErrorKind, StorageBackend, fs::Profile};

use crate::{Sandbox, path, tree};

const PROFILES: [Profile; 2] = [Profile::Documented, Profile::Hardened];

/// A root with links to a file outside, a directory outside and nothing at all.
fn planted(profile: Profile) -> Sandbox {
    let sandbox = Sandbox::new(profile);
    let outside = sandbox.outside();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    let root = sandbox.root();
    symlink(outside.join("secret"), root.join("file")).unwrap();
    symlink("../outside/secret", root.join("relative")).unwrap();
    symlink(&outside, root.join("directory")).unwrap();
    symlink(outside.join("new"), root.join("dangling")).unwrap();
    fs::create_dir(root.join("d")).unwrap();
    symlink("../../outside", root.join("d/up")).unwrap();
    sandbox
}

#[test]
fn through_a_link_to_a_file() {
    for profile in PROFILES {
        for link in ["file", "relative", "dangling", "directory", "d/up"] {
            let sandbox = planted(profile);
            let store = &sandbox.store;
            let before = tree(&sandbox.outside());
            store.read_file(&path(link)).expect_err("what is outside is not read");
            assert!(!store.exists(&path(link)).unwrap(), "{profile} {link}");
            store.list_files(&path(link)).expect_err("what is outside is not listed");
            store.create_directory(&path(link)).expect_err("a link is in its place");
            assert_eq!(tree(&sandbox.outside()), before, "{profile} {link}");

            // The link is an entry of the root, which a write replaces.
            store.write_file(&path(link), b"mine").unwrap();
            assert_eq!(store.read_file(&path(link)).unwrap(), b"mine");
            assert_eq!(tree(&sandbox.outside()), before, "{profile} {link}");

            let sandbox = planted(profile);
            sandbox.store.delete_file(&path(link)).unwrap();
            assert!(fs::symlink_metadata(sandbox.root().join(link)).is_err());
            assert_eq!(tree(&sandbox.outside()), before_in(&sandbox), "{profile} {link}");
        }
    }
}

#[test]
fn through_a_link_to_a_directory() {
    for profile in PROFILES {
        for link in ["directory", "d/up", "dangling"] {
            let sandbox = planted(profile);
            let store = &sandbox.store;
            let before = (tree(&sandbox.root()), tree(&sandbox.outside()));
            let refused = |result: Result<(), Error>| {
                let error = result.expect_err("the path leads outside");
                assert_eq!(error.kind(), ErrorKind::InvalidPath, "{profile} {link} {error}");
            };
            for name in ["secret", "new", "new/deep"] {
                let below = path(&format!("{link}/{name}"));
                refused(store.read_file(&below).map(drop));
                refused(store.write_file(&below, b"mine"));
                refused(store.list_files(&below).map(drop));
                refused(store.create_directory(&below));
                refused(store.exists(&below).map(drop));
                refused(store.delete_file(&below));
            }
            refused(store.list_files(&path(link)).map(drop));
            let mut after = tree(&sandbox.root());
            after.remove(&sandbox.root().join(".crashworthy-tmp"));
            assert_eq!((after, tree(&sandbox.outside())), before, "{profile} {link}");
        }
    }
}

#[test]
fn links_are_not_listed() {
    for profile in PROFILES {
        let sandbox = planted(profile);
        sandbox.store.write_file(&path("d/file"), b"x").unwrap();
        assert_eq!(sandbox.store.list_files(&path("d")).unwrap(), ["file"]);
    }
}

#[test]
fn a_link_under_the_root_to_a_directory_is_followed() {
    for profile in PROFILES {
        let sandbox = planted(profile);
        symlink("d", sandbox.root().join("inside")).unwrap();
        sandbox.store.write_file(&path("inside/a"), b"x").unwrap();
        sandbox.store.create_directory(&path("inside")).unwrap();
        assert_eq!(sandbox.store.read_file(&path("d/a")).unwrap(), b"x");
    }
}

#[test]
fn the_temporary_name_of_the_documented_profile_is_confined() {
    let sandbox = planted(Profile::Documented);
    symlink(sandbox.outside().join("secret"), sandbox.root().join("a.tmp")).unwrap();
    let error = sandbox.store.write_file(&path("a"), b"mine").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPath);
    assert_eq!(tree(&sandbox.outside()), before_in(&sandbox));
}

#[test]
fn the_reserved_directory_may_not_be_a_link() {
    for target in ["../outside", "d"] {
        let sandbox = planted(Profile::Hardened);
        symlink(target, sandbox.root().join(".crashworthy-tmp")).unwrap();
        let before = tree(&sandbox.directory.path().join("."));
        sandbox.store.write_file(&path("a"), b"mine").unwrap_err();
        sandbox.store.recover().unwrap_err();
        assert_eq!(tree(&sandbox.directory.path().join(".")), before);
    }
}

#[test]
fn a_link_under_the_root_to_a_file_is_not_a_file() {
    for profile in PROFILES {
        let sandbox = planted(profile);
        sandbox.store.write_file(&path("d/a"), b"x").unwrap();
        symlink("a", sandbox.root().join("d/link")).unwrap();
        sandbox.store.read_file(&path("d/link")).unwrap_err();
        assert!(!sandbox.store.exists(&path("d/link")).unwrap());
        assert_eq!(sandbox.store.list_files(&path("d")).unwrap(), ["a"]);
        sandbox.store.write_file(&path("d/link"), b"y").unwrap();
        assert_eq!(sandbox.store.read_file(&path("d/a")).unwrap(), b"x");
    }
}

#[test]
fn a_pipe_is_not_a_file_and_does_not_hang_the_reader() {
    for profile in PROFILES {
        let sandbox = planted(profile);
        let made = Command::new("mkfifo").arg(sandbox.root().join("d/pipe")).status().unwrap();
        assert!(made.success());
        sandbox.store.read_file(&path("d/pipe")).unwrap_err();
        assert!(!sandbox.store.exists(&path("d/pipe")).unwrap());
        assert_eq!(sandbox.store.list_files(&path("d")).unwrap(), Vec::<String>::new());
    }
}

/// What `planted` puts outside the root.
fn before_in(sandbox: &Sandbox) -> std::collections::BTreeMap<std::path::PathBuf, Option<Vec<u8>>> {
    [(sandbox.outside().join("secret"), Some(b"secret".to_vec()))].into()
}

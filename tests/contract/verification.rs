//! Verification: what is damaged on the way to the disk is not published, what is damaged there is not read.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crashworthy::{
    ErrorKind, StorageBackend,
    fs::{Durability, FsBackend, FsOptions, Profile, Verification},
};
use rustix::fs::{XattrFlags, getxattr, removexattr, setxattr};

use crate::{Sandbox, path};

const ATTRIBUTE: &str = "user.crashworthy.blake3";

fn verified(verification: Verification) -> Sandbox {
    Sandbox::with(FsOptions::new().durability(Durability::None).verification(verification))
}

#[test]
fn every_kind_reads_what_was_written() {
    let every_byte: Vec<u8> = (0..300_000u32).map(|byte| (byte % 251) as u8).collect();
    for verification in [Verification::None, Verification::ReadBack, Verification::Checksum] {
        for durability in [Durability::None, Durability::FileAndDirectory] {
            let options = FsOptions::new().durability(durability).verification(verification);
            let sandbox = Sandbox::with(options);
            for value in [b"".as_slice(), b"short", &every_byte, b"shorter"] {
                sandbox.store.write_file(&path("d/file"), value).unwrap();
                assert_eq!(sandbox.store.read_file(&path("d/file")).unwrap(), value);
            }
            assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_checksum_finds_every_flipped_bit_and_every_lost_end() {
    let sandbox = verified(Verification::Checksum);
    let file = sandbox.root().join("d/file");
    let value = b"all of it is covered";
    sandbox.store.write_file(&path("d/file"), value).unwrap();
    let refused = |damaged: &[u8], what: &str| {
        // In place, so that the attribute stays.
        fs::write(&file, damaged).unwrap();
        let error = sandbox.store.read_file(&path("d/file")).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {error}");
    };
    for bit in 0..value.len() * 8 {
        let mut damaged = value.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        refused(&damaged, &format!("bit {bit}"));
    }
    for length in 0..value.len() {
        refused(&value[..length], &format!("cut to {length}"));
    }
    refused(b"all of it is covered.", "longer");
    fs::write(&file, value).unwrap();
    assert_eq!(sandbox.store.read_file(&path("d/file")).unwrap(), value);
}

#[test]
fn damage_to_an_empty_file_is_found() {
    let sandbox = verified(Verification::Checksum);
    sandbox.store.write_file(&path("empty"), b"").unwrap();
    fs::write(sandbox.root().join("empty"), "\0").unwrap();
    assert_eq!(sandbox.store.read_file(&path("empty")).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn the_checksum_is_the_hash_of_the_content() {
    let sandbox = verified(Verification::Checksum);
    sandbox.store.write_file(&path("file"), b"value").unwrap();
    let mut stored = [0; 64];
    let length = getxattr(sandbox.root().join("file"), ATTRIBUTE, &mut stored).unwrap();
    assert_eq!(&stored[..length], blake3::hash(b"value").as_bytes());
}

#[test]
fn a_file_with_no_checksum_or_a_wrong_one_is_refused_until_it_is_written_again() {
    let sandbox = verified(Verification::Checksum);
    let plain = FsBackend::open(sandbox.root()).unwrap();
    let file = sandbox.root().join("file");
    let refused = |why: &str| {
        let error = sandbox.store.read_file(&path("file")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains(why), "{error}");
    };
    plain.write_file(&path("file"), b"from before the option").unwrap();
    refused("it has no checksum");
    let value = plain.read_file(&path("file")).unwrap();
    sandbox.store.write_file(&path("file"), &value).unwrap();
    assert_eq!(sandbox.store.read_file(&path("file")).unwrap(), value);

    let hash = blake3::hash(&value);
    let mut longer = hash.as_bytes().to_vec();
    longer.push(0);
    for wrong in [&[0; 32], &hash.as_bytes()[..31], b"", &longer] {
        setxattr(&file, ATTRIBUTE, wrong, XattrFlags::empty()).unwrap();
        refused("does not match its checksum");
    }
    setxattr(&file, ATTRIBUTE, hash.as_bytes(), XattrFlags::empty()).unwrap();
    assert_eq!(sandbox.store.read_file(&path("file")).unwrap(), value);
    removexattr(&file, ATTRIBUTE).unwrap();
    refused("it has no checksum");
}

#[test]
fn without_checksums_damage_is_read_and_files_with_them_are_fine() {
    for verification in [Verification::None, Verification::ReadBack] {
        let sandbox = verified(verification);
        let checked = FsOptions::new().verification(Verification::Checksum);
        let checked = FsBackend::open_with(sandbox.root(), checked).unwrap();
        checked.write_file(&path("file"), b"right").unwrap();
        assert_eq!(sandbox.store.read_file(&path("file")).unwrap(), b"right");
        fs::write(sandbox.root().join("file"), "wrong").unwrap();
        assert_eq!(sandbox.store.read_file(&path("file")).unwrap(), b"wrong");
    }
}

#[test]
fn the_documented_profile_never_verifies() {
    let options = FsOptions::new().profile(Profile::Documented);
    let sandbox = Sandbox::with(options.verification(Verification::Checksum));
    sandbox.store.write_file(&path("file"), b"right").unwrap();
    fs::write(sandbox.root().join("file"), "wrong").unwrap();
    assert_eq!(sandbox.store.read_file(&path("file")).unwrap(), b"wrong");
}

#[test]
fn opening_where_there_are_no_attributes_says_so() {
    // The one file system that every Linux has and that has none.
    let root = "/proc/self";
    FsBackend::open(root).unwrap();
    let checked = FsOptions::new().verification(Verification::Checksum);
    let error = FsBackend::open_with(root, checked).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    assert!(
        text.starts_with("open \"/proc/self\": the file system has no extended attributes"),
        "{text}"
    );
}

#[test]
fn opening_with_checksums_leaves_nothing_behind() {
    let sandbox = verified(Verification::Checksum);
    assert!(crate::tree(&sandbox.root()).is_empty());
}

/// Somebody else writes past the end of every temporary file that they find, which no write of the owner
/// undoes. They may be late, so the write is tried until they are not.
#[test]
fn what_is_damaged_before_it_is_published_is_not_published() {
    const TRIES_MAX: usize = 10_000;
    let value = vec![7; 256 << 10];
    let sandbox = verified(Verification::ReadBack);
    sandbox.store.write_file(&path("file"), b"old").unwrap();
    let reserved = sandbox.root().join(".crashworthy-tmp");
    let done = AtomicBool::new(false);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for entry in fs::read_dir(&reserved).unwrap().flatten() {
                    if let Ok(file) = OpenOptions::new().write(true).open(entry.path()) {
                        let _ = file.write_all_at(b"x", value.len() as u64);
                    }
                }
            }
        });
        let refused = (0..TRIES_MAX).find_map(|_| {
            let refused = sandbox.store.write_file(&path("file"), &value).err();
            // That write may be damaged too.
            while refused.is_none() && sandbox.store.write_file(&path("file"), b"old").is_err() {}
            refused
        });
        done.store(true, Ordering::Relaxed);
        refused.expect("it is damaged in time once in a while")
    });
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    // They may have hit the old value's file late, past its end.
    assert!(sandbox.store.read_file(&path("file")).unwrap().starts_with(b"old"));
    assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
}

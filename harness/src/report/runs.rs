//! Run folders: one below `reports/runs/SUBJECT/` for each run, named after when it began, with `latest` leading to
//! the newest, and the oldest removed.
//!
//! Two runs may begin, work and rotate at the same time. A folder is made, which fails where there is one, and a
//! file in it stays locked (`flock`) for as long as its run lasts: the kernel lets go of it when the process ends,
//! however it ends. Whoever makes a folder, moves `latest` or removes something holds the lock of the subject's
//! folder meanwhile, so no folder can be removed between being made and being locked. Removed is only what has the
//! name of a run and a lock file inside that nobody holds: nothing that a person put there.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::files::unwritable;

/// Runs of a subject that are kept, the new one included: enough to look back over a week of nights.
pub const KEPT_RUNS: u16 = 10;

/// The link to the newest run.
pub const LATEST: &str = "latest";

/// The file that a run holds the lock of.
const LOCK: &str = ".lock";
/// What the link is called before it takes the place of the old one.
const LATEST_NEW: &str = ".latest.new";
/// What a folder is called from when it is no run any more until all of it is gone.
const REMOVING: &str = ".removing-";
/// Runs of a subject that may begin in the same second.
const SAME_SECOND_MAX: usize = 99;
/// Longest name of a subject's folder in characters: with the digest it is far from the 255 bytes of `NAME_MAX`.
const SUBJECT_CHARS_MAX: usize = 80;
/// Digits of the digest that tells long names apart.
const DIGEST_DIGITS: usize = 8;

/// The folder of a run that goes on; what it holds may be removed when it is dropped.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Holds the lock, where the file system has locks.
    _lock: File,
}

impl RunFolder {
    /// Makes the folder of a run that begins `now`, moves `latest` to it, and removes the oldest ones of more than
    /// `keep`.
    ///
    /// # Errors
    /// What failed, on what, and what to do. What cannot be removed is no error: it is said on stderr.
    pub fn create(subject: &Path, now: SystemTime, keep: usize) -> io::Result<Self> {
        fs::create_dir_all(subject).map_err(|error| unwritable("create", subject, &error))?;
        let _turn = locked(&subject.join(LOCK))?;
        let (name, path) = Self::make(subject, now)?;
        let lock = path.join(LOCK);
        let file = File::create_new(&lock).map_err(|error| unwritable("create", &lock, &error))?;
        // On a file system without locks nobody can find out that the run has ended, so nobody removes it.
        let _ = file.try_lock();
        lead(subject, &name)?;
        if let Err(error) = rotate(subject, &name, keep) {
            eprintln!(
                "cannot remove an old run below {}: {error}; remove it by hand, or keep more with --keep-runs",
                subject.display()
            );
        }
        Ok(Self { path, _lock: file })
    }

    /// Where the run's files go.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn make(subject: &Path, now: SystemTime) -> io::Result<(String, PathBuf)> {
        let second = humantime::format_rfc3339_seconds(now).to_string().replace(':', "");
        for count in 1..=SAME_SECOND_MAX {
            let name = if count == 1 { second.clone() } else { format!("{second}-{count:02}") };
            let path = subject.join(&name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok((name, path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable("create", &path, &error)),
            }
        }
        let error = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(unwritable("create", &subject.join(second), &error))
    }
}

/// The run that `folder` leads to, where it is a link to one beside it, as `latest` is; else `folder`.
pub fn of_link(folder: &Path) -> PathBuf {
    // Without the separator at its end, which would lead through the link.
    let folder: PathBuf = folder.components().collect();
    match fs::read_link(&folder) {
        Ok(run) if run.components().count() == 1 && run.is_relative() => folder.with_file_name(run),
        _ => folder,
    }
}

/// What the folder of a subject is called: the words of its command line, and a digest where they are too long.
pub fn subject_name(label: &str) -> String {
    let words = label.split(|letter: char| !letter.is_ascii_alphanumeric());
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    if name.is_empty() {
        return "subject".to_owned();
    }
    if name.len() <= SUBJECT_CHARS_MAX {
        return name;
    }
    let digest = blake3::hash(label.as_bytes()).to_hex();
    format!("{}-{}", &name[..SUBJECT_CHARS_MAX], &digest[..DIGEST_DIGITS])
}

/// Waits for the lock of the file at `path`, which is made where there is none.
fn locked(path: &Path) -> io::Result<File> {
    let open = File::options().create(true).truncate(false).write(true).open(path);
    let file = open.map_err(|error| unwritable("open", path, &error))?;
    // Without locks two runs that begin at once may both rotate; neither can remove what it cannot lock.
    let _ = file.lock();
    Ok(file)
}

/// Makes `latest` lead to the run `name`, in one step.
fn lead(subject: &Path, name: &str) -> io::Result<()> {
    let (new, latest) = (subject.join(LATEST_NEW), subject.join(LATEST));
    let _ = fs::remove_file(&new);
    symlink(name, &new)
        .and_then(|()| fs::rename(&new, &latest))
        .map_err(|error| unwritable("make a link of", &latest, &error))
}

/// Removes the oldest runs of more than `keep`, but neither `own` nor one that goes on.
fn rotate(subject: &Path, own: &str, keep: usize) -> io::Result<()> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(subject)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if name.starts_with(REMOVING) {
            // Somebody was ended while removing it.
            fs::remove_dir_all(entry.path())?;
        } else if is_run(&name) && name != own {
            runs.push(name);
        }
    }
    runs.sort();
    // One of those that are kept is the own one.
    let surplus = runs.len().saturating_sub(keep.saturating_sub(1));
    for name in &runs[..surplus] {
        remove(subject, name)?;
    }
    Ok(())
}

/// Removes the run `name`, unless it goes on or was not made here.
fn remove(subject: &Path, name: &str) -> io::Result<()> {
    let path = subject.join(name);
    let lock = match File::options().write(true).open(path.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if lock.try_lock().is_err() {
        return Ok(());
    }
    // Renamed first: whoever is ended in the middle leaves no half of a run under its name.
    let removing = subject.join(format!("{REMOVING}{name}"));
    fs::rename(&path, &removing)?;
    fs::remove_dir_all(&removing)
}

/// Whether a name is that of a run: `2026-11-27T193000Z`, or with `-02` and so on after it.
fn is_run(name: &str) -> bool {
    let fits = |name: &str, form: &str| {
        name.len() == form.len()
            && name.bytes().zip(form.bytes()).all(|(is, form)| match form {
                b'0' => is.is_ascii_digit(),
                form => is == form,
            })
    };
    fits(name, "0000-00-00T000000Z") || fits(name, "0000-00-00T000000Z-00")
}

#[cfg(test)]
mod tests;

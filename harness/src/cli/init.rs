//! `crashworthy init`: the files to begin with, for a backend of one's own.
//!
//! What is written works as it is: a small backend, what makes it a subject, and the claims that it keeps. It is
//! there to be replaced. Nothing that exists is overwritten; where one file exists, none is written.

mod claims;
mod language;
mod manifest;

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;

use self::language::Language;
use super::{Stop, print};
use crate::report::shell;

/// The manifest to which a Rust backend's test target is added.
const MANIFEST: &str = "Cargo.toml";

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write; it is made if it is missing
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    /// What the backend is written in [default: that of the Cargo.toml, package.json or pyproject.toml in DIR]
    #[arg(long, value_enum)]
    language: Option<Language>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error(
        "cannot tell the language of {}: {found}; say it, for example `crashworthy init --language python{}`",
        directory.display(), argument(directory)
    )]
    Language { directory: PathBuf, found: String },
    #[error(
        "{} exists already, and nothing was written; move it away, or choose another folder: \
         `crashworthy init --language {language} DIR`",
        existing.display()
    )]
    Exists { existing: PathBuf, language: Language },
    #[error("cannot write {}: {source}; choose a folder that you may write to: `crashworthy init --language {language} DIR`", path.display())]
    Unwritable { path: PathBuf, language: Language, source: io::Error },
    #[error("cannot read {}: {source}; mend its permissions, or choose another folder", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is not as expected: {what}; nothing was written", path.display())]
    Manifest { path: PathBuf, what: manifest::ManifestError },
}

pub(super) fn init(arguments: &Init) -> Result<u8, Stop> {
    let done = run(&arguments.directory, arguments.language).map_err(Stop::usage)?;
    print::text(&done)?;
    Ok(0)
}

/// Writes the files, and tells what was written and what comes next.
fn run(directory: &Path, language: Option<Language>) -> Result<String, InitError> {
    let language = language.map_or_else(|| guess(directory), Ok)?;
    let files = language.files();
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| directory.join(name)).collect();
    if let Some(existing) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(InitError::Exists { existing: existing.clone(), language });
    }
    let edited = if language == Language::Rust { edit_manifest(directory)? } else { None };
    let unwritable =
        |path: &Path, source| InitError::Unwritable { path: path.to_owned(), language, source };
    let mut told = String::new();
    for (path, (_, text)) in paths.iter().zip(&files) {
        write_new(path, text).map_err(|error| unwritable(path, error))?;
        let _ = writeln!(told, "wrote {}", path.display());
    }
    if let Some(text) = edited {
        let path = directory.join(MANIFEST);
        replace(&path, &text).map_err(|error| unwritable(&path, error))?;
        let _ = writeln!(told, "added the test target and what it needs to {}", path.display());
    } else if language == Language::Rust && !directory.join(MANIFEST).exists() {
        let _ = write!(told, "\nAdd this to the package's {MANIFEST}:\n\n{}", manifest::addition());
    }
    Ok(told + "\n" + &next(directory, language))
}

/// The manifest with its test target, if there is one that lacks anything.
fn edit_manifest(directory: &Path) -> Result<Option<String>, InitError> {
    let path = directory.join(MANIFEST);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(InitError::Unreadable { path, source }),
        Ok(text) => text,
    };
    let edited = manifest::with_target(&text).map_err(|what| InitError::Manifest { path, what })?;
    Ok((edited != text).then_some(edited))
}

fn guess(directory: &Path) -> Result<Language, InitError> {
    let found: Vec<(Language, &str)> =
        Language::signs().filter(|(_, name)| directory.join(name).exists()).collect();
    match found.as_slice() {
        [(language, _)] => Ok(*language),
        [] => Err(InitError::Language {
            directory: directory.to_owned(),
            found: "it has no Cargo.toml, package.json or pyproject.toml".to_owned(),
        }),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name)| *name).collect();
            let found = format!("it has {}", names.join(" and "));
            Err(InitError::Language { directory: directory.to_owned(), found })
        }
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // Never over a file, not even one that was made a moment ago.
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Replaces a file whole: half a manifest would be no manifest.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Through a symbolic link the file that it points to is meant.
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.persist(path)?;
    Ok(())
}

/// The next two commands.
fn next(directory: &Path, language: Language) -> String {
    let enter = match argument(directory) {
        argument if argument.is_empty() => String::new(),
        argument => format!("  cd{argument}\n"),
    };
    let (file, short, whole) = (language.backend(), language.first(), language.whole());
    format!(
        "Next, a look at one guarantee, and then at all of them:\n\n{enter}  {short}\n  {whole}\n\n\
         Then put your backend in the place of the one in {file}, and claim what yours documents\n\
         in {}. `crashworthy list guarantees` has all that can be claimed.\n",
        language.claims(),
    )
}

/// The folder as a further word of a command; nothing for the working directory.
fn argument(directory: &Path) -> String {
    if directory == Path::new(".") { String::new() } else { format!(" {}", shell::word(directory)) }
}

#[cfg(test)]
mod tests;

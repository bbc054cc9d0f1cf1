//! From words to arguments; what cannot be read is told with what to do about it.
//!
//! The parser knows what it did not expect. What a person may have meant it cannot know: a program that was named
//! without `--`, or a guarantee by half of its id.

use std::{env, ffi::OsString};

use clap::{
    Error, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};
use crashworthy::Guarantee;

use super::{args::Arguments, help, separator};

/// Most ids that are proposed for one that is unknown: more would be a list again.
const IDS_MAX: usize = 4;

/// The arguments of this process. Ends it where they are wrong, or where help was asked for.
pub(super) fn arguments() -> Arguments {
    let words: Vec<OsString> = env::args_os().collect();
    let arguments = read(&words).unwrap_or_else(|error| error.exit());
    if let Some(warning) = separator::astray(&help::command(), &after_name(&words)) {
        anstream::eprintln!("{warning}");
    }
    arguments
}

/// The words of this process after its own name.
pub(super) fn own_words() -> Vec<String> {
    after_name(&env::args_os().collect::<Vec<_>>())
}

fn after_name(words: &[OsString]) -> Vec<String> {
    words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

fn read(words: &[OsString]) -> Result<Arguments, Error> {
    // Usage lines name the command, whatever its file is called.
    let renamed = [OsString::from("crashworthy")].into_iter().chain(words.iter().skip(1).cloned());
    help::command()
        .try_get_matches_from(renamed)
        .and_then(|matches| Arguments::from_arg_matches(&matches))
        .map_err(|error| with_next_step(error, words))
}

fn with_next_step(mut error: Error, words: &[OsString]) -> Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let tips = match error.kind() {
        // What begins with a dash is an option, for which the parser has a tip.
        ErrorKind::UnknownArgument if !argument.starts_with('-') => program(words),
        ErrorKind::InvalidValue if argument.contains("ID>") && !value.is_empty() => {
            guarantees(&value)
        }
        _ => Vec::new(),
    };
    if !tips.is_empty() {
        // A wall of ids and a guess, in place of which the tips stand.
        error.remove(ContextKind::ValidValue);
        error.remove(ContextKind::SuggestedValue);
        let tips = tips.into_iter().map(Into::into).collect();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// For a command that was named without `--`.
fn program(words: &[OsString]) -> Vec<String> {
    let words = after_name(words);
    let is_certify = words.first().is_some_and(|word| word == "certify");
    if !is_certify || words.iter().any(|word| word == separator::SEPARATOR) {
        return Vec::new();
    }
    let right = separator::with_program(&help::command(), &words);
    right.map(|line| format!("a program of your own goes after `--`: {line}")).into_iter().collect()
}

/// For an id that is none: those that hold it or sound like it.
fn guarantees(value: &str) -> Vec<String> {
    let value = value.to_lowercase();
    let near = |id: &str| {
        id.contains(&value) || strsim::jaro_winkler(id, &value) > 0.85 || {
            let mut words = value.split(['-', '_', ' ']).filter(|word| word.len() > 3);
            words.any(|word| id.contains(word))
        }
    };
    let mut ids: Vec<&str> =
        Guarantee::ALL.iter().map(|id| id.id()).filter(|id| near(id)).collect();
    ids.sort_by(|a, b| strsim::jaro_winkler(b, &value).total_cmp(&strsim::jaro_winkler(a, &value)));
    ids.truncate(IDS_MAX);
    let mut tips = Vec::new();
    if !ids.is_empty() {
        tips.push(format!("there is {}", ids.join(", ")));
    }
    tips.push("`crashworthy list guarantees` says what each means".to_owned());
    tips
}

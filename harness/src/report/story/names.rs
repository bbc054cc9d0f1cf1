//! Which names in a story are shown as they are, and what stands for the others.
//!
//! Two runs with one seed must tell the same story, but temporary names are random. A name is shown only
//! if something besides this one trial vouches for it: the scenario names it; it is such a name with a
//! suffix like `.tmp`; another run made it too; or it consists of words that people give to such files.
//! All others are numbered in order of appearance: as temporary, or left over, only where a run without faults leaves
//! nothing of that kind. A directory is trusted on less, one well-known word
//! among its words, because few backends make a random one and the reader wants to know where things lie.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    fault::Strike,
    history::Moment,
    judge::Case,
    report::text,
    scenario::{OUTSIDE, Plant},
    trace::Event,
};

/// Words that people, and not random generators, put into the names of internal files.
const WORDS: &[&str] = &[
    "backup",
    "bak",
    "cache",
    "data",
    "db",
    "deleted",
    "index",
    "journal",
    "json",
    "lock",
    "locks",
    "log",
    "manifest",
    "meta",
    "metadata",
    "new",
    "old",
    "part",
    "partial",
    "pending",
    "shadow",
    "staging",
    "store",
    "swap",
    "swp",
    "temp",
    "temporary",
    "tmp",
    "tombstone",
    "trash",
    "wal",
];
/// Longest suffix of lower-case letters taken for a word whatever it is. Random suffixes are longer.
const SUFFIX_LETTERS_MAX: usize = 4;
/// Shortest file name that is looked for in running text. Shorter ones would hit ordinary words.
const REPLACED_NAME_BYTES_MIN: usize = 4;

/// See the module.
pub(super) struct Names {
    stable: BTreeSet<String>,
    /// What is shown for a path that is not stable, by the path.
    placeholders: BTreeMap<String, String>,
    temporaries: usize,
    left_overs: usize,
    internal: usize,
    kept: Kept,
}

/// What a run without faults keeps, as far as this trial and its baseline tell.
#[derive(Default)]
struct Kept {
    /// Files that lay there while no operation was under way.
    seen: BTreeSet<String>,
    /// Directories in which such a run leaves files whose names may differ from run to run.
    directories: BTreeSet<String>,
    /// Files that were removed, or became others.
    gone: BTreeSet<String>,
}

impl Kept {
    fn new(case: &Case, is_known: impl Fn(&str) -> bool) -> Self {
        let evidence = &case.evidence;
        let ended = evidence.history.iter().all(|entry| entry.outcome.is_ok());
        let last = evidence.trees.iter().rev().find_map(|(moment, _)| match moment {
            Moment::Step(step) => Some(*step),
            _ => None,
        });
        let is_quiet = |moment: &Moment| match moment {
            Moment::Settled | Moment::Acknowledged(_) | Moment::Stored | Moment::Step(0) => true,
            Moment::Step(step) => ended && Some(*step) == last,
            _ => false,
        };
        let quiet = evidence.trees.iter().filter(|(moment, _)| is_quiet(moment));
        let there = quiet.flat_map(|(_, tree)| tree.files());
        let there = there.chain(evidence.baseline.files.iter().map(String::as_str));
        let seen: BTreeSet<String> =
            there.filter(|path| !is_known(path)).map(str::to_owned).collect();
        let directories = seen.iter().map(|path| split(path).0.unwrap_or_default().to_owned());
        let is_end = |event: &&Event| {
            ["rename", "unlink"].iter().any(|verb| event.call.starts_with(verb))
                && event.failed.is_none()
        };
        let made = case.trace.events.iter().chain(&case.recovery.events);
        Self {
            directories: directories.collect(),
            seen,
            gone: made.filter(is_end).map(|event| event.path.clone()).collect(),
        }
    }

    /// Whether a file is, or may well be, one that such a run keeps.
    fn keeps(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        self.seen.contains(path)
            || self.seen.iter().any(|kept| kept.starts_with(&inside))
            || (!self.gone.contains(path)
                && self.directories.contains(split(path).0.unwrap_or_default()))
    }
}

impl Names {
    pub(super) fn new(case: &Case) -> Self {
        let evidence = &case.evidence;
        let scenario = &evidence.scenario;
        let planted = scenario.plants.iter().map(|plant| match plant {
            Plant::File { path, .. } | Plant::Directory { path } | Plant::Symlink { path, .. } => {
                path.as_str()
            }
        });
        let mut stable: BTreeSet<String> = scenario
            .paths()
            .into_iter()
            .chain(scenario.directories())
            .chain(planted)
            .flat_map(with_ancestors)
            .collect();
        let kept = Kept::new(case, |path| stable.contains(path));
        // The baseline is another run only where this one was struck.
        if evidence.strike != Strike::None {
            stable.extend(evidence.baseline.files.iter().flat_map(|path| with_ancestors(path)));
        }
        if let Some((one, other)) = evidence.baseline.twins.as_deref() {
            stable.extend(one.nodes.keys().filter(|path| other.nodes.contains_key(*path)).cloned());
        }
        for event in case.trace.events.iter().chain(&case.recovery.events) {
            let made = event.call.starts_with("mkdir").then_some(event.path.as_str());
            let parents = [Some(event.path.as_str()), event.to.as_deref()];
            let parents = parents.into_iter().flatten().filter_map(|path| split(path).0);
            stable.extend(
                made.into_iter()
                    .chain(parents)
                    .filter(|path| path.split('/').all(is_directory_name))
                    .map(str::to_owned),
            );
        }
        let (temporaries, left_overs, internal) = (0, 0, 0);
        Self { stable, placeholders: BTreeMap::new(), temporaries, left_overs, internal, kept }
    }

    /// A path that a call of the subject was about, in quotes.
    pub(super) fn path(&mut self, path: &str) -> String {
        self.shown(path, false)
    }

    /// A path that was found after the strike and that nobody stored, in quotes.
    pub(super) fn left_over(&mut self, path: &str) -> String {
        self.shown(path, true)
    }

    /// Whether the scenario or another run vouches for `path`.
    pub(super) fn is_stable(&self, path: &str) -> bool {
        path.is_empty()
            || self.stable.contains(path)
            || path.split('/').all(|component| is_made_of(component, |word| WORDS.contains(&word)))
            || path.strip_suffix('~').is_some_and(|base| self.stable.contains(base))
            || path
                .rsplit_once('.')
                .is_some_and(|(base, suffix)| self.stable.contains(base) && is_suffix(suffix))
    }

    /// Sorts paths so that chance has no say: those already told of first, in that order.
    pub(super) fn rank(&self, path: &str) -> (bool, Option<String>) {
        let placeholder = self.placeholders.get(path).cloned();
        (placeholder.is_none() && !self.is_stable(path), placeholder)
    }

    /// Running text with what is shown for the names in it, and without the absolute paths of this
    /// machine.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut longest_first: Vec<_> = self.placeholders.iter().collect();
        longest_first.sort_by_key(|(path, _)| Reverse(path.len()));
        let mut text = self.without_absolute_paths(text);
        for (path, placeholder) in &longest_first {
            text = replace_name(&text, path, placeholder);
        }
        for (path, placeholder) in longest_first {
            let name = split(path).1;
            if name.len() >= REPLACED_NAME_BYTES_MIN {
                text = replace_name(&text, name, split(placeholder).1);
            }
        }
        text
    }

    fn shown(&mut self, path: &str, left_over: bool) -> String {
        if path.is_empty() {
            return "the root".to_owned();
        }
        let raw = self.raw(path, left_over);
        text::path(&raw)
    }

    fn raw(&mut self, path: &str, left_over: bool) -> String {
        if self.is_stable(path) {
            return path.to_owned();
        }
        if let Some(known) = self.outside(path) {
            return known;
        }
        if let Some(placeholder) = self.placeholders.get(path) {
            return placeholder.clone();
        }
        let parent = split(path).0.map(|parent| self.raw(parent, left_over));
        let (label, number) = if self.kept.keeps(path) {
            ("internal", &mut self.internal)
        } else if left_over {
            ("left-over", &mut self.left_overs)
        } else {
            ("temporary", &mut self.temporaries)
        };
        *number += 1;
        let name = format!("<{label} {number}>");
        let placeholder = parent.map_or(name.clone(), |parent| format!("{parent}/{name}"));
        self.placeholders.insert(path.to_owned(), placeholder.clone());
        placeholder
    }

    /// The scenario's spelling of a path in which [`OUTSIDE`] has been filled in.
    fn outside(&self, path: &str) -> Option<String> {
        self.stable
            .iter()
            .filter(|known| {
                known.split_once(OUTSIDE).is_some_and(|(before, after)| {
                    path.len() > before.len() + after.len()
                        && path.starts_with(before)
                        && path[before.len()..].starts_with('/')
                        && path.ends_with(after)
                })
            })
            .max_by_key(|known| known.len())
            .cloned()
    }

    fn without_absolute_paths(&self, text: &str) -> String {
        let ends_word = |c: char| c.is_whitespace() || "\"'`(),;:".contains(c);
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(ends_word) {
            let word = piece.trim_end_matches(ends_word);
            let is_absolute = word.starts_with('/') && word[1..].contains('/');
            if is_absolute && !self.stable.contains(word) {
                let shown = self.stable.iter().map(|known| (known, known));
                let shown = shown.chain(&self.placeholders).filter(|(known, _)| {
                    word.strip_suffix(known.as_str()).is_some_and(|front| front.ends_with('/'))
                });
                match shown.max_by_key(|(known, _)| known.len()) {
                    Some((_, shown)) => out.extend(["<root>/", shown.as_str()]),
                    None => out.push_str("<path>"),
                }
                out.push_str(&piece[word.len()..]);
            } else {
                out.push_str(piece);
            }
        }
        out
    }
}

fn split(path: &str) -> (Option<&str>, &str) {
    path.rsplit_once('/').map_or((None, path), |(parent, name)| (Some(parent), name))
}

fn with_ancestors(path: &str) -> impl Iterator<Item = String> {
    std::iter::successors(Some(path), |path| split(path).0)
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
}

fn is_suffix(suffix: &str) -> bool {
    let letters = suffix.bytes().all(|b| b.is_ascii_lowercase());
    letters && ((1..=SUFFIX_LETTERS_MAX).contains(&suffix.len()) || WORDS.contains(&suffix))
}

/// Whether `component` is lower-case words, not none, which all satisfy `accepted`.
fn is_made_of(component: &str, accepted: impl Fn(&str) -> bool) -> bool {
    let mut words = words(component).peekable();
    words.peek().is_some() && words.all(accepted)
}

fn is_directory_name(component: &str) -> bool {
    is_made_of(component, |word| word.bytes().all(|b| b.is_ascii_lowercase()))
        && words(component).any(|word| WORDS.contains(&word))
}

fn words(component: &str) -> impl Iterator<Item = &str> {
    component.split(['.', '-', '_']).filter(|word| !word.is_empty())
}

/// `text` with `name` replaced wherever it is not a part of a longer name.
fn replace_name(text: &str, name: &str, placeholder: &str) -> String {
    let goes_on = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(name) {
        let end = at + name.len();
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        if at < done || before.is_some_and(goes_on) || after.is_some_and(goes_on) {
            continue;
        }
        replaced.push_str(&text[done..at]);
        replaced.push_str(placeholder);
        done = end;
    }
    replaced.push_str(&text[done..]);
    replaced
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_inside_a_longer_one_is_another_name() {
        let replace = |text| super::replace_name(text, "nnnn", "<temporary 1>");
        assert_eq!(replace("read d/nnnnnnnn"), "read d/nnnnnnnn");
        assert_eq!(
            replace("nnnn, d/nnnn.part and nnnn2"),
            "<temporary 1>, d/<temporary 1>.part and nnnn2"
        );
    }
}

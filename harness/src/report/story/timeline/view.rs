//! A tree, and the answers to a reader, as they are shown at a step.

use std::collections::{BTreeSet, HashMap};

use super::super::Teller;
use crate::{
    history::{Entry, Invocation, Node, Outcome, Reply, Tree},
    judge::{Answer, Item},
    report::text,
    subject::Bytes,
};

/// Entries of one view: more than fit a screen beside the steps.
const ENTRIES_MAX: usize = 24;

/// The contents that were shown so far, numbered as they came: what a content is may depend on chance, but not
/// whether two are equal.
#[derive(Default)]
pub(super) struct Contents(HashMap<Bytes, usize>);

impl Contents {
    fn number(&mut self, content: &Bytes) -> usize {
        let next = self.0.len();
        *self.0.entry(content.clone()).or_insert(next)
    }

    /// What lies in a tree; directories only where nothing is in them.
    pub(super) fn items(&mut self, tree: &Tree, teller: &mut Teller<'_>) -> Vec<Item> {
        let full: BTreeSet<&str> =
            tree.nodes.keys().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
        let mut nodes: Vec<(&String, &Node)> =
            tree.nodes.iter().filter(|(path, _)| !full.contains(path.as_str())).collect();
        // The order of random names is chance, too.
        nodes.sort_by_key(|(path, node)| {
            let content = match node {
                Node::File(content) => content.to_vec(),
                _ => Vec::new(),
            };
            (teller.names.rank(path), content, *path)
        });
        let mut items: Vec<Item> = nodes
            .into_iter()
            .map(|(path, node)| {
                let is_known = teller.names.is_stable(path);
                let shown = match node {
                    Node::File(content) if is_known => text::content(content),
                    Node::File(content) => text::count(content.len(), "byte"),
                    Node::Directory => "empty directory".to_owned(),
                    Node::Symlink(_) => "link".to_owned(),
                    Node::Other => "special file".to_owned(),
                };
                let content = match node {
                    Node::File(content) => Some(self.number(content)),
                    _ => None,
                };
                let path = teller.names.path(path);
                Item { path: path.trim_matches('"').to_owned(), shown, content }
            })
            .collect();
        items.sort_by(|one, other| one.path.cmp(&other.path));
        let more = items.len().saturating_sub(ENTRIES_MAX);
        if more > 0 {
            items.truncate(ENTRIES_MAX);
            items.push(Item {
                path: "…".to_owned(), shown: format!("{more} more"), content: None
            });
        }
        items
    }

    /// Questions with their answers; whether a file exists goes without saying.
    pub(super) fn answers(&mut self, entries: &[Entry], teller: &mut Teller<'_>) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::new();
        for entry in entries {
            if let Invocation::Exists { .. } | Invocation::Recover = entry.invocation {
                continue;
            }
            let (answer, content) = match &entry.outcome {
                Outcome::Ok(Reply::Names(names)) => {
                    (teller.listed(entry.invocation.path(), names), None)
                }
                Outcome::Ok(Reply::Data(data)) => (text::content(data), Some(self.number(data))),
                other => (teller.answer(usize::MAX, other), None),
            };
            let asked = text::printable(&teller.asked(&entry.invocation));
            let answer = text::printable(&answer);
            answers.push(Answer { asked, answer, content });
        }
        let more = answers.len().saturating_sub(ENTRIES_MAX);
        if more > 0 {
            answers.truncate(ENTRIES_MAX);
            let (asked, answer) = ("…".to_owned(), format!("{more} more"));
            answers.push(Answer { asked, answer, content: None });
        }
        answers
    }
}

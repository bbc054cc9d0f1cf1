//! Writes a scenario as a TOML file that [`load`](super::load) reads back as the same value.
//!
//! This is how a shrunk generated workload becomes a regression file, so the output is for people
//! too: text stays text, one operation stands on one line, and only what is not text is base64.

use std::fmt::{Display, Write};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Plant, Scenario, load::SCHEMA};
use crate::{history::Invocation, subject::Bytes};

/// The scenario as TOML of schema 1. What the format refuses (no actor, a plant outside the root) is
/// written as it is, and refused when it is read.
pub fn to_toml(scenario: &Scenario) -> String {
    let mut out = String::new();
    line(&mut out, format_args!("schema = {SCHEMA}"));
    line(&mut out, format_args!("name = {}", quoted(&scenario.name)));
    line(&mut out, format_args!("title = {}", quoted(&scenario.title)));
    line(&mut out, format_args!("judges = {}", names(&scenario.judges)));
    if !scenario.faults.is_empty() {
        line(&mut out, format_args!("faults = {}", names(&scenario.faults)));
    }
    if !scenario.plants.is_empty() {
        list(&mut out, "plants", scenario.plants.iter().map(plant));
    }
    if !scenario.set_up.is_empty() {
        list(&mut out, "set-up", scenario.set_up.iter().map(operation));
    }
    for actor in &scenario.actors {
        line(&mut out, format_args!("\n[[actors]]"));
        line(&mut out, format_args!("name = {}", quoted(&actor.name)));
        list(&mut out, "operations", actor.operations.iter().map(operation));
    }
    out
}

fn line(out: &mut String, text: impl Display) {
    writeln!(out, "{text}").expect("writing to a string cannot fail");
}

fn list(out: &mut String, key: &str, items: impl Iterator<Item = String>) {
    line(out, format_args!("{key} = ["));
    for item in items {
        line(out, format_args!("  {item},"));
    }
    line(out, "]");
}

fn names(items: &[impl Display]) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(&item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

fn plant(plant: &Plant) -> String {
    match plant {
        Plant::File { path, data } => {
            format!("{{ file = {}, data = {} }}", quoted(path), content(data))
        }
        Plant::Directory { path } => format!("{{ directory = {} }}", quoted(path)),
        Plant::Symlink { path, target } => {
            format!("{{ symlink = {}, target = {} }}", quoted(path), quoted(target))
        }
    }
}

fn operation(invocation: &Invocation) -> String {
    let verb = match invocation {
        Invocation::WriteFile { path, data } => {
            return format!("{{ write = {}, data = {} }}", quoted(path), content(data));
        }
        Invocation::Recover => return quoted("recover"),
        Invocation::ReadFile { .. } => "read",
        Invocation::ListFiles { .. } => "list",
        Invocation::CreateDirectory { .. } => "create-directory",
        Invocation::Exists { .. } => "exists",
        Invocation::DeleteFile { .. } => "delete",
    };
    format!("{{ {verb} = {} }}", quoted(invocation.path()))
}

fn content(data: &Bytes) -> String {
    match std::str::from_utf8(data) {
        Ok(text) if !text.chars().any(|c| c.is_control() && c != '\n') => quoted(text),
        _ => format!("{{ base64 = {} }}", quoted(&BASE64_STANDARD.encode(&data[..]))),
    }
}

/// A TOML basic string on one line. Everything that a terminal could act on is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                write!(out, "\\u{:04X}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

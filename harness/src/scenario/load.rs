//! Loads a scenario from its TOML file, schema 1. `scenarios/README.md` has the format, with an example that a test
//! loads.
//!
//! Unknown keys are refused everywhere, and every refusal points at its line.

mod data;
mod operation;
mod plant;
mod problem;
mod table;
#[cfg(test)]
mod tests;

use std::{fs::File, io::Read, ops::Range, path::Path, str::FromStr};

use crashworthy::Guarantee;
pub use data::{CONTENT_BYTES_MAX, SCENARIO_BYTES_MAX};
pub use problem::{Mistake, ScenarioError};
use strum::VariantArray;
use toml::de::DeTable;

use self::{
    data::Contents,
    problem::Problem,
    table::{Table, Value},
};
use super::{Actor, Scenario};
use crate::fault::FaultKind;

/// The format that this build reads and writes.
pub const SCHEMA: u64 = 1;
/// Largest scenario file in bytes: a value of the largest size in base64, with room to spare.
pub const FILE_BYTES_MAX: u64 = 128 << 20;

/// Most actors of a scenario.
pub const ACTORS_MAX: usize = 4;

const KEYS: [&str; 8] =
    ["schema", "name", "title", "judges", "faults", "plants", "set-up", "actors"];

/// Loads the scenario in the file at `path`.
pub fn from_file(path: &Path) -> Result<Scenario, ScenarioError> {
    let unreadable = |cause| ScenarioError::Unreadable { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let path = path.to_owned();
        return Err(ScenarioError::TooLarge { path, limit_bytes: FILE_BYTES_MAX });
    }
    let file_name = path.display().to_string();
    match std::str::from_utf8(&bytes) {
        Ok(text) => from_str(&file_name, text),
        Err(error) => {
            let at = error.valid_up_to();
            let problem = Problem::new(at..at, "the file is not UTF-8", "expected UTF-8 text")
                .help("write bytes that are not text as { base64 = \"…\" }");
            Err(problem.into_error(&file_name, &String::from_utf8_lossy(&bytes)))
        }
    }
}

/// Loads the scenario `text`; diagnostics call it `file_name`.
pub fn from_str(file_name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    scenario(text).map_err(|problem| problem.into_error(file_name, text))
}

fn scenario(text: &str) -> Result<Scenario, Problem> {
    let document = DeTable::parse(text).map_err(|error| {
        let message = format!("not valid TOML: {}", error.message().to_lowercase());
        Problem::new(error.span().unwrap_or(0..0), message, "expected valid TOML")
    })?;
    // First of all, so that a file of a later schema is not blamed for keys that this one lacks.
    if let Some(schema) = document.get_ref().get("schema") {
        check_schema(schema)?;
    }
    // What a document lacks is shown at its start, not by marking every line of it.
    let table = Table::new("the scenario", 0..0, document.get_ref(), &KEYS)?;
    table.require("schema")?;

    let mut contents = Contents::default();
    let scenario = Scenario {
        name: name(table.require("name")?)?,
        title: title(table.require("title")?)?,
        judges: judges(table.require("judges")?)?,
        faults: table.get("faults").map_or(Ok(Vec::new()), faults)?,
        plants: table
            .get("plants")
            .map_or(Ok(Vec::new()), |value| plant::plants(value, &mut contents))?,
        set_up: table.get("set-up").map_or(Ok(Vec::new()), |value| {
            operation::operations("set-up", value, &mut contents)
        })?,
        actors: actors(table.require("actors")?, &mut contents)?,
    };
    check_actors(&scenario, table.get("faults").unwrap_or(table.require("actors")?))?;
    Ok(scenario)
}

/// Several actors are what schedules are made of, and nothing else strikes them; `place` is shown where that
/// is not so.
fn check_actors(scenario: &Scenario, place: &Value<'_>) -> Result<(), Problem> {
    let several = scenario.actors.len() > 1;
    let (message, label) =
        match scenario.faults.iter().find(|fault| fault.is_of_several_actors() != several) {
            Some(fault) if several => (
                format!("the fault \"{fault}\" strikes one actor, and this scenario has several"),
                "expected \"schedules\", or \"schedules\" and \"kill-one\"",
            ),
            Some(fault) => (
                format!("the fault \"{fault}\" needs several actors, and this scenario has one"),
                "expected at least two actors, or another fault",
            ),
            None if several && !scenario.faults.contains(&FaultKind::Schedules) => (
                "several actors need the fault \"schedules\"".to_owned(),
                "expected \"schedules\", or \"schedules\" and \"kill-one\"",
            ),
            None => return Ok(()),
        };
    Err(Problem::new(place.span(), message, label))
}

fn check_schema(value: &Value<'_>) -> Result<(), Problem> {
    match table::whole_number("schema", value)? {
        SCHEMA => Ok(()),
        other => Err(Problem::new(
            value.span(),
            format!("unknown schema {other}"),
            format!("this build reads schema {SCHEMA}"),
        )),
    }
}

fn name(value: &Value<'_>) -> Result<String, Problem> {
    let name = table::string("name", value)?;
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if name.split('-').all(is_word) {
        return Ok(name.to_owned());
    }
    Err(Problem::new(
        value.span(),
        format!("the name {name:?} is not kebab-case"),
        "expected lowercase letters and digits, with single hyphens between words",
    ))
}

fn title(value: &Value<'_>) -> Result<String, Problem> {
    let title = table::string("title", value)?;
    if title.trim().is_empty() || title.contains('\n') {
        let label = "expected one line that says what happens in it";
        return Err(Problem::new(value.span(), "the title is not one line of text", label));
    }
    Ok(title.to_owned())
}

fn judges(value: &Value<'_>) -> Result<Vec<Guarantee>, Problem> {
    let ids: Vec<_> = Guarantee::ALL.iter().map(ToString::to_string).collect();
    let listing = "`crashworthy list guarantees` shows all";
    let judges = named("judges", "guarantee", value, &ids, listing)?;
    if judges.is_empty() {
        let label = "expected at least one guarantee";
        return Err(Problem::new(value.span(), "the scenario judges nothing", label).help(listing));
    }
    Ok(judges)
}

fn faults(value: &Value<'_>) -> Result<Vec<FaultKind>, Problem> {
    let kinds: Vec<_> = FaultKind::VARIANTS.iter().map(ToString::to_string).collect();
    named("faults", "fault", value, &kinds, &format!("faults are: {}", kinds.join(", ")))
}

/// The array `key` of names, each of which is one of `known` and there once.
fn named<T: FromStr + PartialEq>(
    key: &str,
    noun: &str,
    value: &Value<'_>,
    known: &[String],
    listing: &str,
) -> Result<Vec<T>, Problem> {
    let mut found = Vec::new();
    for value in table::array(key, value)? {
        let name = table::string(&format!("a {noun}"), value)?;
        let item = name.parse::<T>().map_err(|_| {
            let known = known.iter().map(String::as_str);
            Problem::unknown(value.span(), noun, name, known, listing)
        })?;
        if found.contains(&item) {
            let message = format!("the {noun} {name:?} is listed twice");
            return Err(Problem::new(value.span(), message, "expected each once"));
        }
        found.push(item);
    }
    Ok(found)
}

fn actors(value: &Value<'_>, contents: &mut Contents) -> Result<Vec<Actor>, Problem> {
    let mut actors: Vec<Actor> = Vec::new();
    for value in table::array("actors", value)? {
        let (actor, span) = actor(value, actors.len(), contents)?;
        if actors.iter().any(|other| other.name == actor.name) {
            let message = format!("two actors are named {:?}", actor.name);
            return Err(Problem::new(span, message, "expected a name of its own"));
        }
        actors.push(actor);
    }
    if actors.len() > ACTORS_MAX {
        let message = format!("the scenario has {} actors", actors.len());
        let label =
            format!("expected at most {ACTORS_MAX}: their orders grow faster than anybody can try");
        return Err(Problem::new(value.span(), message, label));
    }
    if actors.is_empty() {
        let label = "expected at least one actor";
        return Err(Problem::new(value.span(), "the scenario has no actors", label));
    }
    Ok(actors)
}

/// The actor with this index, and the place to show if its name is taken.
fn actor(
    value: &Value<'_>,
    index: usize,
    contents: &mut Contents,
) -> Result<(Actor, Range<usize>), Problem> {
    let entries = table::entries("an actor", "a table", value)?;
    let table = Table::new("an actor", value.span(), entries, &["name", "operations"])?;
    let (name, span) = match table.get("name") {
        Some(name) => (table::string("name", name)?.to_owned(), name.span()),
        None if index == 0 => ("client".to_owned(), value.span()),
        None => (format!("client-{}", index + 1), value.span()),
    };
    if name.is_empty() {
        return Err(Problem::new(span, "an actor's name is empty", "expected a name for stories"));
    }
    let place = table.require("operations")?;
    let operations = operation::operations("operations", place, contents)?;
    if operations.is_empty() {
        let message = format!("the actor {name:?} has no operations");
        return Err(Problem::new(place.span(), message, "expected at least one operation"));
    }
    Ok((Actor { name, operations }, span))
}

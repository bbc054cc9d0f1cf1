//! What there is: the tables of `crashworthy list guarantees|scenarios|backends`.

use std::{fmt::Write, sync::Arc};

use crashworthy::{Category, Guarantee};
use serde_json::{Value, json};

use super::{Format, text::printable};
use crate::{scenario::Scenario, subject::Backend};

/// Every guarantee of the catalogue, by category.
pub fn guarantees(format: Format) -> String {
    if format == Format::Json {
        return listed(Guarantee::ALL.iter().map(|guarantee| {
            json!({
                "id": guarantee,
                "category": guarantee.category(),
                "statement": guarantee.statement(),
            })
        }));
    }
    let mut out = String::new();
    let mut category: Option<Category> = None;
    for guarantee in Guarantee::ALL {
        if category != Some(guarantee.category()) {
            let gap = if category.is_some() { "\n" } else { "" };
            line(&mut out, format_args!("{gap}{}", guarantee.category()));
            category = Some(guarantee.category());
        }
        let (id, statement) = (guarantee.to_string(), guarantee.statement());
        line(&mut out, format_args!("  {id:<24}  {statement}"));
    }
    line(&mut out, format_args!("\n`crashworthy explain ID` has a page on each."));
    out
}

/// Scenarios with what strikes them and what they judge.
pub fn scenarios(scenarios: &[Arc<Scenario>], format: Format) -> String {
    if format == Format::Json {
        return listed(scenarios.iter().map(|scenario| {
            json!({
                "name": scenario.name,
                "title": scenario.title,
                "faults": scenario.faults,
                "judges": scenario.judges,
            })
        }));
    }
    let mut out = String::new();
    for scenario in scenarios {
        line(&mut out, format_args!("{}", printable(&scenario.name)));
        line(&mut out, format_args!("  {}", printable(&scenario.title)));
        if !scenario.faults.is_empty() {
            line(&mut out, format_args!("  faults  {}", joined(&scenario.faults)));
        }
        line(&mut out, format_args!("  judges  {}", joined(&scenario.judges)));
    }
    out
}

/// The backends that can be named on the command line, with how much they claim.
pub fn backends(backends: &[Backend], format: Format) -> String {
    if format == Format::Json {
        return listed(backends.iter().map(|backend| {
            json!({
                "name": backend.name,
                "version": backend.version,
                "recovers": backend.recovers,
                "claims": backend.claims_by_default().iter().map(|(guarantee, _)| guarantee).collect::<Vec<_>>(),
            })
        }));
    }
    let mut out = String::new();
    let columns = backends.iter().map(|backend| backend.name.chars().count()).max().unwrap_or(0);
    for backend in backends {
        let claims = match backend.claims_by_default().len() {
            0 => "documents no guarantees".to_owned(),
            n => format!("documents {n} of {} guarantees", Guarantee::ALL.len()),
        };
        line(&mut out, format_args!("{:<columns$}  {claims}", printable(&backend.name)));
    }
    out
}

fn listed(items: impl Iterator<Item = Value>) -> String {
    format!("{:#}\n", Value::Array(items.collect()))
}

fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::builtin;

    #[test]
    fn every_guarantee_is_on_one_line() {
        let text = guarantees(Format::Human);
        for guarantee in Guarantee::ALL {
            let row = format!("  {:<24}  {}", guarantee.to_string(), guarantee.statement());
            assert!(text.lines().any(|line| line == row), "{row}");
        }
    }

    #[test]
    fn tables_for_people() {
        let some: Vec<_> = builtin::all()
            .into_iter()
            .filter(|scenario| ["recovery", "list-exact"].contains(&scenario.name.as_str()))
            .collect();
        insta::assert_snapshot!(scenarios(&some, Format::Human));
        let claims = crashworthy::Claims::new().with(Guarantee::ListExact, "exact");
        let open = |_: &std::path::Path, _: &Value| Ok(crashworthy::MemoryBackend::default());
        let some = [Backend::new("fs:documented", open).claims(claims), Backend::new("mine", open)];
        insta::assert_snapshot!(backends(&some, Format::Human));
        insta::assert_snapshot!(backends(&some, Format::Json));
    }

    #[test]
    fn tables_for_programs_are_json() {
        let all = builtin::all();
        let built_in = crate::subject::backends();
        let tables = [
            guarantees(Format::Json),
            scenarios(&all, Format::Json),
            backends(&built_in, Format::Json),
        ];
        let schema = include_str!("../../../reports/schema/list-1.json");
        let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
        jsonschema::draft202012::meta::validate(&schema).expect("it is a schema of draft 2020-12");
        let schema = jsonschema::draft202012::new(&schema).expect("it is a schema");
        let counts = [Guarantee::ALL.len(), all.len(), built_in.len()];
        for (table, rows) in tables.iter().zip(counts) {
            let mut value: Value = serde_json::from_str(table).expect("a list is JSON");
            assert_eq!(value.as_array().map(Vec::len), Some(rows));
            let errors: Vec<_> =
                schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new());
            let first = value[0].as_object().expect("an object").clone();
            for key in first.keys() {
                value[0].as_object_mut().expect("an object").remove(key);
                assert!(!schema.is_valid(&value), "{key} is missing");
                value[0] = Value::Object(first.clone());
            }
        }
    }
}

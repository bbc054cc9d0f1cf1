//! Operations as a scenario writes them: `{ write = "a", data = "x" }`, `{ read = "a" }`, and the
//! bare string `"recover"`, which takes no path.
//!
//! Paths are taken as they are, since containment is judged by sending what no honest client would.

use super::{
    data::Contents,
    problem::Problem,
    table::{self, Table, Value, keys},
};
use crate::history::Invocation;

/// The verb of each operation, and its keys.
const VERBS: [(&str, &[&str]); 6] = [
    ("write", &["write", "data", "times"]),
    ("read", &["read"]),
    ("list", &["list"]),
    ("create-directory", &["create-directory"]),
    ("exists", &["exists"]),
    ("delete", &["delete"]),
];
/// Stands in the path of a repeated write for the number of the repetition.
const NUMBER: &str = "{n}";
/// How often a write may be repeated: a directory of this many files is large for every pager.
const TIMES_MAX: u64 = 10_000;
/// The operation without a path.
const RECOVER: &str = "recover";

/// The operations in the array `value`.
pub(super) fn operations(
    what: &str,
    value: &Value<'_>,
    contents: &mut Contents,
) -> Result<Vec<Invocation>, Problem> {
    let mut operations = Vec::new();
    for value in table::array(what, value)? {
        operations.extend(operation(value, contents)?);
    }
    Ok(operations)
}

/// One operation, or as many as its `times` says.
fn operation(value: &Value<'_>, contents: &mut Contents) -> Result<Vec<Invocation>, Problem> {
    if let Some(text) = value.get_ref().as_str() {
        if text == RECOVER {
            return Ok(vec![Invocation::Recover]);
        }
        if VERBS.iter().any(|(verb, _)| *verb == text) {
            let message = format!("the operation {text:?} has no path");
            let label = format!("expected {{ {text} = \"path\" }}");
            return Err(Problem::new(value.span(), message, label));
        }
        return Err(unknown(text, value.span()));
    }
    let entries = table::entries(
        "an operation",
        "a table such as { read = \"path\" } or \"recover\"",
        value,
    )?;
    let keys = keys(entries);
    let verbs: Vec<_> =
        VERBS.iter().filter(|(verb, _)| keys.iter().any(|(key, _)| key == verb)).collect();
    let (verb, known) = match verbs[..] {
        [verb] => *verb,
        [] => {
            let stranger = keys.into_iter().find(|(key, _)| *key != "data");
            return Err(match stranger {
                Some((key, span)) if key == RECOVER => Problem::new(
                    span,
                    "\"recover\" takes no path",
                    "expected the bare string \"recover\" in place of this table",
                ),
                Some((key, span)) => unknown(key, span),
                None => Problem::new(
                    value.span(),
                    "an operation has no verb",
                    format!("expected one of: {}", listing()),
                ),
            });
        }
        [_, (second, _), ..] => {
            return Err(Problem::new(
                value.span(),
                format!("an operation has a second verb, {second:?}"),
                "expected one verb; write each operation as a table of its own",
            ));
        }
    };
    let table = Table::new("this operation", value.span(), entries, known)?;
    let path = table::string(verb, table.require(verb)?)?.to_owned();
    Ok(vec![match verb {
        "write" => {
            let data = contents.read(table.require("data")?)?;
            if let Some(times) = table.get("times") {
                let paths = numbered(&path, times)?;
                let write = |path| Invocation::WriteFile { path, data: data.clone() };
                return Ok(paths.map(write).collect());
            }
            Invocation::WriteFile { path, data }
        }
        "read" => Invocation::ReadFile { path },
        "list" => Invocation::ListFiles { directory: path },
        "create-directory" => Invocation::CreateDirectory { path },
        "exists" => Invocation::Exists { path },
        _ => Invocation::DeleteFile { path },
    }])
}

/// `path` with [`NUMBER`] replaced by 0000, 0001 and so on.
fn numbered<'a>(
    path: &'a str,
    times: &Value<'_>,
) -> Result<impl Iterator<Item = String> + use<'a>, Problem> {
    let count = table::whole_number("times", times)?;
    if !(1..=TIMES_MAX).contains(&count) || !path.contains(NUMBER) {
        let message = format!("a write is repeated {count} times to {path:?}");
        let label = format!("expected 1 to {TIMES_MAX}, and {NUMBER} in the path");
        return Err(Problem::new(times.span(), message, label));
    }
    Ok((0..count).map(move |number| path.replace(NUMBER, &format!("{number:04}"))))
}

fn unknown(name: &str, span: std::ops::Range<usize>) -> Problem {
    let verbs = VERBS.iter().map(|(verb, _)| *verb).chain([RECOVER]);
    Problem::unknown(span, "operation", name, verbs, &format!("operations are: {}", listing()))
}

pub(super) fn listing() -> String {
    let verbs: Vec<_> = VERBS.iter().map(|(verb, _)| *verb).chain([RECOVER]).collect();
    verbs.join(", ")
}

//! A TOML table and typed access to its values, with the place of each in the text.
//!
//! The tree is walked by hand and not derived with serde, because serde's errors for tagged and
//! untagged shapes lose the place; here every refusal points at the value or key that it is about.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::problem::Problem;

/// A value and its place.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// A table of which every key is known.
pub(super) struct Table<'a> {
    what: &'static str,
    span: Range<usize>,
    entries: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    /// `entries` as the table `what`; refused where it has a key that is not `known`.
    pub(super) fn new(
        what: &'static str,
        span: Range<usize>,
        entries: &'a DeTable<'a>,
        known: &[&str],
    ) -> Result<Self, Problem> {
        let stranger = keys(entries).into_iter().find(|(key, _)| !known.contains(key));
        if let Some((key, span)) = stranger {
            let listing = format!("the keys of {what} are: {}", known.join(", "));
            return Err(Problem::unknown(span, "key", key, known.iter().copied(), &listing));
        }
        Ok(Self { what, span, entries })
    }

    /// The value of `key`, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value<'a>> {
        self.entries.get(key)
    }

    /// The value of `key`, which must be there.
    pub(super) fn require(&self, key: &str) -> Result<&'a Value<'a>, Problem> {
        self.get(key).ok_or_else(|| {
            let message = format!("{} has no {key:?}", self.what);
            Problem::new(self.span.clone(), message, format!("expected the key {key:?} here"))
        })
    }
}

/// The keys of a table with their places, in the order in which they are written.
pub(super) fn keys<'a>(entries: &'a DeTable<'a>) -> Vec<(&'a str, Range<usize>)> {
    let mut keys: Vec<_> =
        entries.iter().map(|(key, _)| (key.get_ref().as_ref(), key.span())).collect();
    keys.sort_by_key(|(_, span)| span.start);
    keys
}

/// `value` as text.
pub(super) fn string<'a>(what: &str, value: &'a Value<'a>) -> Result<&'a str, Problem> {
    value.get_ref().as_str().ok_or_else(|| wrong_type(what, "a string", value))
}

/// `value` as an array.
pub(super) fn array<'a>(what: &str, value: &'a Value<'a>) -> Result<&'a [Value<'a>], Problem> {
    match value.get_ref() {
        DeValue::Array(array) => Ok(array),
        _ => Err(wrong_type(what, "an array", value)),
    }
}

/// `value` as a table, whose keys are still to be looked at.
pub(super) fn entries<'a>(
    what: &str,
    expected: &str,
    value: &'a Value<'a>,
) -> Result<&'a DeTable<'a>, Problem> {
    value.get_ref().as_table().ok_or_else(|| wrong_type(what, expected, value))
}

/// `value` as a whole number from 0 to `u64::MAX`.
pub(super) fn whole_number(what: &str, value: &Value<'_>) -> Result<u64, Problem> {
    let integer =
        value.get_ref().as_integer().ok_or_else(|| wrong_type(what, "a whole number", value))?;
    u64::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| {
        Problem::new(
            value.span(),
            format!("{what} is out of range"),
            format!("expected a whole number from 0 to {}", u64::MAX),
        )
    })
}

/// Says that `value` should have been `expected`.
pub(super) fn wrong_type(what: &str, expected: &str, value: &Value<'_>) -> Problem {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    let message = format!("{what} must be {expected}, not {found}");
    Problem::new(value.span(), message, format!("expected {expected}"))
}

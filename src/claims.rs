//! Claims: the guarantees that a backend documents, each with the documented sentence.
//!
//! A backend in Rust builds them in code; any other brings a TOML file. Reading that file is strict,
//! because a claim that is lost to a typing error would be a promise that nobody checks. Every error
//! knows its place in the text, so that a program can point at the line.

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{Category, Guarantee, PersistenceModel};

/// The version of the claims format that this crate reads and writes.
const SCHEMA: u64 = 1;

/// What a backend documents: guarantee and sentence, in catalogue order.
///
/// ```
/// use crashworthy::{Claims, Guarantee};
///
/// let claims = Claims::from_toml(
///     "schema = 1\n[claims]\nkill-atomic-write = 'rename is atomic'",
/// )?;
/// assert_eq!(claims.get(Guarantee::KillAtomicWrite), Some("rename is atomic"));
/// # Ok::<(), crashworthy::ClaimsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<Guarantee, Claim>);

/// One documented promise.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    sentence: String,
    /// The file system on which it is promised; [`PersistenceModel::Strict`] for any.
    file_system: PersistenceModel,
}

/// Why a claims file was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// The text is not TOML.
    #[error(
        "the claims are not valid TOML: {message}; a claims file has `schema = 1` and a table `[claims]` with a \
         sentence for each guarantee"
    )]
    Syntax {
        /// What the parser says.
        message: String,
        /// Where it stopped, if it knows.
        span: Option<Range<usize>>,
    },
    /// A key that the format does not have.
    #[error("unknown key `{key}`; expected {expected} only, so remove or rename it")]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that there are.
        expected: &'static str,
        /// Its bytes in the text.
        span: Range<usize>,
    },
    /// `schema` or `claims` is missing.
    #[error("the key `{key}` is missing; add {example}")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// What a correct file says.
        example: &'static str,
    },
    /// A value of the wrong type.
    #[error("`{key}` is of type {found}; expected {expected}")]
    WrongType {
        /// The key.
        key: String,
        /// The TOML type that it should have, in words.
        expected: &'static str,
        /// The TOML type that it has.
        found: &'static str,
        /// The bytes of the value in the text.
        span: Range<usize>,
    },
    /// A schema that this version cannot read.
    #[error("schema {found} is unknown; expected {SCHEMA}, so update the file or this program")]
    UnknownSchema {
        /// The number as written.
        found: String,
        /// The bytes of the value in the text.
        span: Range<usize>,
    },
    /// A guarantee that is not in the catalogue.
    #[error("unknown guarantee `{id}`; expected an id of the catalogue, did you mean `{closest}`?")]
    UnknownGuarantee {
        /// The id as written.
        id: String,
        /// The most similar id of the catalogue.
        closest: Guarantee,
        /// The bytes of the id in the text.
        span: Range<usize>,
    },
    /// A file system that no model describes, or one named by a claim that has nothing to do with it.
    #[error("the claim `{id}` names the file system `{name}`; {expected}")]
    FileSystem {
        /// The guarantee.
        id: Guarantee,
        /// The file system as written.
        name: String,
        /// What would be right.
        expected: &'static str,
        /// The bytes of the name in the text.
        span: Range<usize>,
    },
    /// A claim without a sentence.
    #[error(
        "the claim `{id}` has no sentence; expected the documented one, so quote it or remove the claim"
    )]
    EmptySentence {
        /// The guarantee.
        id: Guarantee,
        /// The bytes of the value in the text.
        span: Range<usize>,
    },
}

impl Claims {
    /// No claims.
    pub fn new() -> Self {
        Self::default()
    }

    /// These claims and one more, or with its sentence replaced. The sentence should not be blank:
    /// a claims file that holds a blank one is refused.
    #[must_use]
    pub fn with(mut self, guarantee: Guarantee, sentence: impl Into<String>) -> Self {
        let file_system = PersistenceModel::default();
        self.0.insert(guarantee, Claim { sentence: sentence.into(), file_system });
        self
    }

    /// These claims, with that of `guarantee` (which must be about power loss) promised for one file system
    /// only.
    #[must_use]
    pub fn on(mut self, guarantee: Guarantee, file_system: PersistenceModel) -> Self {
        if let Some(claim) =
            self.0.get_mut(&guarantee).filter(|_| depends_on_file_system(guarantee))
        {
            claim.file_system = file_system;
        }
        self
    }

    /// The sentence that documents `guarantee`, if it is claimed.
    pub fn get(&self, guarantee: Guarantee) -> Option<&str> {
        self.0.get(&guarantee).map(|claim| claim.sentence.as_str())
    }

    /// The persistence model under which a claim is judged: that of the file system that it names, or else
    /// the strict one.
    pub fn model(&self, guarantee: Guarantee) -> PersistenceModel {
        self.0.get(&guarantee).map(|claim| claim.file_system).unwrap_or_default()
    }

    /// All claims, in catalogue order.
    pub fn iter(&self) -> impl Iterator<Item = (Guarantee, &str)> {
        self.0.iter().map(|(guarantee, claim)| (*guarantee, claim.sentence.as_str()))
    }

    /// Whether nothing is claimed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of claims.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads a claims file of schema 1.
    ///
    /// # Errors
    /// The first thing in `text` that is not exactly as the format says.
    pub fn from_toml(text: &str) -> Result<Self, ClaimsError> {
        let document = DeTable::parse(text).map_err(|error| ClaimsError::Syntax {
            message: error.message().to_owned(),
            span: error.span(),
        })?;
        let mut schema = None;
        let mut claims = None;
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "schema" => schema = Some(value),
                "claims" => claims = Some(value),
                other => {
                    let expected = "`schema` and `claims`";
                    let (key, span) = (other.into(), key.span());
                    return Err(ClaimsError::UnknownKey { key, expected, span });
                }
            }
        }
        check_schema(schema.ok_or(missing("schema", "`schema = 1`"))?)?;
        let claims = claims.ok_or(missing("claims", "a `[claims]` table"))?;
        let DeValue::Table(table) = claims.get_ref() else {
            return Err(wrong_type("claims", "a table of guarantee ids and sentences", claims));
        };
        let claims = table.iter().map(|(id, value)| claim(id.get_ref(), id.span(), value));
        claims.collect::<Result<_, _>>().map(Self)
    }

    /// Writes these claims as a claims file, in catalogue order; [`Claims::from_toml`] reads it back.
    pub fn to_toml(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: u64,
            claims: BTreeMap<Guarantee, Value<'a>>,
        }
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Value<'a> {
            Sentence(&'a str),
            #[serde(rename_all = "kebab-case")]
            OnFileSystem {
                sentence: &'a str,
                file_system: PersistenceModel,
            },
        }
        let claims = self.0.iter().map(|(guarantee, Claim { sentence, file_system })| {
            let value = match *file_system {
                PersistenceModel::Strict => Value::Sentence(sentence),
                file_system => Value::OnFileSystem { sentence, file_system },
            };
            (*guarantee, value)
        });
        let claims = claims.collect();
        toml::to_string(&Document { schema: SCHEMA, claims })
            .expect("a number and a table of strings is always valid TOML")
    }
}

impl FromIterator<(Guarantee, String)> for Claims {
    fn from_iter<I: IntoIterator<Item = (Guarantee, String)>>(claims: I) -> Self {
        claims
            .into_iter()
            .fold(Self::new(), |claims, (guarantee, sentence)| claims.with(guarantee, sentence))
    }
}

impl ClaimsError {
    /// The bytes of the text that the error is about, if it is about a place.
    pub fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::MissingKey { .. } => None,
            Self::Syntax { span, .. } => span.clone(),
            Self::UnknownKey { span, .. }
            | Self::WrongType { span, .. }
            | Self::UnknownSchema { span, .. }
            | Self::UnknownGuarantee { span, .. }
            | Self::FileSystem { span, .. }
            | Self::EmptySentence { span, .. } => Some(span.clone()),
        }
    }
}

fn check_schema(schema: &Spanned<DeValue<'_>>) -> Result<(), ClaimsError> {
    let DeValue::Integer(number) = schema.get_ref() else {
        return Err(wrong_type("schema", "an integer", schema));
    };
    if u64::from_str_radix(number.as_str(), number.radix()) == Ok(SCHEMA) {
        Ok(())
    } else {
        Err(ClaimsError::UnknownSchema { found: number.to_string(), span: schema.span() })
    }
}

fn claim(
    id: &str,
    id_span: Range<usize>,
    value: &Spanned<DeValue<'_>>,
) -> Result<(Guarantee, Claim), ClaimsError> {
    let guarantee: Guarantee = id.parse().map_err(|_| ClaimsError::UnknownGuarantee {
        id: id.to_owned(),
        closest: closest(id),
        span: id_span,
    })?;
    let mut sentence = value;
    let mut file_system = PersistenceModel::default();
    if let DeValue::Table(table) = value.get_ref() {
        sentence = table.get("sentence").ok_or(missing("sentence", SENTENCE_EXAMPLE))?;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "sentence" => {}
                "file-system" => file_system = named_file_system(guarantee, value)?,
                other => {
                    let expected = "`sentence` and `file-system`";
                    let (key, span) = (other.into(), key.span());
                    return Err(ClaimsError::UnknownKey { key, expected, span });
                }
            }
        }
    }
    let DeValue::String(text) = sentence.get_ref() else {
        return Err(wrong_type(id, "the documented sentence, a string", sentence));
    };
    if text.trim().is_empty() {
        return Err(ClaimsError::EmptySentence { id: guarantee, span: sentence.span() });
    }
    Ok((guarantee, Claim { sentence: text.clone().into_owned(), file_system }))
}

/// What a claim for one file system looks like.
const SENTENCE_EXAMPLE: &str = "`{ sentence = \"…\", file-system = \"ext4\" }`";

fn named_file_system(
    id: Guarantee,
    value: &Spanned<DeValue<'_>>,
) -> Result<PersistenceModel, ClaimsError> {
    let DeValue::String(name) = value.get_ref() else {
        return Err(wrong_type("file-system", "the name of a file system, a string", value));
    };
    let refuse = |expected| {
        Err(ClaimsError::FileSystem { id, name: name.to_string(), expected, span: value.span() })
    };
    if !depends_on_file_system(id) {
        return refuse("only claims about power loss depend on one, so remove it");
    }
    match name.parse() {
        Ok(PersistenceModel::Strict) | Err(_) => {
            refuse("expected `ext4`, `xfs` or `btrfs`; a claim that names none is for all of them")
        }
        Ok(model) => Ok(model),
    }
}

/// Whether a guarantee speaks of what a power loss leaves.
fn depends_on_file_system(guarantee: Guarantee) -> bool {
    guarantee.category() == Category::PowerLoss || guarantee == Guarantee::FsyncFailureHonest
}

fn closest(id: &str) -> Guarantee {
    let distance = |guarantee: &Guarantee| {
        strsim::damerau_levenshtein(&id.to_lowercase(), &guarantee.to_string())
    };
    Guarantee::ALL.iter().copied().min_by_key(distance).expect("the catalogue is not empty")
}

fn missing(key: &'static str, example: &'static str) -> ClaimsError {
    ClaimsError::MissingKey { key, example }
}

fn wrong_type(key: &str, expected: &'static str, value: &Spanned<DeValue<'_>>) -> ClaimsError {
    ClaimsError::WrongType {
        key: key.to_owned(),
        expected,
        found: value.get_ref().type_str(),
        span: value.span(),
    }
}

#[cfg(test)]
mod tests;

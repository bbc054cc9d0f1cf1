//! The wire protocol, version 1: one JSON object a line, requests on stdin, answers on stdout.
//!
//! Operation names are the specification's; file contents travel as base64 (RFC 4648, padded). The same
//! types serve both ends, so that what the harness sends is what a Rust worker reads.

use base64::{Engine, prelude::BASE64_STANDARD};
use crashworthy::ErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bytes;
use crate::history::{Invocation, Outcome, Reply};

/// The version that this build speaks.
pub const PROTOCOL_VERSION: u32 = 1;
/// Name of the capability to reclaim left-overs.
pub const RECOVER: &str = "recover";

/// Name of the capability to take further requests before the first is answered.
pub const PIPELINING: &str = "pipelining";

/// Name of the capability to run requests that name a `thread` (a small number) on threads of that number,
/// beside each other and on one instance; each is answered when it is done.
pub const THREADS: &str = "threads";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub enum Call {
    /// The first request: who are you?
    Hello {
        /// [`PROTOCOL_VERSION`]
        protocol: u32,
    },
    /// A fresh instance on this root; nothing may be remembered from before.
    Open {
        /// Absolute path of an existing directory.
        root: String,
        /// Subject-specific; an object.
        options: Value,
    },
    /// See [`crashworthy::StorageBackend::write_file`].
    WriteFile {
        /// Relative path.
        path: String,
        /// Content in base64.
        data: String,
    },
    /// See [`crashworthy::StorageBackend::read_file`].
    ReadFile {
        /// Relative path.
        path: String,
    },
    /// See [`crashworthy::StorageBackend::list_files`].
    ListFiles {
        /// Relative path.
        directory: String,
    },
    /// See [`crashworthy::StorageBackend::create_directory`].
    CreateDirectory {
        /// Relative path.
        path: String,
    },
    /// See [`crashworthy::StorageBackend::exists`].
    Exists {
        /// Relative path.
        path: String,
    },
    /// See [`crashworthy::StorageBackend::delete_file`].
    DeleteFile {
        /// Relative path.
        path: String,
    },
    /// See [`crashworthy::StorageBackend::recover`].
    Recover,
}

impl From<&Invocation> for Call {
    fn from(invocation: &Invocation) -> Self {
        match invocation.clone() {
            Invocation::WriteFile { path, data } => {
                Self::WriteFile { path, data: BASE64_STANDARD.encode(&*data) }
            }
            Invocation::ReadFile { path } => Self::ReadFile { path },
            Invocation::ListFiles { directory } => Self::ListFiles { directory },
            Invocation::CreateDirectory { path } => Self::CreateDirectory { path },
            Invocation::Exists { path } => Self::Exists { path },
            Invocation::DeleteFile { path } => Self::DeleteFile { path },
            Invocation::Recover => Self::Recover,
        }
    }
}

/// A request line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Repeated in the answer.
    pub id: u64,
    /// Which of the subject's threads is to run it; only for a subject with the capability [`THREADS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<usize>,
    /// What is asked.
    #[serde(flatten)]
    pub call: Call,
}

/// An answer line: exactly one of `ok`, `error` and `fault`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// That of the request.
    pub id: u64,
    /// The result; `null` where there is nothing to return.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub ok: Option<Value>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
    /// Where an adapter cannot answer for the backend: what is wrong between the two, and what to do. A backend without
    /// a method has refused nothing, and to call that an error would accuse its storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Tells a field that is `null` (acknowledged, nothing to return) from one that is missing.
mod present {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Value>, D::Error> {
        Value::deserialize(deserializer).map(Some)
    }

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Value>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// One of the contract's kinds.
    pub kind: ErrorKind,
    /// For people.
    pub message: String,
}

/// What a subject says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version that it speaks.
    pub protocol: u32,
    /// Its name.
    pub name: String,
    /// Its own version.
    #[serde(default)]
    pub version: String,
    /// What it offers beyond the six operations, for example [`RECOVER`].
    #[serde(default)]
    pub capabilities: Vec<String>,
}

impl Hello {
    /// Whether it has a capability.
    pub fn offers(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|offered| offered == capability)
    }
}

/// An answer that is not of the protocol: what was wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Nonsense(pub String);

/// Longest part of a line that is quoted in messages, in characters.
const QUOTED_CHARS_MAX: usize = 80;
/// Longest word of an adapter that is repeated in messages, in characters.
const FAULT_CHARS_MAX: usize = 400;

/// Reads an answer line to the request with this id.
pub fn parse(line: &[u8], id: u64) -> Result<Result<Value, Refusal>, Nonsense> {
    let quote = || begin(&String::from_utf8_lossy(line), QUOTED_CHARS_MAX);
    let response: Response = serde_json::from_slice(line).map_err(|error| {
        Nonsense(format!(
            "its standard output carries a line that is no answer of the protocol ({error}): {}",
            quote()
        ))
    })?;
    if response.id != id {
        return Err(Nonsense(format!("it answered request {} when asked {id}", response.id)));
    }
    match (response.ok, response.error, response.fault) {
        (Some(ok), None, None) => Ok(Ok(ok)),
        (None, Some(error), None) => Ok(Err(error)),
        (None, None, Some(fault)) => {
            Err(Nonsense(format!("its adapter says: {}", begin(&fault, FAULT_CHARS_MAX))))
        }
        _ => Err(Nonsense(format!(
            "it answered with none or several of `ok`, `error` and `fault`: {}",
            quote()
        ))),
    }
}

/// How a text of others begins, with nothing in it that a terminal would act on.
fn begin(text: &str, chars_max: usize) -> String {
    let visible = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    let short: String = text.chars().take(chars_max).map(visible).collect();
    if text.chars().nth(chars_max).is_some() { format!("{short}…") } else { short }
}

/// The request that an answer line is for; `None` where it is no answer.
pub fn id_of(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Response>(line).ok().map(|response| response.id)
}

/// Reads an answer to `invocation`.
pub fn outcome(invocation: &Invocation, answer: Result<Value, Refusal>) -> Outcome {
    let value = match answer {
        Ok(value) => value,
        Err(Refusal { kind, message }) => return Outcome::Fail { kind, message },
    };
    let reply = match (invocation, value) {
        (Invocation::ReadFile { .. }, Value::String(text)) => BASE64_STANDARD
            .decode(text)
            .map(|bytes| Reply::Data(Bytes::from(bytes)))
            .map_err(|error| format!("it answered a read with what is not base64: {error}")),
        (Invocation::ListFiles { .. }, value) => serde_json::from_value::<Vec<String>>(value)
            .map(|mut names| {
                names.sort_unstable();
                Reply::Names(names)
            })
            .map_err(|error| {
                format!("it answered a list with what is not an array of names: {error}")
            }),
        (Invocation::Exists { .. }, Value::Bool(truth)) => Ok(Reply::Truth(truth)),
        (
            Invocation::WriteFile { .. }
            | Invocation::CreateDirectory { .. }
            | Invocation::DeleteFile { .. }
            | Invocation::Recover,
            // Whatever a language's "nothing" serialises to.
            _,
        ) => Ok(Reply::Done),
        (_, value) => Err(format!(
            "it answered {} with a value of the wrong type: {value}",
            invocation.operation()
        )),
    };
    reply.map_or_else(Outcome::Broken, Outcome::Ok)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_spelled_as_documented() {
        let call =
            Call::from(&Invocation::WriteFile { path: "blocks/a.bin".into(), data: "hi".into() });
        let line = serde_json::to_value(Request { id: 2, thread: None, call }).unwrap();
        assert_eq!(
            line,
            json!({"id": 2, "op": "writeFile", "path": "blocks/a.bin", "data": "aGk="})
        );
        let hello = serde_json::to_value(Request {
            id: 0,
            thread: None,
            call: Call::Hello { protocol: 1 },
        })
        .unwrap();
        assert_eq!(hello, json!({"id": 0, "op": "hello", "protocol": 1}));
        let recover =
            serde_json::to_value(Request { id: 8, thread: None, call: Call::Recover }).unwrap();
        assert_eq!(recover, json!({"id": 8, "op": "recover"}));
    }

    #[test]
    fn null_is_an_acknowledgement_and_missing_is_nonsense() {
        assert_eq!(parse(br#"{"id":1,"ok":null}"#, 1), Ok(Ok(Value::Null)));
        assert!(parse(br#"{"id":1}"#, 1).is_err());
        assert!(parse(br#"{"id":1,"ok":null,"error":{"kind":"Io","message":""}}"#, 1).is_err());
        assert!(parse(br#"{"id":2,"ok":null}"#, 1).is_err());
        assert!(parse(b"hello", 1).is_err());
        assert_eq!(
            serde_json::to_string(&Response {
                id: 1,
                ok: Some(Value::Null),
                error: None,
                fault: None
            })
            .unwrap(),
            r#"{"id":1,"ok":null}"#
        );
    }

    #[test]
    fn a_stray_line_is_shown_as_it_begins_and_escaped() {
        let line = format!("\u{1b}[31mdebug \"x\" \u{202e}{}", "y".repeat(QUOTED_CHARS_MAX));
        let told = parse(line.as_bytes(), 1).expect_err("it is no answer").0;
        assert!(told.contains("carries a line that is no answer of the protocol"), "{told}");
        assert!(told.contains("\\u{1b}[31mdebug \"x\" \\u{202e}yyy"), "{told}");
        assert!(told.ends_with("y…") && told.chars().count() < 220, "{told}");
    }

    #[test]
    fn a_fault_is_neither_an_answer_nor_an_error() {
        let told = parse(br#"{"id":1,"fault":"it has no delete_file"}"#, 1);
        assert_eq!(told, Err(Nonsense("its adapter says: it has no delete_file".into())));
        assert!(parse(br#"{"id":1,"ok":null,"fault":"both"}"#, 1).is_err());
        let long = format!(r#"{{"id":1,"fault":"{}"}}"#, "x".repeat(2 * FAULT_CHARS_MAX));
        let told = parse(long.as_bytes(), 1).expect_err("it is no answer").0;
        assert!(told.chars().count() < FAULT_CHARS_MAX + 40, "{told}");
    }

    #[test]
    fn answers_of_the_wrong_type_are_broken_not_ok() {
        let read = Invocation::ReadFile { path: "a".into() };
        assert_eq!(outcome(&read, Ok(json!("aGk="))), Outcome::Ok(Reply::Data("hi".into())));
        assert!(matches!(outcome(&read, Ok(json!("not base64!"))), Outcome::Broken(_)));
        assert!(matches!(outcome(&read, Ok(Value::Null)), Outcome::Broken(_)));
        let exists = Invocation::Exists { path: "a".into() };
        assert!(matches!(outcome(&exists, Ok(json!("yes"))), Outcome::Broken(_)));
    }
}

//! A Rust backend as a subject: its name, its claims, and how to open it.

use std::path::Path;

use crashworthy::{Claims, Result, StorageBackend};
use serde_json::Value;

type ClaimsOf = dyn Fn(&Value) -> Claims + Send + Sync;
type Open = dyn Fn(&Path, &Value) -> Result<Box<dyn StorageBackend>> + Send + Sync;

/// What a Rust author hands to [`crate::certify_main!`].
pub struct Backend {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) recovers: bool,
    pub(crate) claims: Box<ClaimsOf>,
    pub(crate) open: Box<Open>,
}

impl Backend {
    /// A backend that `open` opens on an existing directory, given the options that the harness was
    /// asked to pass (an object, empty by default). It claims nothing yet.
    pub fn new<B: StorageBackend + 'static>(
        name: impl Into<String>,
        open: impl Fn(&Path, &Value) -> Result<B> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            version: String::new(),
            recovers: false,
            claims: Box::new(|_| Claims::new()),
            open: Box::new(move |root, options| Ok(Box::new(open(root, options)?))),
        }
    }

    /// States its version, for the certificate.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// States that [`StorageBackend::recover`] does something.
    #[must_use]
    pub fn recovers(mut self) -> Self {
        self.recovers = true;
        self
    }

    /// States what it documents, whatever the options.
    #[must_use]
    pub fn claims(self, claims: Claims) -> Self {
        self.claims_of(move |_| claims.clone())
    }

    /// States what it documents for the options that [`Backend::new`]'s `open` understands.
    #[must_use]
    pub fn claims_of(mut self, claims: impl Fn(&Value) -> Claims + Send + Sync + 'static) -> Self {
        self.claims = Box::new(claims);
        self
    }
}

impl Backend {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it documents when it is opened with `options`, an object.
    pub fn claims_with(&self, options: &Value) -> Claims {
        (self.claims)(options)
    }

    /// What it documents when it is opened without options.
    pub fn claims_by_default(&self) -> Claims {
        self.claims_with(&Value::Object(serde_json::Map::new()))
    }
}

//! A validated relative path: what every operation of the contract takes.
//!
//! Validation is lexical and the same on every machine, so a path that one backend accepts another
//! cannot misread. What the file system adds (symbolic links) is for the backend to contain.

use std::{fmt, str::FromStr};

/// Longest path component in bytes: `NAME_MAX` of Linux file systems.
const COMPONENT_BYTES_MAX: usize = 255;
/// Longest path in bytes: `PATH_MAX` of Linux less its terminating NUL.
const PATH_BYTES_MAX: usize = 4095;

/// A relative path of one or more components, separated by `/`.
///
/// No component is empty, `.`, `..`, longer than 255 bytes, or holds a NUL byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoragePath(String);

/// Why a path was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// The path has no component.
    #[error("the path is empty; name a file or directory below the root")]
    Empty,
    /// The path starts with `/`.
    #[error("{0:?} is absolute; paths are relative to the backend's root")]
    Absolute(String),
    /// A component is `..`.
    #[error("{0:?} has a `..` component, which could leave the root")]
    Parent(String),
    /// A component is empty or `.`, so that two spellings would name one file.
    #[error("{0:?} has an empty or `.` component; write each path in one way only")]
    NotCanonical(String),
    /// The path holds a NUL byte.
    #[error("{0:?} holds a NUL byte, which no file system can store")]
    Nul(String),
    /// A component is longer than 255 bytes.
    #[error("the component {component:?} has {bytes} bytes; the limit is {COMPONENT_BYTES_MAX}")]
    ComponentTooLong {
        /// The first such component.
        component: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The path is longer than 4095 bytes.
    #[error("the path has {0} bytes; the limit is {PATH_BYTES_MAX}")]
    TooLong(usize),
}

impl StoragePath {
    /// Validates `path`.
    pub fn new(path: impl Into<String>) -> Result<Self, InvalidPath> {
        let path = path.into();
        if path.is_empty() {
            return Err(InvalidPath::Empty);
        }
        if path.contains('\0') {
            return Err(InvalidPath::Nul(path));
        }
        if path.starts_with('/') {
            return Err(InvalidPath::Absolute(path));
        }
        if path.len() > PATH_BYTES_MAX {
            return Err(InvalidPath::TooLong(path.len()));
        }
        for component in path.split('/') {
            match component {
                ".." => return Err(InvalidPath::Parent(path)),
                "" | "." => return Err(InvalidPath::NotCanonical(path)),
                long if long.len() > COMPONENT_BYTES_MAX => {
                    return Err(InvalidPath::ComponentTooLong {
                        component: long.to_owned(),
                        bytes: long.len(),
                    });
                }
                _ => {}
            }
        }
        Ok(Self(path))
    }

    /// The path as text, components separated by `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory that holds this path, or `None` directly below the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The last component.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.as_str(), |(_, name)| name)
    }

    /// The components, from the root down; at least one.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl FromStr for StoragePath {
    type Err = InvalidPath;

    fn from_str(path: &str) -> Result<Self, InvalidPath> {
        Self::new(path)
    }
}

impl AsRef<std::path::Path> for StoragePath {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl fmt::Display for StoragePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

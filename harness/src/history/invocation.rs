//! An operation with its arguments: what a client asks of a subject.
//!
//! Paths are raw text on purpose. Containment is judged by sending what no honest client would.

use std::fmt;

use crashworthy::Operation;

use crate::subject::Bytes;

/// One call of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Invocation {
    /// Store `data` as the whole content of `path`.
    WriteFile {
        /// Relative path, unvalidated.
        path: String,
        /// The whole content.
        data: Bytes,
    },
    /// Return the content of `path`.
    ReadFile {
        /// Relative path, unvalidated.
        path: String,
    },
    /// Return the names of the files directly in `directory`.
    ListFiles {
        /// Relative path, unvalidated.
        directory: String,
    },
    /// Create `path` and its missing parents as directories.
    CreateDirectory {
        /// Relative path, unvalidated.
        path: String,
    },
    /// Whether `path` exists.
    Exists {
        /// Relative path, unvalidated.
        path: String,
    },
    /// Remove the file `path`.
    DeleteFile {
        /// Relative path, unvalidated.
        path: String,
    },
    /// Reclaim what crashed processes left behind.
    Recover,
}

impl Invocation {
    /// Which operation it is.
    pub fn operation(&self) -> Operation {
        match self {
            Self::WriteFile { .. } => Operation::WriteFile,
            Self::ReadFile { .. } => Operation::ReadFile,
            Self::ListFiles { .. } => Operation::ListFiles,
            Self::CreateDirectory { .. } => Operation::CreateDirectory,
            Self::Exists { .. } => Operation::Exists,
            Self::DeleteFile { .. } => Operation::DeleteFile,
            Self::Recover => Operation::Recover,
        }
    }

    /// The path or directory it is about; empty for `recover`.
    pub fn path(&self) -> &str {
        match self {
            Self::WriteFile { path, .. }
            | Self::ReadFile { path }
            | Self::CreateDirectory { path }
            | Self::Exists { path }
            | Self::DeleteFile { path } => path,
            Self::ListFiles { directory } => directory,
            Self::Recover => "",
        }
    }

    /// Whether it can change what is stored.
    pub fn is_change(&self) -> bool {
        matches!(
            self,
            Self::WriteFile { .. }
                | Self::CreateDirectory { .. }
                | Self::DeleteFile { .. }
                | Self::Recover
        )
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation())?;
        if let Self::Recover = self {
            return Ok(());
        }
        write!(f, " {:?}", self.path())?;
        if let Self::WriteFile { data, .. } = self {
            let plural = if data.len() == 1 { "" } else { "s" };
            write!(f, " ({} byte{plural})", data.len())?;
        }
        Ok(())
    }
}

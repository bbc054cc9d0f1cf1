//! A file that is written as a whole, or left as it was, whatever ends this process meanwhile.

use std::{
    fs::Permissions,
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use tempfile::Builder;

/// What a file that was written is to outlive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survives {
    /// The end of this process. Without a sync a write costs a run nothing that one could measure, and what a power
    /// loss takes of a run that goes on is lost with the run.
    Kill,
    /// A power loss, too: the result.
    PowerLoss,
}

/// Writes a file under a temporary name and then gives it its own.
///
/// # Errors
/// Those of `fill`, and of the system, which name no file.
pub(crate) fn write(
    path: &Path,
    survives: Survives,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    // A temporary file is its owner's alone; this one is everybody's whom the umask lets read.
    let file = Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent.unwrap_or(Path::new(".")))?;
    let mut out = BufWriter::new(file.as_file());
    fill(&mut out)?;
    out.flush()?;
    drop(out);
    if survives == Survives::PowerLoss {
        file.as_file().sync_all()?;
    }
    file.persist(path)?;
    Ok(())
}

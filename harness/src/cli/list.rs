//! `crashworthy list`.
use super::{Stop, args::List};
pub(super) fn list(_: &List) -> Result<u8, Stop> {
    Ok(0)
}

//! `crashworthy explain`.

use super::{Stop, args::Explain};
use crate::report::explain;

pub(super) fn explain(arguments: &Explain) -> Result<u8, Stop> {
    let guarantee = arguments.guarantee.parse().map_err(Stop::usage)?;
    anstream::println!("{}", explain::page(guarantee).trim_end());
    Ok(0)
}

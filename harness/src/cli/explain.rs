//! `crashworthy explain`.

use super::{
    Stop,
    args::{Explain, SCENARIO},
    print,
};
use crate::report::explain;

pub(super) fn explain(arguments: &Explain) -> Result<u8, Stop> {
    let page = if arguments.what == SCENARIO {
        explain::SCENARIO_FILES
    } else {
        explain::page(arguments.what.parse().map_err(Stop::usage)?)
    };
    print::text(&format!("{}\n", page.trim_end()))?;
    Ok(0)
}

//! `crashworthy list`.

use super::{
    Stop,
    args::{List, What},
    print,
};
use crate::{report::catalogue, scenario, subject};

pub(super) fn list(arguments: &List) -> Result<u8, Stop> {
    let text = match arguments.what {
        What::Guarantees => catalogue::guarantees(arguments.format),
        What::Scenarios => catalogue::scenarios(&scenario::builtin::all(), arguments.format),
        What::Backends => catalogue::backends(&subject::backends(), arguments.format),
    };
    print::text(&format!("{}\n", text.trim_end()))?;
    Ok(0)
}

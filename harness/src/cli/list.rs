//! `crashworthy list`.

use super::args::{List, What};
use crate::{report::catalogue, scenario, subject};

pub(super) fn list(arguments: &List) -> u8 {
    let text = match arguments.what {
        What::Guarantees => catalogue::guarantees(arguments.format),
        What::Scenarios => catalogue::scenarios(&scenario::builtin::all(), arguments.format),
        What::Backends => catalogue::backends(&subject::backends(), arguments.format),
    };
    anstream::println!("{}", text.trim_end());
    0
}

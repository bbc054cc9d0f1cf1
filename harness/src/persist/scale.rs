//! What a large workload may cost. Enumeration that is quadratic in the length of a recording is not
//! noticed on small ones.

use std::{iter, time::Duration};

use rustix::time::{ClockId, clock_gettime};

use super::{Limits, Order, Recording, STRICT, Sync, Walk};
use crate::history::{Node, Tree};

const OPERATIONS: usize = 1000;
/// A tenth of it is usual on a slow machine; what is quadratic takes minutes.
const USED_MAX: Duration = Duration::from_secs(20);

/// How long this thread has been at work, whatever else the machine does meanwhile.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("it does not run backwards")
}

/// Replaces files of a full directory, as careful stores do, under an entry that stays pending to the end.
fn replacing() -> Recording {
    let tree: Tree = (0..OPERATIONS)
        .map(|file| (format!("store/{file}"), Node::File(vec![b'o'; 5000].into())))
        .collect();
    let mut recording = Recording::new(&tree);
    let store = recording.resolve("store").unwrap();
    recording.create("lock").unwrap();
    let log = recording.create("store/log").unwrap();
    for operation in 0..OPERATIONS {
        let file = recording.create("store/tmp").unwrap();
        for _ in 0..3 {
            recording.append(file, operation.to_string().repeat(1000).as_bytes()).unwrap();
        }
        recording.sync(Sync::Fsync(file));
        recording.rename("store/tmp", &format!("store/{operation}")).unwrap();
        recording.sync(Sync::Fsync(store));
        recording.append(log, b"published\n").unwrap();
        recording.sync(Sync::Fdatasync(log));
        recording.acknowledge(operation);
    }
    recording
}

/// All states at all points.
fn enumerate(recording: &Recording) -> usize {
    let order = Order::new(recording, &STRICT);
    let mut walk = Walk::new(recording, &order);
    let mut found = 0;
    for point in recording.points() {
        let mut states = walk.states(point, Limits::seeded(0));
        while states.advance().is_some() {
            found += 1;
        }
    }
    found
}

#[test]
fn ten_thousand_calls_are_enumerated_in_seconds() {
    let started = used();
    let recording = replacing();
    let recorded = used().saturating_sub(started);
    let found = enumerate(&recording);
    let elapsed = used().saturating_sub(started);
    println!(
        "{} calls, {} points, {found} states in {elapsed:?}, of which {recorded:?} recording",
        recording.calls().len(),
        recording.points().len(),
    );
    assert!(found > 10 * recording.points().len(), "{found} states are too few to tell");
    assert!(elapsed < USED_MAX, "{elapsed:?} for {found} states");
}

/// A store that never syncs its directory: every rename stays pending under the next one.
#[test]
fn a_thousand_pending_renames_of_one_name_are_enumerated_in_seconds() {
    let mut recording = Recording::new(&Tree::default());
    recording.mkdir("store").unwrap();
    for operation in 0..OPERATIONS {
        let file = recording.create("store/tmp").unwrap();
        recording.append(file, b"text").unwrap();
        recording.sync(Sync::Fsync(file));
        recording.rename("store/tmp", &format!("store/{operation}")).unwrap();
    }
    let order = Order::new(&recording, &STRICT);
    let started = used();
    let mut states = Walk::new(&recording, &order).states(recording.end(), Limits::seeded(0));
    let found = iter::from_fn(|| states.advance()).count();
    assert_eq!(found, 2 * OPERATIONS + 2, "each entry more, after the directory, after nothing");
    let elapsed = used().saturating_sub(started);
    println!("{found} states of {OPERATIONS} pending renames in {elapsed:?}");
    assert!(elapsed < USED_MAX, "{elapsed:?} for {found} states");
}

//! Properties of the enumeration that hold for every recording, on random ones. The oracle is a second,
//! naive interpreter that walks all legal orders step by step and shares nothing with the enumeration but
//! the order itself; what does not depend on the order is checked without it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::{
    BTRFS, Bound, CrashState, EXT4, Effect, InodeId, Limits, MODELS, Model, OperationId, Order,
    PAGE_BYTES, Point, Recording, STRICT, States, Walk, XFS,
    litmus::{record, show},
};
use crate::{
    history::{Attributes, Node, Tree},
    subject::Bytes,
};

const FILES: [&str; 4] = ["a", "b", "d/a", "e/c"];
/// Texts that stay within a page, meet another one, and span two.
const TEXTS: [&str; 4] = ["x", "yyy", "z*4096", "v*5000"];

fn settled() -> Tree {
    let file = |text: &str| Node::File(Bytes::from(text));
    let long = Node::File(Bytes::from(vec![b'o'; 6000]));
    let entries =
        [("a", long), ("d", Node::Directory), ("d/a", file("old")), ("s", file("synced"))];
    let mut tree: Tree = entries.into_iter().map(|(path, node)| (path.to_owned(), node)).collect();
    tree.attributes.insert("a".into(), Attributes::from([("n".into(), "old".into())]));
    tree
}

fn file() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&FILES[..])
}

fn change() -> impl Strategy<Value = String> {
    let text = || proptest::sample::select(&TEXTS[..]);
    let at = proptest::sample::select(&[0_u64, 2, 4095, 4096][..]);
    let carrier = || proptest::sample::select(&["a", "b", "d"][..]);
    let size = proptest::sample::select(&[0_u64, 1, 4096, 5000, 9000][..]);
    prop_oneof![
        3 => file().prop_map(|path| format!("create {path}")),
        2 => file().prop_map(|path| format!("open-truncated {path}")),
        4 => (file(), at, text()).prop_map(|(path, at, text)| format!("write {path} {at} {text}")),
        2 => (file(), text()).prop_map(|(path, text)| format!("append {path} {text}")),
        2 => (file(), size).prop_map(|(path, size)| format!("truncate {path} {size}")),
        4 => (file(), file()).prop_map(|(from, to)| format!("rename {from} {to}")),
        1 => (file(), file()).prop_map(|(one, other)| format!("exchange {one} {other}")),
        1 => (file(), file()).prop_map(|(from, to)| format!("link {from} {to}")),
        2 => file().prop_map(|path| format!("unlink {path}")),
        2 => Just("mkdir e".to_owned()),
        1 => Just("rmdir e".to_owned()),
        1 => Just("rename d e".to_owned()),
        1 => Just("symlink a l".to_owned()),
        2 => (carrier(), text()).prop_map(|(path, text)| format!("set-attribute {path} n {text}")),
        1 => carrier().prop_map(|path| format!("remove-attribute {path} n")),
    ]
}

fn sync() -> impl Strategy<Value = String> {
    let synced = || proptest::sample::select(&["a", "b", "d/a", "e/c", "d", "e", "/"][..]);
    prop_oneof![
        4 => synced().prop_map(|path| format!("fsync {path}")),
        2 => synced().prop_map(|path| format!("fdatasync {path}")),
        1 => file().prop_map(|path| format!("write-sync {path} 0 s")),
        1 => file().prop_map(|path| format!("write-dsync {path} 4096 s")),
        1 => file().prop_map(|path| format!("msync {path} 0 10")),
        1 => file().prop_map(|path| format!("sync-file-range {path} 0 0")),
        1 => Just("sync".to_owned()),
    ]
}

fn failed_sync() -> impl Strategy<Value = String> {
    file().prop_map(|path| format!("fail-sync {path}"))
}

fn calls(max: usize) -> impl Strategy<Value = Vec<String>> {
    let call = prop_oneof![16 => change(), 4 => sync(), 1 => failed_sync()];
    proptest::collection::vec(call, 0..=max)
}

/// Records what is possible of the calls, and the live tree after each.
fn recorded(calls: &[String]) -> (Recording, Vec<Tree>) {
    let mut recording = Recording::new(&settled());
    let mut live = vec![recording.live_tree()];
    for call in calls {
        // What cannot succeed is refused, as a kernel would refuse it.
        if record(&mut recording, &mut BTreeMap::new(), call).is_ok() {
            live.push(recording.live_tree());
        }
    }
    (recording, live)
}

/// Workloads of the length used here stay below it.
const STATES_MAX: usize = 20_000;

fn everything() -> Limits {
    Limits { exhaustive_states_max: STATES_MAX, ..Limits::seeded(0) }
}

/// A crash state with its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    missing: BTreeSet<OperationId>,
    digest: [u8; 32],
    tree: Tree,
}

fn collect(mut states: States<'_>, max: usize) -> Vec<Found> {
    let mut found = Vec::new();
    while found.len() < max
        && let Some(state) = states.advance()
    {
        let CrashState { missing, digest } = state;
        found.push(Found { missing, digest, tree: states.tree() });
    }
    found
}

/// All states at a point; none if there are too many to be worth it.
fn states(recording: &Recording, model: &Model, point: Point) -> Option<Vec<Found>> {
    let order = Order::new(recording, model);
    let states = States::new(recording, &order, point, everything());
    matches!(states.bound(), Bound::Exhaustive { .. }).then(|| collect(states, usize::MAX))
}

fn trees(states: &[Found]) -> BTreeSet<String> {
    states.iter().map(|state| show(&state.tree)).collect()
}

/// The naive interpreter: flat files, and directory entries in one map.
fn replay(recording: &Recording, settled: &Tree, persisted: impl Fn(usize) -> bool) -> Tree {
    // The numbers that the recording gave the settled inodes, by resolving their paths.
    let start = Recording::new(settled);
    let mut files: BTreeMap<InodeId, (Vec<u8>, u64)> = BTreeMap::new();
    let mut entries: BTreeMap<(InodeId, String), InodeId> = BTreeMap::new();
    let mut carried: BTreeMap<InodeId, Attributes> = BTreeMap::new();
    for (path, attributes) in &settled.attributes {
        carried.insert(start.resolve(path).unwrap(), attributes.clone());
    }
    for (path, node) in &settled.nodes {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let inode = start.resolve(path).unwrap();
        entries.insert((start.resolve(parent).unwrap(), name.to_owned()), inode);
        if let Node::File(content) = node {
            files.insert(inode, (content.to_vec(), content.len() as u64));
        }
    }
    for (place, operation) in recording.operations().iter().enumerate() {
        if !persisted(place) {
            continue;
        }
        match &operation.effect {
            Effect::Data { inode, page, offset, bytes, .. } => {
                let (content, _) = files.entry(*inode).or_default();
                let start = (page * PAGE_BYTES) as usize + offset;
                content.resize(content.len().max(start + bytes.len()), 0);
                content[start..start + bytes.len()].copy_from_slice(bytes);
            }
            Effect::Size { inode, size, .. } => files.entry(*inode).or_default().1 = *size,
            Effect::Discard { inode, from } => {
                files.entry(*inode).or_default().0.truncate(*from as usize);
            }
            Effect::Insert { directory, name, inode, .. } => {
                entries.insert((*directory, name.to_string()), *inode);
            }
            Effect::Remove { directory, name, .. } => {
                entries.remove(&(*directory, name.to_string()));
            }
            Effect::Attribute { inode, name, value } => {
                let carried = carried.entry(*inode).or_default();
                carried.remove(&**name);
                carried.extend(value.clone().map(|value| (name.to_string(), value)));
            }
        }
    }
    let mut tree = Tree::default();
    let mut open = VecDeque::from([(recording.resolve("").unwrap(), String::new())]);
    while let Some((directory, prefix)) = open.pop_front() {
        for ((_, name), inode) in entries.iter().filter(|((parent, _), _)| *parent == directory) {
            let path = format!("{prefix}{name}");
            let node = if recording.is_directory(*inode) {
                open.push_back((*inode, format!("{path}/")));
                Node::Directory
            } else if name == "l" {
                Node::Symlink("a".to_owned())
            } else {
                let (mut content, size) = files.get(inode).cloned().unwrap_or_default();
                content.resize(size as usize, 0);
                Node::File(content.into())
            };
            if let Some(attributes) = carried.get(inode).filter(|carried| !carried.is_empty()) {
                tree.attributes.insert(path.clone(), attributes.clone());
            }
            tree.nodes.insert(path, node);
        }
    }
    tree
}

/// Every set of units that some legal order has persisted at some moment, by taking each step that is
/// legal from each set that was reached.
fn legal(order: &Order) -> Option<BTreeSet<Vec<bool>>> {
    let durable: Vec<bool> = order.units.iter().map(|unit| unit.durable_after.is_some()).collect();
    let mut reached = BTreeSet::from([durable.clone()]);
    let mut open = vec![durable];
    while let Some(set) = open.pop() {
        for (place, unit) in order.units.iter().enumerate() {
            if !set[place] && unit.after_at(usize::MAX).all(|earlier| set[earlier]) {
                let mut next = set.clone();
                next[place] = true;
                if reached.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        if reached.len() > STATES_MAX {
            return None;
        }
    }
    Some(reached)
}

/// Directory structure without contents.
fn names(tree: &Tree) -> Vec<(&String, bool)> {
    tree.nodes.iter().map(|(path, node)| (path, matches!(node, Node::Directory))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_state_is_explained_by_a_legal_order_and_the_reverse(calls in calls(6)) {
        let (recording, _) = recorded(&calls);
        for model in MODELS {
            let order = Order::new(&recording, model);
            let (Some(found), Some(legal)) =
                (states(&recording, model, recording.end()), legal(&order)) else { continue };
            let mut explained = BTreeSet::new();
            for set in legal {
                let persisted = |place| {
                    let unit = order.units.iter().position(|unit| unit.operations.contains(&place));
                    set[unit.unwrap()]
                };
                explained.insert(show(&replay(&recording, &settled(), persisted)));
            }
            prop_assert_eq!(found.len(), explained.len(), "each tree once");
            prop_assert_eq!(trees(&found), explained, "{}", model.name);
            for state in found {
                let persisted = |place| !state.missing.contains(&OperationId(place));
                prop_assert_eq!(replay(&recording, &settled(), persisted), state.tree);
            }
        }
    }

    #[test]
    fn with_nothing_missing_it_is_the_live_tree(calls in calls(8)) {
        let (recording, live) = recorded(&calls);
        for model in MODELS {
            let order = Order::new(&recording, model);
            let mut walk = Walk::new(&recording, &order);
            let there = recording.points().into_iter();
            for point in there.chain(recording.points().into_iter().rev()) {
                let alone = States::new(&recording, &order, point, Limits::seeded(0));
                let walked = walk.states(point, Limits::seeded(0));
                let (alone, walked) = (collect(alone, 50), collect(walked, 50));
                prop_assert_eq!(&alone, &walked, "a walk gives the same states");
                prop_assert!(alone[0].missing.is_empty());
                prop_assert_eq!(&alone[0].tree, &live[point.calls]);
            }
        }
    }

    /// By the digest: states that differ differ there, and the same tree has the same one at any point and
    /// under any model, however it was come by.
    #[test]
    fn digests_tell_trees_apart_across_points_and_models(calls in calls(5)) {
        let (recording, _) = recorded(&calls);
        let mut digests = BTreeMap::new();
        let mut shown = BTreeMap::new();
        for model in MODELS {
            for point in recording.points() {
                for Found { digest, tree, .. } in states(&recording, model, point).unwrap_or_default() {
                    let tree = show(&tree);
                    prop_assert_eq!(*digests.entry(tree.clone()).or_insert(digest), digest);
                    prop_assert_eq!(shown.entry(digest).or_insert_with(|| tree.clone()), &tree);
                }
            }
        }
    }

    /// Nothing is missed by looking only at what a call has added, as long as no sync fails.
    #[test]
    fn what_lies_beyond_a_point_and_what_was_there_is_all(calls in calls(6)) {
        let calls: Vec<String> =
            calls.into_iter().filter(|call| !call.starts_with("fail-sync")).collect();
        let (recording, _) = recorded(&calls);
        for model in MODELS {
            let order = Order::new(&recording, model);
            let mut walk = Walk::new(&recording, &order);
            let mut before: BTreeSet<[u8; 32]> = BTreeSet::new();
            let mut latest = None;
            for point in recording.points() {
                let all = walk.states(point, Limits::seeded(0));
                prop_assume!(matches!(all.bound(), Bound::Exhaustive { .. }));
                let all: BTreeSet<_> = collect(all, 5000).into_iter().map(|s| s.digest).collect();
                let beyond = walk.states(point, Limits::seeded(0));
                let beyond = match latest {
                    Some(calls) => beyond.beyond(calls),
                    None => beyond,
                };
                let beyond = collect(beyond, 5000).into_iter().map(|state| state.digest);
                let found: BTreeSet<_> = before.iter().copied().chain(beyond).collect();
                prop_assert!(all.is_subset(&found), "{} at {point:?}", model.name);
                (before, latest) = (all, Some(point.calls));
            }
        }
    }

    /// Every set of micro-operations is asked for: those that enumeration knows by ideals, and no others.
    #[test]
    fn one_state_can_be_asked_for(calls in calls(5)) {
        let (recording, _) = recorded(&calls);
        prop_assume!(recording.operations().len() <= 10);
        for model in MODELS {
            let order = Order::new(&recording, model);
            let mut walk = Walk::new(&recording, &order);
            let (end, Some(legal)) = (recording.end(), legal(&order)) else { continue };
            for bits in 0..2_u32.pow(recording.operations().len() as u32) {
                let missing: BTreeSet<OperationId> = (0..recording.operations().len())
                    .filter(|place| bits & (1 << place) != 0).map(OperationId).collect();
                let set: Vec<bool> = order.units.iter().map(|unit| {
                    !unit.operations.clone().any(|place| missing.contains(&OperationId(place)))
                }).collect();
                let is_split = order.units.iter().zip(&set).any(|(unit, persists)| {
                    let lost = unit.operations.clone().filter(|place| missing.contains(&OperationId(*place)));
                    !persists && lost.count() < unit.operations.len()
                });
                let expected = (!is_split && legal.contains(&set)).then(|| {
                    replay(&recording, &settled(), |place| !missing.contains(&OperationId(place)))
                });
                prop_assert_eq!(walk.state(end, &missing), expected, "{}: {:?}", model.name, missing);
            }
            let beyond = BTreeSet::from([OperationId(recording.operations().len())]);
            prop_assert_eq!(walk.state(end, &beyond), None);
            for point in recording.points() {
                for state in states(&recording, model, point).unwrap_or_default() {
                    prop_assert_eq!(walk.state(point, &state.missing), Some(state.tree));
                }
                if let Some(later) = order.units.iter().find(|unit| unit.call >= point.calls) {
                    let later = later.operations.clone().map(OperationId).collect();
                    prop_assert_eq!(walk.state(point, &later), None, "it has not happened");
                }
            }
        }
    }

    #[test]
    fn what_comes_later_changes_nothing(calls in calls(6)) {
        let (recording, _) = recorded(&calls);
        for model in MODELS {
            let mut earlier = Recording::new(&settled());
            let mut ends = vec![earlier.end()];
            let mut stopped = vec![earlier.clone()];
            for call in &calls {
                if record(&mut earlier, &mut BTreeMap::new(), call).is_ok() {
                    ends.push(earlier.end());
                    stopped.push(earlier.clone());
                }
            }
            for (point, stopped) in ends.into_iter().zip(stopped) {
                let in_passing = states(&recording, model, point);
                prop_assert_eq!(in_passing, states(&stopped, model, point), "{}", model.name);
            }
        }
    }

    #[test]
    fn every_other_model_allows_only_what_strict_allows(calls in calls(6)) {
        let (recording, _) = recorded(&calls);
        for point in recording.points() {
            let Some(strict) = states(&recording, &STRICT, point) else { continue };
            for model in [&EXT4, &XFS, &BTRFS] {
                let found = states(&recording, model, point).unwrap();
                let (strict, found) = (trees(&strict), trees(&found));
                let more: Vec<_> = found.difference(&strict).collect();
                prop_assert!(more.is_empty(), "{}: {more:?}", model.name);
            }
        }
    }

    /// Independent of the order's edges: one journal keeps the order of directory operations, so the
    /// names are those of some moment of the run.
    #[test]
    fn journals_show_names_as_they_once_were(calls in calls(8)) {
        let (recording, live) = recorded(&calls);
        for model in [&EXT4, &XFS] {
            for state in states(&recording, model, recording.end()).unwrap_or_default() {
                let once = live.iter().any(|live| names(live) == names(&state.tree));
                prop_assert!(once, "{}: {}", model.name, show(&state.tree));
            }
        }
    }

    #[test]
    fn what_was_synced_completely_is_in_every_state(before in calls(3), after in calls(4)) {
        for model in MODELS {
            // All at once.
            let mut all = before.clone();
            all.retain(|call| !call.starts_with("fail-sync"));
            all.push("sync".to_owned());
            let (recording, _) = recorded(&all);
            let found = states(&recording, model, recording.end()).unwrap();
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(&found[0].tree, &recording.live_tree());

            // By the book, one file; nothing else touches it.
            let book = ["write s 0 v*5000", "fsync s", "rename s kept", "fsync /"].map(str::to_owned);
            let all: Vec<String> = before.iter().chain(&book).chain(&after).cloned().collect();
            let (recording, live) = recorded(&all);
            let kept = live.iter().find_map(|tree| tree.nodes.get("kept")).unwrap();
            for state in states(&recording, model, recording.end()).unwrap_or_default() {
                prop_assert_eq!(state.tree.nodes.get("kept"), Some(kept), "{}", model.name);
                prop_assert_eq!(state.tree.nodes.get("s"), None);
            }
        }
    }

    #[test]
    fn more_syncs_never_give_more_states(calls in calls(6), extra in sync(), at in 0..7_usize) {
        // A write through O_SYNC is a write besides.
        prop_assume!(!extra.starts_with("write"));
        let mut more = calls.clone();
        more.insert(at.min(calls.len()), extra);
        let ((fewer, _), (more, _)) = (recorded(&calls), recorded(&more));
        for model in MODELS {
            let Some(without) = states(&fewer, model, fewer.end()) else { continue };
            let with = states(&more, model, more.end()).unwrap();
            prop_assert!(trees(&with).is_subset(&trees(&without)), "{}", model.name);
        }
    }

    #[test]
    fn a_failed_sync_never_makes_states_fewer(calls in calls(6), failed in failed_sync(), at in 0..7_usize) {
        let mut more = calls.clone();
        more.insert(at.min(calls.len()), failed);
        let ((without, _), (with, _)) = (recorded(&calls), recorded(&more));
        for model in MODELS {
            let Some(with) = states(&with, model, with.end()) else { continue };
            let without = states(&without, model, without.end()).unwrap();
            let (with, without) = (trees(&with), trees(&without));
            prop_assert!(without.is_subset(&with), "{}", model.name);
        }
    }

    /// Whatever was attempted before and in between: a page that is not written again is never sure.
    #[test]
    fn after_a_failed_sync_only_writing_again_helps(before in calls(3), syncs in proptest::collection::vec(sync(), 0..4)) {
        let settled_again = ["sync", "write s 0 v*5000", "fail-sync s"].map(str::to_owned);
        let start: Vec<String> = before.iter().chain(&settled_again).cloned().collect();
        let shows = |page: usize, calls: &[&[String]], model: &Model| {
            let (recording, _) = recorded(&calls.concat());
            let found = states(&recording, model, recording.end()).unwrap();
            let texts: BTreeSet<Vec<u8>> = found.iter().filter_map(|state| match state.tree.nodes.get("s") {
                Some(Node::File(content)) => Some(content.iter().copied().skip(page * 4096).take(6).collect()),
                _ => None,
            }).collect();
            texts
        };
        // None of them touches the file.
        let all = ["fsync s", "fsync /", "fdatasync s", "sync"].map(str::to_owned);
        let again = ["write s 0 w", "fsync s"].map(str::to_owned);
        for model in MODELS {
            let retried = shows(0, &[&start, &syncs, &all], model);
            prop_assert_eq!(retried, BTreeSet::from([b"synced".to_vec(), b"vvvvvv".to_vec()]));
            // The page as a whole, and that page only.
            let written = [&start[..], &syncs, &again, &all];
            prop_assert_eq!(shows(0, &written, model), BTreeSet::from([b"wvvvvv".to_vec()]));
            let other = BTreeSet::from([b"\0\0\0\0\0\0".to_vec(), b"vvvvvv".to_vec()]);
            prop_assert_eq!(shows(1, &written, model), other);
        }
    }

    #[test]
    fn bounded_enumeration_is_a_deterministic_part_of_all_states(calls in calls(8), seed: u64) {
        let (recording, _) = recorded(&calls);
        let few = Limits { exhaustive_states_max: 30, distance_max: 2, samples: 20, seed };
        for model in MODELS {
            let Some(all) = states(&recording, model, recording.end()) else { continue };
            let order = Order::new(&recording, model);
            let bounded = || States::new(&recording, &order, recording.end(), few);
            let bound = bounded().bound();
            let found = collect(bounded(), usize::MAX);
            prop_assert_eq!(&found, &collect(bounded(), usize::MAX));
            let (all, found) = (trees(&all), trees(&found));
            prop_assert!(found.is_subset(&all));
            if matches!(bound, Bound::Exhaustive { .. }) {
                prop_assert_eq!(found, all);
            } else {
                let durable = |place| {
                    order.unit_of(OperationId(place)).unwrap().durable_after.is_some()
                };
                // Nothing kept but what is durable.
                prop_assert!(found.contains(&show(&replay(&recording, &settled(), durable))));
                prop_assert!(found.contains(&show(&recording.live_tree())));
            }
        }
    }
}

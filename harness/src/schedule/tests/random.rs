//! Random schedules are a function of their seed.

use super::toy::{Call, Program, Ran};
use crate::schedule::{Explorer, Random, Schedule};

fn schedules(seed: u64) -> Vec<Schedule> {
    let program = Program::new([&[Call::Read(0); 4], &[Call::Write(0); 4], &[Call::Read(0); 4]]);
    program.explore(&mut Random::new(seed, 50)).0.iter().map(Ran::schedule).collect()
}

#[test]
fn a_seed_gives_the_same_schedules_again_and_another_one_others() {
    assert_eq!(schedules(1).len(), 50);
    assert_eq!(schedules(1), schedules(1));
    assert_ne!(schedules(1), schedules(2));
}

#[test]
fn it_comes_by_every_order_of_a_few_steps() {
    let program = Program::new([&[Call::Write(0); 2], &[Call::Write(0); 2]]);
    let mut random = Random::new(0, 200);
    let (all, _) = program.explore(&mut random);
    let mut schedules: Vec<_> = all.iter().map(Ran::schedule).collect();
    schedules.sort();
    schedules.dedup();
    assert_eq!(schedules.len(), 6);
    assert_eq!(random.bound(), "200 random orders");
    assert!(!random.is_complete());
}

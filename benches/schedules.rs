//! What a schedule costs.
use crashworthy_harness::{
    explore::schedules::explore,
    fault::Among,
    history::Invocation,
    scenario::{Actor, Scenario},
    schedule::{Actor as A, Decision, Explorer, Run},
    subject::{self, Subject},
};
use std::time::Instant;
struct Rnd(u64, usize);
impl Explorer for Rnd {
    fn choose(&mut self, d: &Decision<'_>) -> Option<A> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Some(d.enabled[(self.0 % d.enabled.len() as u64) as usize])
    }
    fn learn(&mut self, _: &Run) -> bool {
        self.1 -= 1;
        self.1 > 0
    }
    fn is_complete(&self) -> bool {
        false
    }
    fn bound(&self) -> String {
        String::new()
    }
}
fn main() {
    subject::become_worker_if_asked(&subject::backends());
    for (name, among) in [
        ("fs:documented", Among::Processes),
        ("fs", Among::Processes),
        ("fs:documented", Among::Threads),
        ("fs", Among::Threads),
    ] {
        let w = |d: &str| Invocation::WriteFile { path: "blocks/a.bin".into(), data: d.into() };
        let actors = vec![
            Actor { name: "one".into(), operations: vec![w("first")] },
            Actor { name: "two".into(), operations: vec![w("second!")] },
        ];
        let scenario =
            Scenario { name: "b".into(), set_up: vec![w("old")], actors, ..Scenario::default() };
        let subject = Subject::of_this_executable(name).unwrap();
        let mut n = 0;
        let mut steps = 0;
        let t = Instant::now();
        explore(
            &subject,
            &scenario,
            among,
            &mut Rnd(88172645463325252, 1000),
            &mut |run, ev, trace| {
                if n == 0 {
                    for s in &run.steps {
                        println!("{} {:?}", s.actor, s.touches.iter().collect::<Vec<_>>());
                    }
                    for e in &trace.events {
                        println!("{} {} {} {:?}", e.actor, e.call, e.path, e.to);
                    }
                    for e in &ev.history {
                        println!("{:?}", e);
                    }
                }
                n += 1;
                steps += run.steps.len();
                true
            },
        )
        .unwrap();
        println!("{name} {among}: {n} runs, {steps} steps, {:?} per run", t.elapsed() / n);
    }
}

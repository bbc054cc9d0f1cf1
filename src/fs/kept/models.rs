//! loom: the directory behind a kept handle is removed while two threads use it. Everybody ends up with a living
//! handle, and nobody opens a directory that somebody has opened already.

use std::io;

use loom::thread;

use super::{Arc, Kept, Mutex};

/// A handle, and in which of its lives the directory was opened.
struct Handle {
    life: usize,
}

/// A directory that somebody else may remove, which at once stands for the next one in its place.
#[derive(Default)]
struct Place(Mutex<Lives>);

#[derive(Default)]
struct Lives {
    current: usize,
    opened: Vec<usize>,
}

impl Place {
    fn open(&self) -> Handle {
        let mut lives = self.0.lock().unwrap();
        let life = lives.current;
        lives.opened.push(life);
        Handle { life }
    }

    fn remove(&self) {
        self.0.lock().unwrap().current += 1;
    }

    fn is_alive(&self, handle: &Handle) -> bool {
        self.0.lock().unwrap().current == handle.life
    }
}

trait Keeps: Default + Send + Sync + 'static {
    fn get(&self, make: impl FnOnce() -> io::Result<Handle>) -> io::Result<Arc<Handle>>;
    fn forget(&self, dead: &Arc<Handle>);
}

impl Keeps for Kept<Handle> {
    fn get(&self, make: impl FnOnce() -> io::Result<Handle>) -> io::Result<Arc<Handle>> {
        self.get(make)
    }

    fn forget(&self, dead: &Arc<Handle>) {
        self.forget(dead);
    }
}

/// What `create_temp` does: one that turns out to be dead is forgotten, and the next one used.
fn use_it(kept: &impl Keeps, place: &Place) {
    loop {
        let handle = kept.get(|| Ok(place.open())).unwrap();
        if place.is_alive(&handle) {
            return;
        }
        kept.forget(&handle);
    }
}

fn model<K: Keeps>() {
    loom::model(|| {
        let shared = Arc::new((K::default(), Place::default()));
        let users: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || use_it(&shared.0, &shared.1))
            })
            .collect();
        shared.1.remove();
        for user in users {
            user.join().unwrap();
        }
        let opened = shared.1.0.lock().unwrap().opened.clone();
        assert!(opened.is_sorted_by(|one, next| one < next), "opened twice: {opened:?}");
    });
}

#[test]
fn a_handle_is_opened_once_in_each_life_of_its_directory() {
    model::<Kept<Handle>>();
}

/// Wrong: two find nothing, and both make one.
#[derive(Default)]
struct Unlocked(Kept<Handle>);

impl Keeps for Unlocked {
    fn get(&self, make: impl FnOnce() -> io::Result<Handle>) -> io::Result<Arc<Handle>> {
        if let Some(value) = self.0.held().as_ref() {
            return Ok(Arc::clone(value));
        }
        let made = Arc::new(make()?);
        *self.0.held() = Some(Arc::clone(&made));
        Ok(made)
    }

    fn forget(&self, dead: &Arc<Handle>) {
        self.0.forget(dead);
    }
}

#[test]
#[should_panic(expected = "opened twice")]
fn a_look_without_the_lock_is_convicted() {
    model::<Unlocked>();
}

/// Wrong: forgets what somebody else has made in the meantime.
#[derive(Default)]
struct Undiscerning(Kept<Handle>);

impl Keeps for Undiscerning {
    fn get(&self, make: impl FnOnce() -> io::Result<Handle>) -> io::Result<Arc<Handle>> {
        self.0.get(make)
    }

    fn forget(&self, _: &Arc<Handle>) {
        *self.0.held() = None;
    }
}

#[test]
#[should_panic(expected = "opened twice")]
fn forgetting_whatever_is_there_is_convicted() {
    model::<Undiscerning>();
}

//! Rebuilds the package when a scenario is added or removed: they are embedded in the binary, and
//! the compiler tracks only the files that it found there the last time.

fn main() {
    println!("cargo::rerun-if-changed=../scenarios");
}

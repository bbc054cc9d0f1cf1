//! What a write, an overwrite, a read and a delete cost, with the reference backend and with what one would otherwise
//! use, at equal guarantees side by side: `write/1-KiB/1-writer/3-durable/fs,file-and-directory`.
//!
//! All in one run and on one disk (`CRASHWORTHY_BENCH_DIR` names another one), each in a fresh directory. Figures only
//! mean something as ratios within one run; where the machine is not at rest, `--example turns` of this
//! package, which takes turns in short rounds, says more than two figures that are minutes apart.

use std::time::Duration;

use crashworthy_benches::{Job, Load, Place, Size, peers};
use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use strum::VariantArray;

/// How many write at once.
const WRITERS: [u64; 2] = [1, 4];
/// Measured for so long: there are hundreds of them, and a durable write takes milliseconds.
const MEASURED: Duration = Duration::from_millis(500);
const WARM_UP: Duration = Duration::from_millis(100);

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(WARM_UP).measurement_time(MEASURED);
    targets = throughput
}
criterion_main!(benches);

fn throughput(criterion: &mut Criterion) {
    for job in Job::VARIANTS {
        for size in Size::VARIANTS {
            for writers in WRITERS {
                let plural = if writers == 1 { "" } else { "s" };
                compare(criterion, &format!("{job}/{size}/{writers}-writer{plural}"), |peer| {
                    (job.step(peer), *job, *size, writers)
                });
            }
        }
    }
}

fn compare(
    criterion: &mut Criterion,
    name: &str,
    what: impl Fn(&crashworthy_benches::Peer) -> (String, Job, Size, u64),
) {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    let mut peers = peers();
    peers.sort_by_cached_key(|peer| (what(peer).0, peer.name.clone()));
    for peer in &peers {
        let (step, job, size, writers) = what(peer);
        group.throughput(Throughput::Bytes(size.bytes() as u64 * writers));
        // Opened only where it is run: a filter leaves the others alone.
        group.bench_function(BenchmarkId::new(step, &peer.name), |bencher| {
            let place = Place::new().expect("the directory to measure in can be written");
            let backend = peer.open(place.path()).expect("the peer opens a fresh directory");
            let mut load = Load::new(backend, job, size, writers).expect("the peer writes");
            bencher.iter_custom(|count| load.run(count).expect("the peer works"));
        });
    }
    group.finish();
}

//! The reference backend, in every durability, verification and strategy that it has.

use super::{
    Durability, FsBackend, FsOptions, Keeps, Peer, Profile, Strategy, VariantArray, Verification,
};

pub(super) fn peers() -> Vec<Peer> {
    let durable = FsOptions::new();
    let hardened = Durability::VARIANTS.iter().map(|durability| {
        let (writes, deletes) = match durability {
            Durability::None => (Keeps::WholeAfterKill, Keeps::WholeAfterKill),
            // A delete is one unlink of a file that was synced.
            Durability::File => (Keeps::WholeAfterPowerLoss, Keeps::WholeAfterPowerLoss),
            Durability::FileAndDirectory => (Keeps::Durable, Keeps::Durable),
        };
        reference(format!("fs,{durability}"), durable.durability(*durability), (writes, deletes))
    });
    let verified = [Verification::ReadBack, Verification::Checksum].map(|verification| {
        let options = durable.verification(verification);
        Peer {
            checks_reads: verification == Verification::Checksum,
            ..reference(format!("fs,{verification}"), options, (Keeps::Durable, Keeps::Durable))
        }
    });
    let documented = Strategy::VARIANTS.iter().map(|strategy| {
        let options = durable.profile(Profile::Documented).strategy(*strategy);
        let keeps = (Keeps::WholeAfterKill, Keeps::WholeAfterKill);
        reference(format!("fs:documented,{strategy}"), options, keeps)
    });
    hardened.chain(verified).chain(documented).collect()
}

fn reference(name: String, options: FsOptions, (writes, deletes): (Keeps, Keeps)) -> Peer {
    Peer {
        name,
        writes,
        deletes,
        checks_reads: false,
        open: Box::new(move |root| {
            let backend = FsBackend::open_with(root, options).map_err(std::io::Error::other)?;
            Ok(Box::new(backend))
        }),
    }
}

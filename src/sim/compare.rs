//! Asking whether two worlds are the same now.

use sha2::{Digest, Sha256};

use super::world::World;

impl World {
    /// SHA-256 over the whole present state, in hexadecimal; what watches remember is left out. Equal for two
    /// worlds of one configuration to which the same was done at the same times.
    pub fn state_digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.digest);
        hash.update(format!("{} {} {:?}", self.now, self.version, self.repository.branches()));
        hash.update(format!("{:?} {:?}", self.pulls, self.runs));
        hash.update(format!("{:?} {:?}", self.account.keys(), self.account.operations()));
        hash.update(format!("{:?} {:?} {:?}", self.units, self.counters, self.outcome()));
        for stamp in &self.stamps {
            let cluster = &stamp.cluster;
            hash.update(format!("{} {:?} {:?}", stamp.name, stamp.destroyed, stamp.vault));
            hash.update(format!("{:?}", cluster.deployments()));
            hash.update(format!("{:?}", cluster.replica_sets().collect::<Vec<_>>()));
            hash.update(format!("{:?}", cluster.pods().collect::<Vec<_>>()));
            hash.update(format!("{:?}", cluster.mounts().collect::<Vec<_>>()));
            hash.update(format!("{:?}", cluster.secrets().collect::<Vec<_>>()));
            hash.update(format!("{:?}", cluster.processes().collect::<Vec<_>>()));
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

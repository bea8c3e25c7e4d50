//! How the configured workloads are spelt in the clusters.

use std::collections::BTreeSet;

use super::Driver;
use super::open::under_way;
use crate::model::{ClusterState, ClusterView, EvidenceKey, Seen, StampName, WorkloadName};

/// Clusters that are asked at once how they spell.
const SPELLERS: usize = 4;

/// How a configured name is spelt in a cluster: the real name and, where it differs, a note for people.
pub type Speller<'a> =
    &'a (dyn Fn(&str, &[WorkloadName]) -> Result<(WorkloadName, Option<String>), String> + Sync);

impl Driver {
    /// Takes the configured workloads to be what the clusters call them, and returns what is worth saying. One that no
    /// cluster shows is written in lower case, as Kubernetes would: gates tell of which stamp it is missing. So it is where
    /// not every cluster can be seen, and once a rotation is open, whose state nobody would be told otherwise.
    ///
    /// # Errors
    /// Before that, names that are in no cluster, in words.
    pub async fn spell_workloads(&mut self, speller: Speller<'_>) -> Result<Vec<String>, Vec<String>> {
        let stamps = self.observer.targets().stamps.clone();
        let asked: Vec<String> = self.policy.workloads.iter().map(ToString::to_string).collect();
        let spelt = |existing: &[WorkloadName]| asked.iter().map(|name| speller(name, existing)).collect();
        let mut found: Vec<Result<_, String>> = Vec::new();
        // Those that can be seen are enough where they have all; most often the first few do. Where they do not, all others
        // are asked at once: one after the other, those that do not answer would be waited for one after the other.
        let (few, others) = stamps.split_at(stamps.len().min(SPELLERS));
        for some in [few, others] {
            // What their vaults hold tells what of the clusters is worth a request.
            let of =
                |stamp: &StampName| [EvidenceKey::Vault(stamp.clone()), EvidenceKey::Cluster(stamp.clone())];
            self.look_now(&some.iter().flat_map(of).collect()).await;
            found = spelt(&self.in_clusters());
            if found.iter().all(Result::is_ok) {
                break;
            }
        }
        let nothing_seen = !self.world.clusters.values().any(|seen| has_workloads(seen).is_some());
        let told = |cluster: &ClusterView| cluster.state != ClusterState::Stopped;
        let all_seen = self.world.clusters.values().all(|seen| seen.get().is_some_and(told));
        let is_open = under_way(&self.fold).is_some();
        let (mut notes, mut wrong) = (Vec::new(), Vec::new());
        for (name, found) in self.policy.workloads.iter_mut().zip(found) {
            match found {
                Ok((spelt, note)) => {
                    notes.extend(note);
                    *name = spelt;
                }
                Err(why) if all_seen && !nothing_seen && !is_open => wrong.push(why),
                Err(why) => {
                    notes.extend((!nothing_seen).then_some(why));
                    let (namespace, lower) = (name.namespace.to_lowercase(), name.name.to_lowercase());
                    *name = WorkloadName::of_kind(name.kind, namespace, lower);
                }
            }
        }
        if wrong.is_empty() { Ok(notes) } else { Err(wrong) }
    }

    /// The workloads of all clusters that were seen. One that is missing in one of them may be in another.
    fn in_clusters(&self) -> Vec<WorkloadName> {
        let seen = self.world.clusters.values().filter_map(has_workloads);
        let names: BTreeSet<&WorkloadName> =
            seen.flat_map(|cluster| &cluster.workloads).map(|workload| &workload.name).collect();
        names.into_iter().cloned().collect()
    }
}

/// What was seen of a cluster, if anything runs in it: one that was stopped or is gone spells nothing.
fn has_workloads(seen: &Seen<ClusterView>) -> Option<&ClusterView> {
    seen.get().filter(|cluster| cluster.state.has_pods())
}

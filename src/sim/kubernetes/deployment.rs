//! The deployment controller: which ReplicaSet grows, which shrinks, and what the status says meanwhile.
//!
//! It follows the algorithm of kube-controller-manager (`rolling.go`, `recreate.go`, `sync.go`,
//! `progress.go`). As there, a status counts the ReplicaSets as they were when the sync began: what that sync scaled shows
//! in the next one. And the sync that makes a ReplicaSet
//! scales others too, but the status that it would write is out of date by its own note of the creation: it follows in
//! a sync of its own.

use std::sync::Arc;

use super::super::config::Flavour;
use super::object::{
    ChangeKind, Deployment, DeploymentStatus, Object, Owner, Phase, ReplicaSet, ReplicaSetId,
};
use super::object::{Meta, ReplicaSetStatus};
use super::status::{self, PAUSED, PROGRESSING, RESUMED};
use super::{Cluster, Hand, Task};

/// The ReplicaSets of one Deployment.
struct Family {
    new: Option<ReplicaSetId>,
    /// Oldest first.
    old: Vec<ReplicaSetId>,
}

/// The ReplicaSets of a family as a sync found them.
struct Seen {
    new: Option<ReplicaSetId>,
    all: Vec<Arc<ReplicaSet>>,
}

fn fresh_status(
    deployment: &Deployment,
    seen: &Seen,
    with_progress: bool,
    hand: &Hand<'_>,
) -> DeploymentStatus {
    let all: Vec<&ReplicaSet> = seen.all.iter().map(Arc::as_ref).collect();
    let new = all.iter().copied().find(|set| Some(set.id) == seen.new);
    let mut fresh = status::calculate(deployment, new, &all, hand.now);
    if with_progress {
        status::judge_progress(deployment, new, &mut fresh, hand.now);
        status::judge_failure(new, &all, &mut fresh, hand.now);
    }
    fresh
}

impl Cluster {
    pub(super) fn sync_deployment(&mut self, place: usize, hand: &mut Hand<'_>) {
        if self.removed.contains(&place) {
            return;
        }
        let Some(deployment) = self.deployments.get(place).cloned() else { return };
        let deployment = self.note_pause(place, deployment, hand);
        let family = self.family(place, &deployment);
        if deployment.paused || self.is_scaling(&deployment, &family) {
            let seen = self.seen(&family);
            self.scale_to_desired(&deployment, &family, hand);
            self.write_status(place, &seen, false, hand);
        } else {
            match deployment.flavour {
                Flavour::Rolling => self.roll(place, &deployment, family, hand),
                Flavour::Recreate => self.recreate(place, &deployment, family, hand),
            }
        }
    }

    pub(super) fn sync_if_unfinished(&mut self, place: usize, hand: &mut Hand<'_>) {
        let unfinished = self.deployments.get(place).is_some_and(|deployment| {
            !deployment.paused && !status::complete(deployment, &deployment.status)
        });
        if unfinished {
            self.ask(Task::Deployment(place), hand);
        }
    }

    /// Says in the condition that the Deployment is paused, or no longer.
    fn note_pause(
        &mut self,
        place: usize,
        deployment: Arc<Deployment>,
        hand: &mut Hand<'_>,
    ) -> Arc<Deployment> {
        let reason = deployment.status.condition(PROGRESSING).map(|condition| condition.reason);
        let condition = match (deployment.paused, reason) {
            (_, Some(status::DEADLINE)) => return deployment,
            (true, Some(PAUSED)) => return deployment,
            (true, _) => status::make(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", hand.now),
            (false, Some(PAUSED)) => {
                status::make(PROGRESSING, "Unknown", RESUMED, "Deployment is resumed", hand.now)
            }
            (false, _) => return deployment,
        };
        self.change_deployment(place, hand, |deployment| status::set(&mut deployment.status, condition));
        self.deployments.get(place).cloned().unwrap_or(deployment)
    }

    fn family(&self, place: usize, deployment: &Deployment) -> Family {
        let mut family = Family { new: None, old: Vec::new() };
        for set in self.replica_sets.values().filter(|set| set.owner == place) {
            let same =
                Arc::ptr_eq(&set.template, &deployment.template) || set.template == deployment.template;
            if same && family.new.is_none() {
                family.new = Some(set.id);
            } else {
                family.old.push(set.id);
            }
        }
        family
    }

    fn set(&self, id: ReplicaSetId) -> Option<&ReplicaSet> {
        self.replica_sets.get(&id).map(Arc::as_ref)
    }

    fn sum(&self, ids: &[ReplicaSetId], count: fn(&ReplicaSet) -> u32) -> u32 {
        ids.iter().filter_map(|id| self.set(*id)).map(count).sum()
    }

    fn roll(&mut self, place: usize, deployment: &Deployment, family: Family, hand: &mut Hand<'_>) {
        let made = family.new.is_none();
        let new = self.ensure_new(place, deployment, &family, hand);
        let seen = self.seen(&Family { new: Some(new), old: family.old.clone() });
        let mut all = family.old.clone();
        all.push(new);
        let scaled =
            self.grow_new(deployment, new, &all, hand) || self.shrink_old(deployment, new, &family.old, hand);
        if made {
            return;
        }
        self.write_status(place, &seen, true, hand);
        if !scaled {
            self.forget_revisions(place, hand);
        }
    }

    fn recreate(&mut self, place: usize, deployment: &Deployment, family: Family, hand: &mut Hand<'_>) {
        let seen = self.seen(&family);
        let mut shrunk = false;
        for id in &family.old {
            shrunk |= self.scale(*id, 0, deployment, hand);
        }
        let old_run = self.pods.values().any(|pod| {
            let of_new = family.new.is_some_and(|new| pod.owner == Owner::ReplicaSet(new));
            pod.place == place && !of_new && pod.phase != Phase::Succeeded
        });
        if shrunk || old_run {
            self.write_status(place, &seen, true, hand);
            return;
        }
        let made = family.new.is_none();
        let new = self.ensure_new(place, deployment, &family, hand);
        if made {
            return;
        }
        self.scale(new, deployment.replicas, deployment, hand);
        self.write_status(place, &seen, true, hand);
        self.forget_revisions(place, hand);
    }

    /// The ReplicaSet of the current template. Where it has to be made, the status follows in a sync of its own, and
    /// until then shows the old generation with the old numbers.
    fn ensure_new(
        &mut self,
        place: usize,
        deployment: &Deployment,
        family: &Family,
        hand: &mut Hand<'_>,
    ) -> ReplicaSetId {
        let newest =
            family.old.iter().filter_map(|id| self.set(*id)).map(|set| set.revision).max().unwrap_or(0);
        if let Some(id) = family.new {
            if self.set(id).is_some_and(|set| set.revision <= newest) {
                self.change_replica_set(id, hand, |set| set.revision = newest + 1);
                self.change_deployment(place, hand, |deployment| deployment.revision = newest + 1);
            }
            return id;
        }
        let (id, name) = self.make_replica_set(place, deployment, newest + 1, &family.old, hand);
        let now = hand.now;
        self.change_deployment(place, hand, |deployment| {
            deployment.revision = newest + 1;
            let resumed =
                deployment.status.condition(PROGRESSING).is_some_and(|condition| condition.reason == RESUMED);
            if !resumed {
                let message = format!("Created new replica set \"{name}\"");
                let condition = status::make(PROGRESSING, "True", status::NEW_CREATED, &message, now);
                status::set(&mut deployment.status, condition);
            }
        });
        let hop = hand.config.kubernetes.hop;
        self.ask_after(hand.config.kubernetes.write, Task::Deployment(place), hand);
        hand.later(deployment.progress_deadline + hop * 12, Task::Deadline(place));
        id
    }

    fn make_replica_set(
        &mut self,
        place: usize,
        deployment: &Deployment,
        revision: u64,
        old: &[ReplicaSetId],
        hand: &mut Hand<'_>,
    ) -> (ReplicaSetId, Arc<str>) {
        self.next_id += 1;
        let id = ReplicaSetId(self.next_id);
        let seed = hand.seed.of("replica-set").at(id.0);
        let hash: Arc<str> = seed.suffix(10).into();
        let name: Arc<str> = format!("{}-{hash}", deployment.meta.name).into();
        let (surge, _) = status::surge_and_unavailable(deployment);
        let current = self.sum(old, |set| set.replicas);
        let replicas = match deployment.flavour {
            Flavour::Recreate => deployment.replicas,
            Flavour::Rolling => {
                (deployment.replicas + surge).saturating_sub(current).min(deployment.replicas)
            }
        };
        let set = Arc::new(ReplicaSet {
            id,
            meta: Meta {
                namespace: Arc::clone(&deployment.meta.namespace),
                name: Arc::clone(&name),
                uid: seed.uuid().into(),
                created: hand.now,
                resource_version: hand.next_version(),
            },
            generation: 1,
            owner: place,
            owner_name: Arc::clone(&deployment.meta.name),
            owner_uid: Arc::clone(&deployment.meta.uid),
            revision,
            hash,
            replicas,
            desired: deployment.replicas,
            max: deployment.replicas + surge,
            template: Arc::clone(&deployment.template),
            status: ReplicaSetStatus::default(),
        });
        self.log(ChangeKind::Added, Object::ReplicaSet(Arc::clone(&set)), hand);
        self.replica_sets.insert(id, set);
        self.ask(Task::ReplicaSet(id), hand);
        (id, name)
    }

    /// Raises the new ReplicaSet as far as the surge allows. Answers whether it changed.
    fn grow_new(
        &mut self,
        deployment: &Deployment,
        new: ReplicaSetId,
        all: &[ReplicaSetId],
        hand: &mut Hand<'_>,
    ) -> bool {
        let Some(current) = self.set(new).map(|set| set.replicas) else { return false };
        let (surge, _) = status::surge_and_unavailable(deployment);
        let room = (deployment.replicas + surge).saturating_sub(self.sum(all, |set| set.replicas));
        let wanted = if current > deployment.replicas {
            deployment.replicas
        } else {
            current + room.min(deployment.replicas - current)
        };
        self.scale(new, wanted, deployment, hand)
    }

    /// Lowers old ReplicaSets as far as availability allows: unhealthy pods first, then the oldest.
    fn shrink_old(
        &mut self,
        deployment: &Deployment,
        new: ReplicaSetId,
        old: &[ReplicaSetId],
        hand: &mut Hand<'_>,
    ) -> bool {
        if self.sum(old, |set| set.replicas) == 0 {
            return false;
        }
        let (_, unavailable) = status::surge_and_unavailable(deployment);
        let least = deployment.replicas.saturating_sub(unavailable);
        let new_missing = self.set(new).map_or(0, |set| set.replicas.saturating_sub(set.status.available));
        let total = self.sum(old, |set| set.replicas) + self.sum(&[new], |set| set.replicas);
        let mut budget = total.saturating_sub(least + new_missing);
        let mut changed = false;
        for id in old {
            let Some(set) = self.set(*id) else { continue };
            let cut = set.replicas.saturating_sub(set.status.available).min(budget);
            let wanted = set.replicas - cut;
            budget -= cut;
            changed |= self.scale(*id, wanted, deployment, hand);
        }
        if total.saturating_sub(least + new_missing) == 0 {
            return changed;
        }
        let available =
            self.sum(old, |set| set.status.available) + self.sum(&[new], |set| set.status.available);
        let mut surplus = available.saturating_sub(least);
        for id in old {
            let Some(set) = self.set(*id) else { continue };
            let cut = set.replicas.min(surplus);
            let wanted = set.replicas - cut;
            surplus -= cut;
            changed |= self.scale(*id, wanted, deployment, hand);
        }
        changed
    }

    /// Gives a ReplicaSet another number of replicas. Answers whether that changed anything.
    pub(super) fn scale(
        &mut self,
        id: ReplicaSetId,
        replicas: u32,
        deployment: &Deployment,
        hand: &mut Hand<'_>,
    ) -> bool {
        let (surge, _) = status::surge_and_unavailable(deployment);
        let (desired, max) = (deployment.replicas, deployment.replicas + surge);
        let Some(set) = self.set(id) else { return false };
        let differs = set.replicas != replicas;
        // An idle old ReplicaSet keeps the annotations that it had.
        let notes_differ = (set.desired != desired || set.max != max) && (replicas > 0 || differs);
        if !differs && !notes_differ {
            return false;
        }
        self.change_replica_set(id, hand, |set| {
            if set.replicas != replicas {
                set.replicas = replicas;
                set.generation += 1;
            }
            (set.desired, set.max) = (desired, max);
        });
        self.ask(Task::ReplicaSet(id), hand);
        differs
    }

    fn is_scaling(&self, deployment: &Deployment, family: &Family) -> bool {
        let one_active = |id: &ReplicaSetId| {
            self.set(*id).is_some_and(|set| set.replicas > 0 && set.desired != deployment.replicas)
        };
        family.new.iter().chain(&family.old).any(one_active)
    }

    /// Brings the only active (or else the newest) ReplicaSet to the desired number. Of several active ones each gets its
    /// share, unless the new one is whole already.
    fn scale_to_desired(&mut self, deployment: &Deployment, family: &Family, hand: &mut Hand<'_>) {
        let ids: Vec<ReplicaSetId> = family.old.iter().chain(&family.new).copied().collect();
        let active: Vec<ReplicaSetId> =
            ids.iter().copied().filter(|id| self.set(*id).is_some_and(|set| set.replicas > 0)).collect();
        match active.as_slice() {
            [] => {
                if let Some(id) = ids.last() {
                    self.scale(*id, deployment.replicas, deployment, hand);
                }
            }
            [one] => {
                self.scale(*one, deployment.replicas, deployment, hand);
            }
            several => {
                let saturated = family.new.and_then(|id| self.set(id)).is_some_and(|new| {
                    new.replicas == deployment.replicas
                        && new.desired == deployment.replicas
                        && new.status.available == deployment.replicas
                });
                match saturated {
                    true => {
                        for id in several.iter().filter(|id| Some(**id) != family.new) {
                            self.scale(*id, 0, deployment, hand);
                        }
                    }
                    false => self.scale_in_proportion(deployment, several, hand),
                }
            }
        }
    }

    /// The ReplicaSets of a family as they are now.
    fn seen(&self, family: &Family) -> Seen {
        let sets = family.old.iter().chain(&family.new).filter_map(|id| self.replica_sets.get(id).cloned());
        Seen { new: family.new, all: sets.collect() }
    }

    /// Computes the status and writes it where it differs.
    fn write_status(&mut self, place: usize, seen: &Seen, with_progress: bool, hand: &mut Hand<'_>) {
        let Some(deployment) = self.deployments.get(place).cloned() else { return };
        let fresh = fresh_status(&deployment, seen, with_progress, hand);
        if fresh == deployment.status {
            return;
        }
        let moved = fresh.condition(PROGRESSING).map(|condition| condition.updated);
        let waits = fresh.condition(PROGRESSING).is_some_and(|condition| condition.reason == status::UPDATED);
        let before = deployment.status.condition(PROGRESSING).map(|condition| condition.updated);
        self.change_deployment(place, hand, |deployment| deployment.status = fresh);
        if waits && moved != before {
            let hop = hand.config.kubernetes.hop;
            hand.later(deployment.progress_deadline + hop * 12, Task::Deadline(place));
        }
    }

    /// Deletes the oldest idle ReplicaSets beyond the history limit, once a rollout is over.
    fn forget_revisions(&mut self, place: usize, hand: &mut Hand<'_>) {
        let Some(deployment) = self.deployments.get(place).cloned() else { return };
        if !status::complete(&deployment, &deployment.status) {
            return;
        }
        let mut idle: Vec<(u64, ReplicaSetId)> = self
            .family(place, &deployment)
            .old
            .iter()
            .filter_map(|id| self.set(*id))
            .filter(|set| set.replicas == 0 && set.status.replicas == 0 && set.status.terminating == 0)
            .map(|set| (set.revision, set.id))
            .collect();
        idle.sort_unstable();
        let surplus = idle.len().saturating_sub(hand.config.kubernetes.revision_history);
        for (_, id) in idle.into_iter().take(surplus) {
            if let Some(set) = self.replica_sets.remove(&id) {
                hand.next_version();
                self.log(ChangeKind::Deleted, Object::ReplicaSet(set), hand);
            }
        }
    }
}

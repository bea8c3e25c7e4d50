//! Changes from outside: patches of workloads and deletions of pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::command::{DeploymentPatch, Reply};
use super::super::refusal::Refusal;
use super::super::time::elapsed;
use super::object::{Deployment, Owner, PodSet, PodTemplate};
use super::{Cluster, Hand, Task};
use crate::model::{WorkloadKind, WorkloadName};

impl Cluster {
    /// Applies a patch. What leaves the object equal leaves generation and resource version alone; what changes
    /// only metadata bumps the resource version alone.
    pub(in crate::sim) fn patch(
        &mut self,
        workload: &WorkloadName,
        patch: &DeploymentPatch,
        hand: &mut Hand<'_>,
    ) -> Result<Reply, Refusal> {
        if workload.kind != WorkloadKind::Deployment {
            return self.patch_set(workload, patch, hand);
        }
        let place = self.place_of(workload);
        let Some((place, deployment)) = place.and_then(|place| Some((place, self.deployments.get(place)?)))
        else {
            return Err(Refusal::NotFound(format!("deployments.apps \"{}\"", workload.name)));
        };
        if patch.resource_version.is_some_and(|version| version != deployment.meta.resource_version) {
            return Err(Refusal::Conflict(format!("deployments.apps \"{}\"", workload.name)));
        }
        let patched = patched(deployment, patch);
        if patched == **deployment {
            return Ok(reply(deployment, false));
        }
        // A new template takes the controller longest: with the hop after the ReplicaSet is made, its status is
        // behind for some 65 ms.
        let hops = if patched.template == deployment.template { 1 } else { 4 };
        let min_ready = (patched.min_ready != deployment.min_ready).then_some(patched.min_ready);
        self.change_deployment(place, hand, |deployment| *deployment = patched);
        if let Some(min_ready) = min_ready {
            self.judge_readiness_anew(place, min_ready, hand);
        }
        self.ask_after(hand.config.kubernetes.hop * hops, Task::Deployment(place), hand);
        self.deployments
            .get(place)
            .map(|deployment| reply(deployment, true))
            .ok_or_else(|| Refusal::NotFound(workload.to_string()))
    }

    /// Pods that serve already have to have served for the new time: those that have not are judged again when they have.
    fn judge_readiness_anew(&mut self, place: usize, min_ready: Duration, hand: &mut Hand<'_>) {
        let hop = hand.config.kubernetes.hop;
        let sets = self.replica_sets.values().filter(|set| set.owner == place).map(|set| set.id);
        for id in sets.collect::<Vec<_>>() {
            let owner = Owner::ReplicaSet(id);
            self.ask_after(hop * 2, Task::of(owner), hand);
            let pods = self.pods.values().filter(|pod| pod.owner == owner && pod.ready);
            let due = pods.map(|pod| pod.available_from(min_ready));
            for at in due.filter(|at| *at > hand.now).collect::<BTreeSet<_>>() {
                hand.later(elapsed(hand.now, at), Task::Recheck(owner));
            }
        }
    }

    fn patch_set(
        &mut self,
        workload: &WorkloadName,
        patch: &DeploymentPatch,
        hand: &mut Hand<'_>,
    ) -> Result<Reply, Refusal> {
        let plural = workload.kind.as_str().to_ascii_lowercase();
        let group = if workload.kind == WorkloadKind::Rollout { "argoproj.io" } else { "apps" };
        let about = || format!("{plural}s.{group} \"{}\"", workload.name);
        let place = self.sets.iter().position(|set| &set.workload == workload);
        let Some((place, set)) = place.and_then(|place| Some((place, self.sets.get(place)?))) else {
            return Err(Refusal::NotFound(about()));
        };
        if patch.resource_version.is_some_and(|version| version != set.meta.resource_version) {
            return Err(Refusal::Conflict(about()));
        }
        let told = |set: &PodSet, changed| Reply::Patched {
            generation: set.generation,
            resource_version: set.meta.resource_version,
            changed,
        };
        let patched = patched_set(set, patch)?;
        if patched == **set {
            return Ok(told(set, false));
        }
        self.change_set(place, hand, |set| *set = patched);
        self.ask_after(hand.config.kubernetes.hop * 4, Task::Set(place), hand);
        self.sets.get(place).map(|set| told(set, true)).ok_or_else(|| Refusal::NotFound(about()))
    }

    pub(in crate::sim) fn delete_named_pod(
        &mut self,
        namespace: &str,
        name: &str,
        hand: &mut Hand<'_>,
    ) -> Result<Reply, Refusal> {
        let pod = self.pods.values().find(|pod| &*pod.meta.namespace == namespace && &*pod.meta.name == name);
        let Some(id) = pod.map(|pod| pod.id) else {
            return Err(Refusal::NotFound(format!("pods \"{name}\"")));
        };
        self.delete_pod(id, hand);
        Ok(Reply::Done)
    }
}

fn reply(deployment: &Deployment, changed: bool) -> Reply {
    Reply::Patched {
        generation: deployment.generation,
        resource_version: deployment.meta.resource_version,
        changed,
    }
}

fn patched(deployment: &Deployment, patch: &DeploymentPatch) -> Deployment {
    let mut fresh = deployment.clone();
    overlay(&mut fresh.annotations, &patch.annotations);
    if let Some(template) = &patch.template {
        fresh.template = Arc::clone(template);
    }
    patch_template(&mut fresh.template, patch);
    fresh.paused = patch.paused.unwrap_or(fresh.paused);
    fresh.replicas = patch.replicas.unwrap_or(fresh.replicas);
    fresh.flavour = patch.flavour.unwrap_or(fresh.flavour);
    fresh.max_surge = patch.max_surge.unwrap_or(fresh.max_surge);
    fresh.max_unavailable = patch.max_unavailable.unwrap_or(fresh.max_unavailable);
    fresh.progress_deadline = patch.progress_deadline.unwrap_or(fresh.progress_deadline);
    fresh.min_ready = patch.min_ready.unwrap_or(fresh.min_ready);
    let mut same_spec = fresh.clone();
    same_spec.annotations.clone_from(&deployment.annotations);
    if same_spec != *deployment {
        fresh.generation += 1;
    }
    fresh
}

fn patch_template(template: &mut Arc<PodTemplate>, patch: &DeploymentPatch) {
    let mut fresh = PodTemplate::clone(template);
    overlay(&mut fresh.annotations, &patch.template_annotations);
    if let Some(image) = &patch.image {
        fresh.image.clone_from(image);
    }
    if fresh != **template {
        *template = Arc::new(fresh);
    }
}

fn patched_set(set: &PodSet, patch: &DeploymentPatch) -> Result<PodSet, Refusal> {
    let rollout = set.workload.kind == WorkloadKind::Rollout;
    let of_sets = patch.partition.is_some() || patch.on_delete.is_some();
    let of_rollouts = patch.paused.is_some() || patch.restart_at.is_some();
    let of_another = if rollout { of_sets } else { of_rollouts };
    let strange = of_another
        || patch.template.is_some()
        || patch.flavour.is_some()
        || patch.max_surge.is_some()
        || patch.progress_deadline.is_some()
        || (patch.replicas.is_some() && set.workload.kind == WorkloadKind::DaemonSet);
    if strange {
        return Err(Refusal::Invalid(format!("a {} has no such member", set.workload.kind)));
    }
    let mut fresh = set.clone();
    overlay(&mut fresh.annotations, &patch.annotations);
    patch_template(&mut fresh.template, patch);
    // A new template begins with its canary, and waits. Promoting it changes the status, and no generation.
    let begins = rollout && fresh.template != set.template;
    fresh.restarting.waits = patch.paused.unwrap_or(fresh.restarting.waits || begins);
    fresh.restarting.wanted = patch.restart_at.clone().or(fresh.restarting.wanted);
    fresh.replicas = patch.replicas.unwrap_or(fresh.replicas);
    fresh.on_delete = patch.on_delete.unwrap_or(fresh.on_delete);
    fresh.partition = patch.partition.unwrap_or(fresh.partition);
    fresh.max_unavailable = patch.max_unavailable.unwrap_or(fresh.max_unavailable);
    fresh.min_ready = patch.min_ready.unwrap_or(fresh.min_ready);
    let mut same_spec = PodSet { annotations: set.annotations.clone(), ..fresh.clone() };
    same_spec.restarting.waits = set.restarting.waits;
    if same_spec != *set {
        fresh.generation += 1;
    }
    Ok(fresh)
}

fn overlay(annotations: &mut BTreeMap<String, String>, patch: &BTreeMap<String, Option<String>>) {
    for (key, value) in patch {
        match value {
            Some(value) => annotations.insert(key.clone(), value.clone()),
            None => annotations.remove(key),
        };
    }
}

//! Pods that were deleted while their node did not answer.
//!
//! The API lets go of a pod whose node is silent when somebody deletes it by force, or deletes its Node. On a machine that is
//! only cut off from the API, the process runs on with the key that it has: its route to the account is another one. So what was
//! last seen there is kept in the journal, and held against the node, until the node answers again: then its kubelet ends what has
//! no pod any more. Whether a machine is gone nobody says to keyslot but a person.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::{Context, Event, Fold, Gate, Leg, Reason, Subject, UnheardPod, Why};
use super::pods::{OVERDUE, overdue, propagated_at};
use crate::model::{ClusterView, ObjectName, PodView, Seen, StampName, World};

/// What was seen of silent nodes that the journal does not know yet: pods on them, and that one has answered since.
pub fn unheard_news(fold: &Fold, world: &World) -> Vec<Event> {
    let seen = |(stamp, seen): (&StampName, &Seen<ClusterView>)| {
        let view = seen.get()?;
        Some(news(fold, stamp, view, seen.at))
    };
    world.clusters.iter().filter_map(seen).flatten().collect()
}

fn news(fold: &Fold, stamp: &StampName, view: &ClusterView, seen: Timestamp) -> Vec<Event> {
    let event = |node: &str, pods| Event::Unheard { stamp: stamp.clone(), node: node.to_owned(), pods };
    let mut nodes: BTreeMap<&str, Vec<UnheardPod>> = BTreeMap::new();
    // Those too of which it is not known whether they have the key.
    for pod in view.pods.iter().filter(|pod| !pod.has_ended()) {
        let Some(node) = pod.node.as_deref().filter(|node| is_silent(pod, node, view, seen)) else {
            continue;
        };
        let known = fold.unheard.get(&(stamp.clone(), node.to_owned()));
        let unheard = UnheardPod { uid: pod.uid.clone(), name: pod.name.clone(), created: pod.created };
        if known.is_none_or(|known| !known.contains(&unheard)) {
            nodes.entry(node).or_default().push(unheard);
        }
    }
    let silent = nodes.into_iter().map(|(node, pods)| event(node, pods));
    let known = fold.unheard.iter().filter(|((of, _), _)| of == stamp);
    let answered = known.filter(|((_, node), pods)| match view.heard.get(node) {
        // What is listed is judged by itself.
        Some(since) => gone(pods, view).next().is_none() || back(*since).is_some_and(|back| back <= seen),
        None => false,
    });
    silent.chain(answered.map(|((_, node), _)| event(node, Vec::new()))).collect()
}

/// Whether its node does not do what it is told, as far as that is seen: nobody may have been allowed to ask for the node.
fn is_silent(pod: &PodView, node: &str, view: &ClusterView, seen: Timestamp) -> bool {
    view.silent.contains_key(node) || (overdue(pod, seen) && !view.heard.contains_key(node))
}

/// When a node that is ready since then will have ended what it has no pods for.
fn back(since: Option<Timestamp>) -> Option<Timestamp> {
    since.map(|since| later(since, OVERDUE))
}

fn gone<'a>(
    pods: &'a BTreeSet<UnheardPod>,
    view: &'a ClusterView,
) -> impl Iterator<Item = &'a UnheardPod> + 'a {
    pods.iter().filter(|one| !view.pods.iter().any(|pod| pod.uid == one.uid))
}

/// No pod that may hold an older key was deleted on a node that has not answered since.
pub fn nodes_heard(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::NodesHeard;
    let of_stamp = || ctx.fold.unheard.iter().filter(|((of, _), _)| of == stamp);
    // What is missing to judge by is told where pods are judged at all.
    if ctx.leg != Leg::Out || of_stamp().next().is_none() {
        return Vec::new();
    }
    let (vault, cluster) = match (ctx.live_vault(stamp, gate, max), ctx.cluster(stamp, gate, max)) {
        (Ok(Some(vault)), Ok(cluster)) => (vault, cluster),
        (Ok(None), _) => return Vec::new(),
        (Err(reason), _) | (_, Err(reason)) => return vec![*reason],
    };
    // Azure says that its machines are away.
    if !cluster.state.has_pods() {
        return Vec::new();
    }
    let (seen, young) =
        (ctx.cluster_seen_at(stamp), later(propagated_at(vault, cluster), ctx.policy.vault_lag));
    let reason = |((_, node), pods): (&(StampName, String), &BTreeSet<UnheardPod>)| {
        let old = gone(pods, cluster).filter(|pod| pod.created <= young);
        let pods: Vec<String> = old.map(|pod| pod.name.clone()).collect();
        let (heard, silent) = (cluster.heard.get(node), cluster.silent.get(node).copied().flatten());
        let back = heard.and_then(|since| back(*since));
        if pods.is_empty() || back.is_some_and(|back| back <= seen) {
            return None;
        }
        // One that has just gone silent may come back by itself.
        let passing = back.is_some() || silent.is_some_and(|since| later(since, OVERDUE) > seen);
        let subject = Subject::Object(stamp.clone(), ObjectName::new("Node", "", node.as_str()));
        let why = Why::DeletedUnheard { node: node.clone(), pods, back, lasting: !passing };
        Some(Reason::new(gate, subject, why))
    };
    of_stamp().filter_map(reason).collect()
}

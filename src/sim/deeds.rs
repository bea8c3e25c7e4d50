//! One-off happenings: somebody pauses, re-runs, reverts, closes; a node is lost.

use std::sync::Arc;

use jiff::Timestamp;

use super::command::{Command, DeploymentPatch};
use super::events::Event;
use super::fault::{Fault, Trouble};
use super::kubernetes::{Cluster, Hand, PodId, Process};
use super::repository::{Commit, Signature, Tree};
use super::world::World;
use crate::model::{BranchName, PullNumber, WorkloadName};

pub(super) const SOMEBODY: &str = "mallory";

impl World {
    pub(super) fn deed(&mut self, place: usize) {
        let Some(fault) = self.faults.all().get(place).cloned() else { return };
        match &fault.what {
            Trouble::Pause => self.pause_all(&fault),
            Trouble::Scale { replicas } => self.scale_all(&fault, *replicas),
            Trouble::NodeLost { node } => self.turn_node(place, &fault, |cluster, hand, back| match back {
                true => cluster.regain_node(*node, hand),
                false => cluster.lose_node(*node, hand),
            }),
            Trouble::Drain { node } => self.turn_node(place, &fault, |cluster, hand, back| match back {
                true => cluster.uncordon(*node, hand),
                false => cluster.cordon(*node, hand),
            }),
            Trouble::RunPipeline { branch, skip } => {
                let command = Command::StartRun {
                    branch: branch.clone(),
                    commit: None,
                    skip: skip.clone(),
                    by: SOMEBODY.to_owned(),
                };
                let _ = self.apply(command);
            }
            Trouble::Revert { branch } => self.revert(branch),
            Trouble::ClosePull => {
                let open: Vec<PullNumber> =
                    self.pulls().iter().filter(|pull| pull.is_open()).map(|pull| pull.number).collect();
                for number in open {
                    let _ = self.close_pull(number, SOMEBODY);
                }
            }
            Trouble::PushToPull { .. } => {
                let open: Vec<PullNumber> =
                    self.pulls().iter().filter(|pull| pull.is_open()).map(|pull| pull.number).collect();
                open.into_iter().for_each(|number| self.push_to_pull(number));
            }
            // The rest are no deeds, and are never queued as such.
            _ => {}
        }
    }

    fn pause_all(&mut self, fault: &Fault) {
        for place in 0..self.stamps.len() {
            for workload in &self.config_arc().workloads {
                let covered = self
                    .stamp_at(place)
                    .is_some_and(|stamp| fault.target.covers(&stamp.name, &workload.name));
                if covered {
                    let _ = self.patch(place, &workload.name, &DeploymentPatch::pause(true));
                }
            }
        }
    }

    fn scale_all(&mut self, fault: &Fault, wanted: u32) {
        for place in 0..self.stamps.len() {
            for (number, workload) in self.config_arc().workloads.iter().enumerate() {
                let stamp = self.stamp_at(place);
                let covered = stamp.is_some_and(|stamp| fault.target.covers(&stamp.name, &workload.name));
                if !covered {
                    continue;
                }
                let load = self.with_cluster(place, |cluster, hand| cluster.load(number, wanted, hand));
                self.scale_to(place, &workload.name, load.flatten());
            }
        }
    }

    fn scale_to(&mut self, place: usize, workload: &WorkloadName, replicas: Option<u32>) {
        if let Some(replicas) = replicas {
            // One that was deleted is not scaled.
            let _ = self.patch(place, workload, &DeploymentPatch::scale(replicas));
        }
    }

    /// A load that was greater may count no more.
    pub(super) fn autoscale(&mut self, place: usize, number: usize) {
        let config = self.config_arc();
        let Some(workload) = config.workloads.get(number) else { return };
        let given = self.with_cluster(place, |cluster, hand| cluster.autoscaled(number, hand));
        self.scale_to(place, &workload.name, given.flatten());
    }

    /// A pod's readiness probe asks the account with the key of its process. Where it has none, it needs none.
    pub(super) fn probe(&mut self, place: usize, pod: PodId) {
        let Some(stamp) = self.stamps.get(place) else { return };
        let (region, process) = (stamp.region, stamp.cluster.process_of(pod).copied());
        let open = process.is_none_or(|process| self.lets_in(&process, region));
        let happened = self.with_cluster(place, |cluster, hand| cluster.probed(pod, open, hand));
        if let Some(workload) = happened.and_then(|happened| happened.readiness) {
            self.note_darkness(place, workload);
        }
    }

    fn lets_in(&self, process: &Process, region: usize) -> bool {
        let Some(key) = process.key.and_then(|key| self.account.key(key)) else { return false };
        let name = self.account.regions().get(region).map_or("", |region| region.name.as_str());
        let mut refusals = self.faults.refusals(key.kind.slot, name);
        !self.account.config().local_auth_disabled
            && self.account.lives(key.id, region, self.now)
            && !refusals.any(|(from, until)| from <= self.now && self.now < until)
    }

    /// At the beginning of its window a node is lost or drained, and at the end it is back.
    fn turn_node(&mut self, place: usize, fault: &Fault, turn: impl Fn(&mut Cluster, &mut Hand<'_>, bool)) {
        let (_, until) = self.faults.window(fault.at);
        let back = self.now >= until;
        if !back && until < Timestamp::MAX {
            self.queue.push(until, Event::Deed(place));
        }
        for stamp in 0..self.stamps.len() {
            let covered = self
                .stamp_at(stamp)
                .is_some_and(|one| fault.target.stamp.as_ref().is_none_or(|wanted| *wanted == one.name));
            if covered {
                self.with_cluster(stamp, |cluster, hand| turn(cluster, hand, back));
            }
        }
        self.note_all_darkness();
    }

    /// Every Terraform file of the branch becomes again what it was in the first commit.
    fn revert(&mut self, branch: &BranchName) {
        let Some(head) = self.repository.head(branch).and_then(|head| self.repository.get(head)).cloned()
        else {
            return;
        };
        let first = &self.config_arc().repository.tree;
        let tree = first.iter().filter(|(path, _)| path.ends_with(".tf")).fold(
            head.tree().clone(),
            |tree: Tree, (path, file)| match tree.get(path) == Some(file) {
                true => tree,
                false => tree.put(path, Some(file.clone())),
            },
        );
        if &tree == head.tree() {
            return;
        }
        let by = Signature::of(SOMEBODY, self.now);
        let commit = Commit::new(tree, vec![head.id().clone()], &by, "Revert: something looked wrong\n");
        self.repository.advance(branch, Arc::new(commit));
        self.counters.pushed(branch);
        self.refresh_pulls();
    }
}

//! One-off happenings: somebody pauses, re-runs, reverts, closes; a node is lost.

use std::sync::Arc;

use jiff::Timestamp;

use super::command::{Command, DeploymentPatch};
use super::events::Event;
use super::fault::{Fault, Trouble};
use super::repository::{Commit, Signature, Tree};
use super::world::World;
use crate::model::{BranchName, PullNumber};

pub(super) const SOMEBODY: &str = "mallory";

impl World {
    pub(super) fn deed(&mut self, place: usize) {
        let Some(fault) = self.faults.all().get(place).cloned() else { return };
        match &fault.what {
            Trouble::Pause => self.pause_all(&fault),
            Trouble::Scale { replicas } => self.scale_all(&fault, *replicas),
            Trouble::NodeLost { node } => self.turn_node(place, &fault, *node),
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
                let given = self.with_cluster(place, |cluster, _| cluster.wish(number, wanted)).flatten();
                if let Some(replicas) = given.filter(|_| covered) {
                    let _ = self.patch(place, &workload.name, &DeploymentPatch::scale(replicas));
                }
            }
        }
    }

    /// At the beginning of its window the node is lost, and at the end it is back.
    fn turn_node(&mut self, place: usize, fault: &Fault, node: u32) {
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
                self.with_cluster(stamp, |cluster, hand| match back {
                    true => cluster.regain_node(node, hand),
                    false => cluster.lose_node(node, hand),
                });
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

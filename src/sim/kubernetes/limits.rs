//! What limits numbers of pods: quotas, which refuse new ones; autoscalers, which scale with the load; budgets of disruption,
//! which refuse to have pods evicted from a node that is drained. The pods of an Argo Rollout that is restarted are evicted
//! too, and what its own budget says of them is in its configuration alone.
//!
//! A refused controller tries again, later each time, as a work queue makes it. Room that another's pods leave is found
//! by that alone, as in a real cluster.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::config::QuotaConfig;
use super::super::time::after;
use super::object::{Owner, Phase, PodTemplate};
use super::{Cluster, Deployment, Hand, Task};
use crate::model::ReplicaNumber;

/// The longest time between two tries of a controller that is refused.
const LONGEST: Duration = Duration::from_secs(512);

/// A HorizontalPodAutoscaler of a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Of its Deployment.
    pub place: usize,
    pub least: u32,
    pub most: u32,
    /// What it would want without limits.
    pub wanted: u32,
}

/// A PodDisruptionBudget of a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub place: usize,
    pub least: ReplicaNumber,
}

/// A controller whose pods are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub message: String,
    pub since: Timestamp,
    pub last: Timestamp,
    pub count: u32,
    retry: Timestamp,
}

impl Cluster {
    pub fn quotas(&self) -> &[QuotaConfig] {
        &self.quotas
    }

    pub fn autoscalers(&self) -> &[Autoscaler] {
        &self.autoscalers
    }

    pub fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// The Deployment that an autoscaler or a budget is of.
    pub fn deployment_at(&self, place: usize) -> Option<&Arc<Deployment>> {
        self.deployments.get(place)
    }

    /// How many pods a budget lets go now.
    pub fn allowed(&self, budget: &Budget) -> u32 {
        let Some(least) = self.least(budget) else { return 0 };
        self.serving(budget).saturating_sub(least)
    }

    /// Whether as many serve as a budget wants.
    pub(super) fn is_met(&self, budget: &Budget) -> bool {
        self.least(budget).is_some_and(|least| self.serving(budget) >= least)
    }

    fn least(&self, budget: &Budget) -> Option<u32> {
        Some(budget.least.of(self.deployments.get(budget.place)?.replicas, true))
    }

    fn serving(&self, budget: &Budget) -> u32 {
        let serves =
            |pod: &&Arc<super::Pod>| pod.place == budget.place && pod.ready && pod.deleting.is_none();
        u32::try_from(self.pods.values().filter(serves).count()).unwrap_or(u32::MAX)
    }

    /// Pods and thousandths of processors that count in a quota. Pods that are told to end count until they have.
    pub fn used(&self, quota: &QuotaConfig) -> (u32, u32) {
        let here = self
            .pods
            .values()
            .filter(|pod| *pod.meta.namespace == *quota.namespace && pod.phase != Phase::Succeeded);
        here.fold((0, 0), |(pods, cpu), pod| (pods + 1, cpu + pod.template.cpu.unwrap_or_default()))
    }

    /// Whether the namespace's quotas let a controller make one more pod.
    pub(super) fn admits(
        &mut self,
        owner: Owner,
        namespace: &str,
        template: &PodTemplate,
        hand: &mut Hand<'_>,
    ) -> bool {
        let refusal = self.quotas.iter().find_map(|quota| self.refusal(quota, namespace, template));
        let Some(why) = refusal else {
            self.failing.remove(&owner);
            return true;
        };
        let message = format!("pods \"{}-\" is forbidden: {why}", template.app);
        let now = hand.now;
        let new = || Failing { message: String::new(), since: now, last: now, count: 0, retry: now };
        let failing = self.failing.entry(owner).or_insert_with(new);
        failing.message = message;
        if failing.retry <= now {
            let pause = Duration::from_secs(1 << failing.count.min(9)).min(LONGEST);
            (failing.last, failing.count) = (now, failing.count + 1);
            failing.retry = after(now, pause);
            hand.later(pause, Task::Recheck(owner));
        }
        false
    }

    fn refusal(&self, quota: &QuotaConfig, namespace: &str, template: &PodTemplate) -> Option<String> {
        if quota.namespace != namespace {
            return None;
        }
        let (pods, cpu) = self.used(quota);
        let name = &quota.name;
        if let Some(most) = quota.pods.filter(|most| pods >= *most) {
            return Some(format!(
                "exceeded quota: {name}, requested: pods=1, used: pods={pods}, limited: pods={most}"
            ));
        }
        match (quota.cpu, template.cpu) {
            (Some(_), None) => {
                Some(format!("failed quota: {name}: must specify requests.cpu for: {}", template.app))
            }
            (Some(most), Some(each)) if cpu + each > most => Some(format!(
                "exceeded quota: {name}, requested: requests.cpu={each}m, used: requests.cpu={cpu}m, limited: \
                 requests.cpu={most}m"
            )),
            _ => None,
        }
    }

    /// Somebody writes a quota. Controllers that were refused find out when they next try.
    pub(in crate::sim) fn set_quota(&mut self, quota: QuotaConfig) {
        let same = |known: &&mut QuotaConfig| known.namespace == quota.namespace && known.name == quota.name;
        match self.quotas.iter_mut().find(same) {
            Some(known) => *known = quota,
            None => self.quotas.push(quota),
        }
    }
}

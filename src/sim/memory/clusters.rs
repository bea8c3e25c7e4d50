//! The stamps' clusters.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::super::command::{Command, DeploymentPatch, Reply};
use super::super::config::{Flavour, KeySource};
use super::super::fault::{Call, Operation};
use super::super::kubernetes::{
    Cluster, CronJob, Deployment, Owner, Pod, PodSet, PodTemplate, ProviderClass, WarningEvent,
};
use super::super::time::{after, whole_second};
use super::super::world::World;
use super::clock::MemoryClock;
use super::holding::{besides, delivers, fills, holding, is_read, is_synced, left, mounted, overtaken};
use super::hub::{About, Hub};
use super::room;
use crate::model::{
    Amount, Blindness, BudgetView, ClusterState, ClusterView, CronJobView, DeploymentCondition, NodesView,
    ObjectName, PodAsks, PodTimes, PodTrouble, PodView, ReplicaNumber, RoomView, Salt, StampName, Strategy,
    SyncedSecretView, Unplaced, Warning, WorkloadKind, WorkloadName, WorkloadView,
};
use crate::ports::{Changed, Clusters, Effect, Fault, Permit, RestartMark};

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
const ROTATION: &str = "keyslot.dev/rotation";

pub(super) struct MemoryClusters(pub Arc<Hub>);

#[async_trait]
impl Clusters for MemoryClusters {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        let about = About { what: "list workloads and pods", subject: stamp.as_str() };
        self.0
            .read(about, Call::on(Operation::ReadCluster, stamp), |world| {
                let Some(stamp) = world.stamp(stamp) else {
                    return Ok(ClusterView { state: ClusterState::Gone, ..ClusterView::default() });
                };
                let cluster = &stamp.cluster;
                Ok(ClusterView {
                    state: stamp.azure.clone(),
                    workloads: workloads(cluster, &world.config().secret_name),
                    workloads_seen: None,
                    pods: cluster
                        .pods()
                        .map(|each| pod(cluster, each, &world.config().secret_name))
                        .collect(),
                    cron_jobs: cron_jobs(cluster, &world.config().secret_name),
                    pinned: Vec::new(),
                    synced: self.synced(world, cluster, salt),
                    rotates: Some(world.config().kubernetes.csi.rotation),
                    unseen: Vec::new(),
                    overtaken: overtaken(cluster, &world.config().secret_name),
                    silent: cluster
                        .nodes()
                        .filter_map(|(name, since)| Some((name.to_string(), Some(whole_second(since?)))))
                        .chain(cluster.deleted_nodes().map(|name| (name.to_string(), None)))
                        .collect(),
                    heard: cluster
                        .nodes()
                        .filter(|(_, lost)| lost.is_none())
                        .map(|(name, _)| (name.to_string(), cluster.heard_since(&name).map(whole_second)))
                        .collect(),
                    unplaced: Unplaced::among(cluster.pods().filter_map(|pod| {
                        let name = format!("{}/{}", pod.meta.namespace, pod.meta.name);
                        Some((name, pod.unplaced.as_deref().filter(|_| pod.deleting.is_none())?))
                    })),
                    ahead: Some(SignedDuration::ZERO),
                    extent: None,
                    warnings: cluster.warnings().map(|one| warning(&one)).collect(),
                })
            })
            .await
    }

    async fn room(&self, stamp: &StampName) -> Result<RoomView, Fault> {
        let about = About { what: "list quotas and autoscalers", subject: stamp.as_str() };
        let missing = || about.fault(Blindness::Missing, "there is no such cluster");
        let room = |world: &mut World| {
            world.stamp(stamp).map(|stamp| room::room(&stamp.cluster)).ok_or_else(missing)
        };
        match self.0.read(about, Call::on(Operation::ReadRoom, stamp), room).await {
            // As over the wire: what may not be read is unknown, and nothing else.
            Err(fault) if fault.kind == Blindness::Forbidden => {
                let blind = fault.blind();
                Ok(RoomView { quotas: Err(blind.clone()), autoscalers: Err(blind) })
            }
            other => other,
        }
    }

    async fn budgets(&self, stamp: &StampName) -> Result<Vec<BudgetView>, Fault> {
        let about = About { what: "list budgets of disruption", subject: stamp.as_str() };
        let missing = || about.fault(Blindness::Missing, "there is no such cluster");
        let look = |world: &mut World| {
            world.stamp(stamp).map(|stamp| room::budgets(&stamp.cluster)).ok_or_else(missing)
        };
        self.0.read(about, Call::on(Operation::ReadRoom, stamp), look).await
    }

    async fn nodes(&self, stamp: &StampName) -> Result<NodesView, Fault> {
        let about = About { what: "see what the nodes have left", subject: stamp.as_str() };
        let missing = || about.fault(Blindness::Missing, "there is no such cluster");
        let look = |world: &mut World| {
            world.stamp(stamp).map(|stamp| room::nodes(&stamp.cluster)).ok_or_else(missing)
        };
        self.0.read(about, Call::on(Operation::ReadRoom, stamp), look).await
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        let about = About { what: "restart a workload", subject: &workload.name };
        if let Err(why) = permit.check(&MemoryClock(Arc::clone(&self.0))) {
            return Effect::NotSent(about.fault(Blindness::Forbidden, why));
        }
        let patch = match workload.kind {
            WorkloadKind::Rollout => DeploymentPatch {
                restart_at: Some(mark.restarted_at.clone()),
                annotations: [(ROTATION.to_owned(), Some(mark.rotation.as_str().to_owned()))].into(),
                ..DeploymentPatch::default()
            },
            WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
                DeploymentPatch::annotate(RESTARTED_AT, &mark.restarted_at)
                    .and_annotate(ROTATION, mark.rotation.as_str())
            }
        };
        let command = Command::Patch { stamp: stamp.clone(), workload: workload.clone(), patch };
        self.0
            .effect(
                about,
                Call::on(Operation::Restart, stamp).about(workload),
                command,
                |reply| match reply {
                    Reply::Patched { generation, .. } => Some(generation),
                    _ => None,
                },
            )
            .await
    }

    async fn changed(&self) -> BTreeSet<Changed> {
        std::future::pending().await
    }
}

impl MemoryClusters {
    fn synced(&self, world: &World, cluster: &Cluster, salt: &Salt) -> Vec<SyncedSecretView> {
        let filled = |name: &str| {
            let mut classes = cluster.provider_classes().iter();
            let delivering = |class: &ProviderClass| delivers(class, &world.config().secret_name);
            classes.any(|class| {
                delivering(class) && class.synced.as_ref().is_some_and(|(filled, _)| filled == name)
            })
        };
        let said_since = |name: &str| {
            let filling = cluster
                .provider_classes()
                .iter()
                .filter(|class| class.synced.as_ref().is_some_and(|(filled, _)| filled == name));
            filling.map(|class| whole_second(class.changed)).max()
        };
        cluster
            .secrets()
            .filter(|secret| filled(&secret.meta.name))
            .map(|secret| SyncedSecretView {
                namespace: secret.meta.namespace.to_string(),
                name: secret.meta.name.to_string(),
                fingerprint: self.0.fingerprint(world, &secret.value, salt),
                changed: Some(whole_second(secret.changed)),
                owners: secret.owners.iter().map(|owner| owner.uid.to_string()).collect(),
                said_since: said_since(&secret.meta.name)
                    .map(|since| since.max(whole_second(secret.meta.created))),
                unread: !is_read(cluster, &secret.meta.name),
            })
            .collect()
    }
}

fn workloads(cluster: &Cluster, secret: &str) -> Vec<WorkloadView> {
    let gets = |view: WorkloadView, namespace: &str, template: &PodTemplate| {
        let class = cluster.provider_class(namespace, &template.class);
        WorkloadView {
            consumes: class.is_some_and(|class| delivers(class, secret)),
            lacks: class.is_none().then(|| template.class.to_string()),
            left: left(cluster, namespace, template, secret),
            ..view
        }
    };
    let deployments = cluster.standing();
    let deployments = deployments.map(|one| gets(workload(one), &one.meta.namespace, &one.template));
    let sets = cluster.sets().iter().map(|set| gets(set_view(set), &set.meta.namespace, &set.template));
    deployments.chain(sets).collect()
}

fn set_view(set: &PodSet) -> WorkloadView {
    let status = &set.status;
    let annotation = |key: &str| set.template.annotations.get(key).cloned();
    let daemon = set.workload.kind == WorkloadKind::DaemonSet;
    let rollout = set.workload.kind == WorkloadKind::Rollout;
    let restarting = &set.restarting;
    WorkloadView {
        name: set.workload.clone(),
        uid: set.meta.uid.to_string(),
        generation: set.generation,
        observed_generation: status.observed_generation,
        paused: restarting.waits,
        strategy: match (set.on_delete, daemon || rollout) {
            (true, _) => Strategy::OnDelete,
            (false, true) => Strategy::RollingUpdate {
                max_surge: ReplicaNumber::Count(0),
                max_unavailable: set.max_unavailable,
            },
            (false, false) => Strategy::Ordinals { partition: set.partition },
        },
        desired: set.replicas,
        replicas: status.replicas,
        terminating: None,
        updated: status.updated,
        ready: status.ready,
        available: status.available,
        unavailable: set.replicas.saturating_sub(status.available),
        between_revisions: match rollout {
            true => restarting.wanted.is_some() && restarting.wanted != restarting.done,
            false => !daemon && !set.on_delete && status.current_revision != status.update_revision,
        },
        conditions: Vec::new(),
        restarted_at: restarting.wanted.clone().or_else(|| annotation(RESTARTED_AT)),
        rotation: set.annotations.get(ROTATION).cloned().or_else(|| annotation(ROTATION)),
        consumes: true,
        pinned: None,
        lacks: None,
        left: None,
        written: Some(whole_second(set.written)),
        manager: None,
        times: times(set.min_ready, &set.template),
    }
}

fn workload(deployment: &Deployment) -> WorkloadView {
    let status = &deployment.status;
    let annotation = |key: &str| deployment.template.annotations.get(key).cloned();
    WorkloadView {
        name: deployment.workload.clone(),
        uid: deployment.meta.uid.to_string(),
        generation: deployment.generation,
        observed_generation: status.observed_generation,
        paused: deployment.paused,
        strategy: match deployment.flavour {
            Flavour::Recreate => Strategy::Recreate,
            Flavour::Rolling => Strategy::RollingUpdate {
                max_surge: deployment.max_surge,
                max_unavailable: deployment.max_unavailable,
            },
        },
        desired: deployment.replicas,
        replicas: status.replicas,
        terminating: Some(status.terminating),
        updated: status.updated,
        ready: status.ready,
        available: status.available,
        unavailable: status.unavailable,
        between_revisions: false,
        conditions: status
            .conditions
            .iter()
            .map(|condition| DeploymentCondition {
                kind: condition.kind.to_owned(),
                status: condition.status.to_owned(),
                reason: condition.reason.to_owned(),
                message: condition.message.clone(),
                updated: Some(whole_second(condition.updated)),
            })
            .collect(),
        restarted_at: annotation(RESTARTED_AT),
        rotation: annotation(ROTATION),
        consumes: true,
        pinned: None,
        lacks: None,
        left: None,
        written: Some(whole_second(deployment.written)),
        manager: None,
        times: times(deployment.min_ready, &deployment.template),
    }
}

fn times(min_ready: Duration, template: &PodTemplate) -> PodTimes {
    PodTimes { min_ready, grace: template.grace, probe_delay: Duration::ZERO }
}

fn warning(event: &WarningEvent) -> Warning {
    let object = format!("{} {}", event.kind, event.name);
    Warning::new(&object, event.reason, &event.message, event.count, Some(whole_second(event.last)))
}

fn cron_jobs(cluster: &Cluster, secret: &str) -> Vec<CronJobView> {
    let all = cluster.cron_jobs().iter().map(|job| cron_job(cluster, job, secret));
    all.filter(CronJobView::counts).collect()
}

fn cron_job(cluster: &Cluster, job: &CronJob, secret: &str) -> CronJobView {
    let class = cluster.provider_class(&job.meta.namespace, &job.template.class);
    let reads = match &job.template.key {
        KeySource::SyncedSecret(name) if is_synced(cluster, name, secret) => vec![name.clone()],
        KeySource::SyncedSecret(_) | KeySource::Mount => Vec::new(),
    };
    CronJobView {
        namespace: job.meta.namespace.to_string(),
        name: job.meta.name.to_string(),
        suspended: job.suspended,
        mounts: class.is_some_and(|class| delivers(class, secret)),
        reads,
        pinned: None,
        left: left(cluster, &job.meta.namespace, &job.template, secret),
    }
}

fn pod(cluster: &Cluster, pod: &Pod, secret: &str) -> PodView {
    let of_job = matches!(pod.owner, Owner::Job(_));
    let bare = pod.owner == Owner::Nobody;
    let job = || ObjectName::new("Job", &*pod.meta.namespace, &*pod.owner_name);
    PodView {
        name: pod.meta.name.to_string(),
        uid: pod.meta.uid.to_string(),
        namespace: pod.meta.namespace.to_string(),
        created: whole_second(pod.meta.created),
        deleting: pod.deleting.map(|at| whole_second(after(at, pod.template.grace))),
        workload: (!of_job && !bare).then(|| pod.workload.clone()),
        above: of_job.then(job),
        phase: pod.phase.as_str().to_owned(),
        ready: pod.ready,
        ready_since: pod.ready_changed.filter(|_| pod.ready).map(whole_second),
        unready_since: (!pod.ready).then(|| whole_second(pod.ready_changed.unwrap_or(pod.meta.created))),
        holding: holding(cluster, pod, secret),
        besides: besides(cluster, pod, secret),
        mounted: mounted(cluster, pod),
        mounted_besides: Vec::new(),
        fills: fills(cluster, pod, secret),
        elsewhere: Vec::new(),
        node: pod.node.as_deref().map(str::to_owned),
        asks: PodAsks {
            cpu: pod.template.cpu.map(|cpu| Amount::milli(u64::from(cpu))),
            ..PodAsks::default()
        },
        trouble: pod.waiting.filter(|reason| *reason != "ContainerCreating").map(|reason| {
            let text = format!("container {}: {reason}, restarted {} times", pod.template.app, pod.restarts);
            PodTrouble::new(true, &text)
        }),
    }
}

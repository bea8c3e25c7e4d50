//! A cluster as the world finds it: rolled out long ago, everything in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::config::{CronJobConfig, KeySource, SetConfig, WorkloadConfig};
use super::super::time::before;
use super::limits::{Autoscaler, Budget};
use super::nodes::{NODES, node_name};
use super::object::{
    CronJob, Deployment, DeploymentStatus, Meta, Owner, Phase, Pod, PodSet, PodTemplate, ProviderClass,
    ReplicaSet, ReplicaSetId, ReplicaSetStatus, Restarting, SetStatus,
};
use super::pod::Origin;
use super::ring::Ring;
use super::sets::pod_name;
use super::status::{self, AVAILABLE, NEW_AVAILABLE, PROGRESSING};
use super::{Cluster, Hand, PodId, Task};
use crate::model::WorkloadKind;

/// How long ago everything was first deployed.
const AGE: Duration = Duration::from_secs(20 * 24 * 3600);

impl Cluster {
    /// A cluster whose workloads run, with what the stamp's vault holds now.
    pub(in crate::sim) fn born(name: String, hand: &mut Hand<'_>) -> Cluster {
        let mut cluster = Cluster {
            name,
            deployments: Vec::new(),
            replica_sets: BTreeMap::new(),
            removed: BTreeSet::new(),
            sets: Vec::new(),
            cron_jobs: Vec::new(),
            jobs: BTreeMap::new(),
            pods: BTreeMap::new(),
            classes: Vec::new(),
            mounts: BTreeMap::new(),
            secrets: BTreeMap::new(),
            processes: BTreeMap::new(),
            lost: BTreeMap::new(),
            regained: BTreeMap::new(),
            deleted_nodes: BTreeSet::new(),
            forgotten: BTreeMap::new(),
            has: hand.config.kubernetes.node,
            cordoned: BTreeSet::new(),
            unmounted: BTreeSet::new(),
            // Nothing of the birth is told to watches.
            ring: Ring::new(0, 0),
            next_id: 0,
            due: BTreeSet::new(),
            quotas: hand.config.quotas.clone(),
            autoscalers: Vec::new(),
            loads: BTreeMap::new(),
            budgets: Vec::new(),
            failing: BTreeMap::new(),
        };
        for (place, workload) in hand.config.workloads.iter().enumerate() {
            cluster.add_class(workload, hand);
            cluster.add_workload(place, workload, hand);
        }
        for (place, set) in hand.config.sets.iter().enumerate() {
            cluster.add_class(&set.workload, hand);
            cluster.add_set(place, set, hand);
        }
        for (place, job) in hand.config.cron_jobs.iter().enumerate() {
            cluster.add_class(&job.workload, hand);
            cluster.add_cron_job(place, job, hand);
        }
        cluster.due.clear();
        // They were filled by the first pods that ever ran, and have not changed since.
        for secret in cluster.secrets.values_mut() {
            let secret = Arc::make_mut(secret);
            secret.meta.created = before(hand.now, AGE);
            secret.changed = secret.meta.created;
        }
        cluster.ring = Ring::new(hand.config.kubernetes.ring, *hand.version);
        cluster
    }

    fn add_class(&mut self, workload: &WorkloadConfig, hand: &mut Hand<'_>) {
        let name = class_name(workload);
        let synced = match &workload.key {
            KeySource::Mount => None,
            KeySource::SyncedSecret(secret) => Some((secret.clone(), hand.config.secret_name.clone())),
        };
        let vault = hand.vault.name.clone();
        let secrets = vec![hand.config.secret_name.clone()];
        let meta = meta(&workload.name.namespace, &name, "class", hand);
        let (generation, changed) = (1, meta.created);
        self.classes.push(Arc::new(ProviderClass { meta, vault, secrets, synced, generation, changed }));
    }

    fn add_workload(&mut self, place: usize, workload: &WorkloadConfig, hand: &mut Hand<'_>) {
        self.autoscalers.extend(workload.autoscaler.map(|(least, most)| Autoscaler {
            place,
            least,
            most,
            wanted: workload.replicas,
        }));
        self.budgets.extend(workload.disruption_budget.map(|least| Budget { place, least }));
        let deployment = deployment(workload, hand);
        self.next_id += 1;
        let set = replica_set(ReplicaSetId(self.next_id), place, &deployment, hand);
        self.deployments.push(Arc::new(deployment));
        for _ in 0..workload.replicas {
            self.next_id += 1;
            let id = PodId(self.next_id);
            let name = format!("{}-{}", set.meta.name, hand.seed.of("pod").at(id.0).suffix(5));
            let origin = Origin {
                owner: Owner::ReplicaSet(set.id),
                meta: &set.meta,
                place,
                workload: workload.name.clone(),
                hash: Arc::clone(&set.hash),
                index: None,
                template: Arc::clone(&set.template),
            };
            self.add_pod(id, &name, origin, hand);
        }
        self.replica_sets.insert(set.id, Arc::new(set));
    }

    fn add_set(&mut self, place: usize, config: &SetConfig, hand: &mut Hand<'_>) {
        let set = pod_set(config, hand);
        self.sets.push(Arc::new(set.clone()));
        for index in 0..set.replicas {
            self.next_id += 1;
            let id = PodId(self.next_id);
            let name = pod_name(&set, index, &hand.seed.of("pod").at(id.0).suffix(5));
            let origin = Origin {
                owner: Owner::Set(place),
                meta: &set.meta,
                place: self.deployments.len() + place,
                workload: set.workload.clone(),
                hash: Arc::clone(&set.status.update_revision),
                index: Some(index),
                template: Arc::clone(&set.template),
            };
            self.add_pod(id, &name, origin, hand);
        }
    }

    /// Earlier runs have filled the Secret; none of them is remembered.
    fn add_cron_job(&mut self, place: usize, config: &CronJobConfig, hand: &mut Hand<'_>) {
        let CronJobConfig { workload, suspended, history, .. } = config;
        let cron = CronJob {
            meta: meta(&workload.name.namespace, &workload.name.name, "cron-job", hand),
            schedule: config.schedule(),
            period: config.period(),
            suspended: *suspended,
            history: *history,
            template: Arc::new(template(workload)),
            last: None,
            active: None,
        };
        let current = hand.vault.current().map(|version| version.value.clone());
        if let (KeySource::SyncedSecret(secret), Some(value)) = (&workload.key, current)
            && !self.secrets.contains_key(secret)
        {
            self.sync_secret(secret, &cron.meta.namespace, &value, hand);
        }
        hand.later(cron.period, Task::CronJob(place));
        self.cron_jobs.push(Arc::new(cron));
    }

    fn add_pod(&mut self, id: PodId, name: &str, origin: Origin<'_>, hand: &mut Hand<'_>) {
        let Origin { owner, meta: above, place, workload, hash, index, template } = origin;
        let seed = hand.seed.of("pod").at(id.0);
        let started = above.created + Duration::from_secs(30 + seed.below(60));
        let mut meta = meta(&above.namespace, name, "pod", hand);
        meta.created = above.created;
        let daemon = index.filter(|_| workload.kind == WorkloadKind::DaemonSet).map(u64::from);
        let node = daemon.unwrap_or_else(|| hand.seed.of("node").at(id.0).below(NODES));
        let address = hand.seed.of("address").at(id.0).below(60_000);
        let pod = Pod {
            id,
            meta,
            owner,
            owner_name: Arc::clone(&above.name),
            owner_uid: Arc::clone(&above.uid),
            place,
            workload,
            hash,
            index,
            template,
            deleting: None,
            phase: Phase::Running,
            node: Some(node_name(node)),
            ip: Some(format!("10.240.{}.{}", address / 240, address % 240 + 10).into()),
            ready: true,
            unheard: false,
            ready_changed: Some(started),
            started: Some(started),
            waiting: None,
            unplaced: None,
            restarts: 0,
        };
        self.pods.insert(id, Arc::new(pod.clone()));
        self.mount(id, hand);
        self.begin_process(&pod, hand);
        if pod.template.probes {
            self.probe_later(id, hand);
        }
    }
}

fn class_name(workload: &WorkloadConfig) -> String {
    format!("{}-keyvault", app(workload))
}

fn app(workload: &WorkloadConfig) -> &str {
    workload.name.name.strip_suffix("-deploy").unwrap_or(&workload.name.name)
}

fn meta(namespace: &str, name: &str, kind: &str, hand: &mut Hand<'_>) -> Meta {
    Meta {
        namespace: namespace.into(),
        name: name.into(),
        uid: hand.seed.of(kind).of(name).uuid().into(),
        created: before(hand.now, AGE),
        resource_version: hand.next_version(),
    }
}

pub(super) fn deployment(workload: &WorkloadConfig, hand: &mut Hand<'_>) -> Deployment {
    let meta = meta(&workload.name.namespace, &workload.name.name, "deployment", hand);
    let at = meta.created;
    let replicas = workload.replicas;
    let available = status::make(
        AVAILABLE,
        "True",
        "MinimumReplicasAvailable",
        "Deployment has minimum availability.",
        at,
    );
    let message = format!("ReplicaSet of \"{}\" has successfully progressed.", workload.name.name);
    Deployment {
        meta,
        written: at,
        workload: workload.name.clone(),
        generation: 1,
        annotations: BTreeMap::new(),
        revision: 1,
        replicas,
        paused: false,
        flavour: workload.flavour,
        max_surge: workload.max_surge,
        max_unavailable: workload.max_unavailable,
        min_ready: workload.min_ready,
        progress_deadline: workload.progress_deadline,
        template: Arc::new(template(workload)),
        status: DeploymentStatus {
            observed_generation: 1,
            replicas,
            updated: replicas,
            ready: replicas,
            available: replicas,
            unavailable: 0,
            terminating: 0,
            conditions: vec![available, status::make(PROGRESSING, "True", NEW_AVAILABLE, &message, at)],
        },
    }
}

fn template(workload: &WorkloadConfig) -> PodTemplate {
    PodTemplate {
        annotations: BTreeMap::new(),
        app: app(workload).into(),
        image: format!("afmcprdglobalcr.azurecr.io/{}:2026.1.0", app(workload)),
        grace: workload.ends_in.most + Duration::from_secs(30),
        key: workload.key.clone(),
        others: workload.others.clone(),
        works: None,
        class: class_name(workload).into(),
        cpu: workload.cpu,
        probes: workload.probes,
    }
}

fn pod_set(config: &SetConfig, hand: &mut Hand<'_>) -> PodSet {
    let SetConfig { workload, on_delete, partition } = config;
    let replicas = workload.replicas;
    let kind = workload.name.kind.as_str();
    let mut meta = meta(&workload.name.namespace, &workload.name.name, kind, hand);
    // Applied with the unit's last deployment, as its pods are.
    meta.created = before(hand.now, Duration::from_secs(86_400 + hand.seed.of(kind).below(2 * 86_400)));
    let revision: Arc<str> =
        format!("{}-{}", workload.name.name, hand.seed.of("revision").of(&meta.uid).suffix(10)).into();
    let template = Arc::new(template(workload));
    PodSet {
        written: meta.created,
        meta,
        workload: workload.name.clone(),
        generation: 1,
        annotations: BTreeMap::new(),
        replicas,
        on_delete: *on_delete,
        partition: *partition,
        max_unavailable: workload.max_unavailable,
        min_ready: workload.min_ready,
        restarting: Restarting::default(),
        template: Arc::clone(&template),
        revisions: vec![(Arc::clone(&revision), template)],
        status: SetStatus {
            observed_generation: 1,
            replicas,
            current: replicas,
            updated: replicas,
            ready: replicas,
            available: replicas,
            current_revision: Arc::clone(&revision),
            update_revision: revision,
        },
    }
}

fn replica_set(id: ReplicaSetId, place: usize, deployment: &Deployment, hand: &mut Hand<'_>) -> ReplicaSet {
    let seed = hand.seed.of("replica-set").at(id.0);
    let hash = seed.suffix(10);
    let (surge, _) = status::surge_and_unavailable(deployment);
    let mut meta =
        meta(&deployment.meta.namespace, &format!("{}-{hash}", deployment.meta.name), "replica-set", hand);
    // The unit's last deployment lies one to three days back.
    let age = Duration::from_secs(86_400 + seed.below(2 * 86_400));
    meta.created = before(hand.now, age);
    ReplicaSet {
        id,
        meta,
        generation: 1,
        owner: place,
        owner_name: Arc::clone(&deployment.meta.name),
        owner_uid: Arc::clone(&deployment.meta.uid),
        revision: 1,
        hash: hash.into(),
        replicas: deployment.replicas,
        desired: deployment.replicas,
        max: deployment.replicas + surge,
        template: Arc::clone(&deployment.template),
        status: ReplicaSetStatus {
            observed_generation: 1,
            replicas: deployment.replicas,
            ready: deployment.replicas,
            available: deployment.replicas,
            terminating: 0,
            failure: None,
        },
    }
}

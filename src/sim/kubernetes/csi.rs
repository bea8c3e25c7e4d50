//! The Secrets Store CSI driver: mounts, their status objects, rotation, and synced Secrets.
//!
//! The trap that it is made to show: status objects tell the version of the *files*. Neither the process nor,
//! with rotation off, the synced Secret need to know that version. And a Secret's owners are written into the same entry of
//! `managedFields` as its content, so every new ReplicaSet or Job whose pods mount the class moves that entry's time.
//! (The driver's controllers; a Secret that has lost its last owner stays, here.)
//!
//! Since version 1.6 the driver also writes a Secret from the files of every living pod, each in its round: where pods with older
//! files live beside new ones, what it holds flips between both.

use std::sync::Arc;
use std::time::Duration;

use super::super::fault::Trouble;
use super::super::time::{after, elapsed};
use super::super::vault::{SecretValue, VaultVersion};
use super::object::{
    ChangeKind, Meta, MountStatus, Object, Owner, Phase, Pod, PodId, SecretOwner, SyncedSecret,
};
use super::{Cluster, Hand, Task};
use crate::model::WorkloadKind;
use crate::sim::config::KeySource;

/// How long a kubelet waits before it tries to mount again.
const RETRY: Duration = Duration::from_secs(60);

/// How often the driver comes back to each pod that mounts a class.
const ROUND: Duration = Duration::from_secs(300);

/// How often the driver sees to the owners of the Secrets that it fills.
const OWNS_EVERY: Duration = Duration::from_secs(5);

/// Some time within the period of what is done again and again, of each pod's own.
fn phase_of(id: PodId, what: &str, period: Duration, hand: &Hand<'_>) -> Duration {
    let most = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(hand.seed.of(what).at(id.0).below(most))
}

impl Cluster {
    /// A pod's volume is mounted: the vault is read now.
    pub(super) fn mount(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.get(&id).cloned() else { return };
        let Some(version) = hand.vault.read(hand.now).cloned() else { return };
        if pod.deleting.is_some()
            || pod.unplaced.is_some()
            || self.mounts.contains_key(&id)
            || pod.template.class.is_empty()
        {
            return;
        }
        let stamp = hand.stamp;
        let fails = hand.faults.befall(hand.now, |fault| {
            (fault.what == Trouble::CsiFails && fault.target.covers(stamp, &pod.workload)).then_some(())
        });
        let class = &pod.template.class;
        let delivers = self.delivers(&pod.meta.namespace, class, hand);
        // What is there from the beginning was mounted long ago.
        let fails = fails.is_some() || !version.beside.enabled;
        if (fails || delivers.is_none()) && pod.started.is_none() {
            self.unmounted.insert(id);
            hand.later(RETRY, Task::Mount(id));
            return;
        }
        if self.unmounted.remove(&id) {
            hand.later(Duration::from_secs(1), Task::Run(id));
        }
        let delivered = delivers.unwrap_or_default();
        let mount = Arc::new(MountStatus {
            meta: Meta {
                namespace: Arc::clone(&pod.meta.namespace),
                name: format!("{}-{}-{class}", pod.meta.name, pod.meta.namespace).into(),
                uid: hand.seed.of("mount").at(id.0).uuid().into(),
                created: hand.now,
                resource_version: hand.next_version(),
            },
            pod: id,
            pod_name: Arc::clone(&pod.meta.name),
            pod_uid: Arc::clone(&pod.meta.uid),
            class: Arc::clone(class),
            secret: delivered.then(|| hand.config.secret_name.clone()),
            version: version.id.clone(),
        });
        self.log(ChangeKind::Added, Object::MountStatus(Arc::clone(&mount)), hand);
        self.mounts.insert(id, mount);
        if let KeySource::SyncedSecret(name) = &pod.template.key
            && delivered
            && self.fills(&pod.meta.namespace, class, name)
        {
            self.fill_secret(name, &pod.meta.namespace, &version.value, hand);
        }
        if hand.config.kubernetes.csi.rewrites {
            // What is there from the beginning was not mounted all at once.
            let since =
                if pod.started.is_none() { Duration::ZERO } else { phase_of(id, "round", ROUND, hand) };
            hand.later(ROUND - since, Task::Rewrite(id));
        }
        let class = self.provider_class(&pod.meta.namespace, class);
        match class.and_then(|class| class.synced.as_ref()).map(|_| pod.started) {
            Some(None) => hand.later(phase_of(id, "owner", OWNS_EVERY, hand), Task::Own(id)),
            // As with what is there from the beginning.
            Some(Some(_)) => self.own_secret(id, hand),
            None => {}
        }
        // Whenever it polls for a pod, the driver compares the Secret too, whatever the files' version is.
        let behind = hand.vault.current().is_some_and(|current| current.id != version.id)
            || self.synced_to(&pod.template.key).is_some_and(|secret| secret.value != version.value);
        if behind && hand.config.kubernetes.csi.rotation {
            self.queue_refresh(id, hand);
        }
    }

    /// At a mount: one that is there keeps what it holds, unless the driver always writes.
    fn fill_secret(&mut self, name: &str, namespace: &Arc<str>, value: &SecretValue, hand: &mut Hand<'_>) {
        if !self.secrets.contains_key(name) || hand.config.kubernetes.csi.rewrites {
            self.sync_secret(name, namespace, value, hand);
        }
    }

    /// The driver's round comes to this pod: its class's Secret gets what the pod's files hold. It passes over pods that are
    /// told to end, and over those that have ended.
    pub(super) fn rewrite(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.get(&id).cloned() else { return };
        if pod.deleting.is_some() || pod.phase == Phase::Succeeded {
            return;
        }
        let class = self.provider_class(&pod.meta.namespace, &pod.template.class);
        let filled = class.and_then(|class| class.synced.clone());
        let mount = self.mounts.get(&id).filter(|mount| mount.secret.is_some());
        let files = mount.and_then(|mount| hand.vault.version(&mount.version)).map(|it| it.value.clone());
        if let (Some((name, _)), Some(value)) = (filled, files) {
            self.sync_secret(&name, &pod.meta.namespace, &value, hand);
        }
        hand.later(ROUND, Task::Rewrite(id));
    }

    fn synced_to(&self, key: &KeySource) -> Option<&SyncedSecret> {
        match key {
            KeySource::SyncedSecret(name) => self.secrets.get(name).map(Arc::as_ref),
            KeySource::Mount => None,
        }
    }

    /// After the vault has changed: every mount is refreshed when the driver next polls for its pod.
    pub(in crate::sim) fn vault_changed(&mut self, hand: &mut Hand<'_>) {
        if !hand.config.kubernetes.csi.rotation {
            return;
        }
        let pods: Vec<PodId> = self.mounts.keys().copied().collect();
        for pod in pods {
            self.queue_refresh(pod, hand);
        }
    }

    pub(super) fn queue_refresh(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let poll = hand.config.kubernetes.csi.poll.max(Duration::from_secs(1));
        let spread = u64::try_from(poll.as_millis()).unwrap_or(u64::MAX);
        let phase = Duration::from_millis(hand.seed.of("poll").at(id.0).below(spread));
        let running = elapsed(after(hand.config.start, phase), hand.now).as_millis();
        let into = Duration::from_millis(u64::try_from(running % poll.as_millis()).unwrap_or(0));
        let stamp = hand.stamp;
        let lag = hand.faults.befall(hand.now, |fault| match fault.what {
            Trouble::CsiLag { by } if fault.target.stamp.as_ref().is_none_or(|wanted| wanted == stamp) => {
                Some(by)
            }
            _ => None,
        });
        hand.later(poll - into + lag.unwrap_or_default(), Task::Refresh(id));
    }

    pub(super) fn refresh(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(version) = hand.vault.read(hand.now).cloned() else { return };
        // The driver passes over pods that have ended.
        let Some(pod) = self.pods.get(&id).filter(|pod| pod.phase != Phase::Succeeded) else { return };
        // What it cannot get or find it leaves as it is.
        if !version.beside.enabled {
            return;
        }
        let Some(delivers) = self.delivers(&pod.meta.namespace, &pod.template.class, hand) else { return };
        let secret = delivers.then(|| hand.config.secret_name.clone());
        let Some(mount) = self.mounts.get_mut(&id) else { return };
        if mount.version != version.id || mount.secret != secret {
            let resource_version = hand.next_version();
            let inner = Arc::make_mut(mount);
            inner.version = version.id.clone();
            inner.secret = secret;
            inner.meta.resource_version = resource_version;
            let snapshot = Object::MountStatus(Arc::clone(mount));
            self.log(ChangeKind::Modified, snapshot, hand);
        }
        if delivers {
            self.refresh_secret(id, &version, hand);
        }
        if hand.vault.current().is_some_and(|current| current.id != version.id) {
            self.queue_refresh(id, hand);
        }
    }

    fn refresh_secret(&mut self, id: PodId, version: &VaultVersion, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.get(&id).cloned() else { return };
        if let KeySource::SyncedSecret(name) = &pod.template.key
            && self.fills(&pod.meta.namespace, &pod.template.class, name)
        {
            self.sync_secret(name, &pod.meta.namespace, &version.value, hand);
        }
    }

    /// Writes down the pod's owner where it is a new one. The content stays, and the time of the driver's entry does not.
    pub(super) fn own_secret(&mut self, id: PodId, hand: &mut Hand<'_>) {
        let Some(pod) = self.pods.get(&id).cloned() else { return };
        let class = self.provider_class(&pod.meta.namespace, &pod.template.class);
        let Some((name, _)) = class.and_then(|class| class.synced.clone()) else { return };
        let Some(known) = self.secrets.get(&name) else { return };
        let owner = self.above(&pod);
        if known.owners.iter().any(|one| one.uid == owner.uid) {
            return;
        }
        let mut secret = SyncedSecret::clone(known);
        secret.owners.push(owner);
        secret.changed = hand.now;
        secret.meta.resource_version = hand.next_version();
        let secret = Arc::new(secret);
        self.log(ChangeKind::Modified, Object::Secret(Arc::clone(&secret)), hand);
        self.secrets.insert(name, secret);
    }

    fn above(&self, pod: &Pod) -> SecretOwner {
        let (name, uid) = (Arc::clone(&pod.owner_name), Arc::clone(&pod.owner_uid));
        match pod.owner {
            Owner::ReplicaSet(_) => SecretOwner { kind: "ReplicaSet", name, uid },
            // Argo's have a ReplicaSet for each revision.
            Owner::Set(_) if pod.workload.kind == WorkloadKind::Rollout => {
                let uid = format!("{uid}-{}", pod.hash).into();
                SecretOwner { kind: "ReplicaSet", name: Arc::clone(&pod.hash), uid }
            }
            Owner::Set(_) => SecretOwner { kind: pod.workload.kind.as_str(), name, uid },
            Owner::Job(_) => SecretOwner { kind: "Job", name, uid },
            Owner::Nobody => {
                SecretOwner { kind: "Pod", name: Arc::clone(&pod.meta.name), uid: Arc::clone(&pod.meta.uid) }
            }
        }
    }

    /// Makes the Secret or gives it another content.
    pub(super) fn sync_secret(
        &mut self,
        name: &str,
        namespace: &Arc<str>,
        value: &SecretValue,
        hand: &mut Hand<'_>,
    ) {
        let known = self.secrets.get(name).cloned();
        if known.as_ref().is_some_and(|secret| &secret.value == value) {
            return;
        }
        let resource_version = hand.next_version();
        let (kind, secret) = match known {
            Some(secret) => {
                let mut secret = SyncedSecret::clone(&secret);
                secret.value = value.clone();
                secret.changed = hand.now;
                secret.meta.resource_version = resource_version;
                (ChangeKind::Modified, secret)
            }
            None => {
                let meta = Meta {
                    namespace: Arc::clone(namespace),
                    name: name.into(),
                    uid: hand.seed.of("secret").of(name).uuid().into(),
                    created: hand.now,
                    resource_version,
                };
                let key = hand.config.secret_name.clone();
                let (value, owners) = (value.clone(), Vec::new());
                (ChangeKind::Added, SyncedSecret { meta, key, value, owners, changed: hand.now })
            }
        };
        let secret = Arc::new(secret);
        self.log(kind, Object::Secret(Arc::clone(&secret)), hand);
        self.secrets.insert(name.to_owned(), secret);
    }
}

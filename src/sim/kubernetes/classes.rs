//! SecretProviderClasses in other hands: deleted, renamed, edited while pods run.
//!
//! What that does in a real cluster: a class is read when a pod's volume is mounted, and each time the driver polls for the
//! pod. Processes keep what they read. Of a class that is gone the driver refreshes nothing and mounts nothing; of one
//! that does not name the secret any more, the next refresh takes the secret out of the mount's status too, and new
//! pods begin without a key: such a service signs in by other means, and sends nothing that is signed with one.

use std::sync::Arc;

use super::super::refusal::Refusal;
use super::object::ProviderClass;
use super::{Cluster, Hand, PodId};

/// What becomes of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassChange {
    Delete,
    Rename(String),
    /// It delivers these secrets from now on.
    Deliver(Vec<String>),
    /// `secretObjects` is taken out of it. What it filled stays as it is.
    Unfill,
}

impl Cluster {
    pub(in crate::sim) fn provider_class(&self, namespace: &str, name: &str) -> Option<&Arc<ProviderClass>> {
        self.classes.iter().find(|class| &*class.meta.namespace == namespace && &*class.meta.name == name)
    }

    pub(in crate::sim) fn change_class(
        &mut self,
        (namespace, name): (&str, &str),
        change: ClassChange,
        hand: &mut Hand<'_>,
    ) -> Result<(), Refusal> {
        let here =
            |class: &Arc<ProviderClass>| &*class.meta.namespace == namespace && &*class.meta.name == name;
        let Some(place) = self.classes.iter().position(here) else {
            return Err(Refusal::NotFound(format!("the SecretProviderClass {namespace}/{name}")));
        };
        let old = self.classes.remove(place);
        let mut class = ProviderClass::clone(&old);
        class.meta.resource_version = hand.next_version();
        class.changed = hand.now;
        match change {
            ClassChange::Delete => return Ok(()),
            // Nobody renames an object: another is made, and the first is gone.
            ClassChange::Rename(new) => {
                class.meta.name = new.as_str().into();
                class.meta.uid = hand.seed.of("class").of(&new).at(class.meta.resource_version).uuid().into();
                class.meta.created = hand.now;
                class.generation = 1;
            }
            ClassChange::Deliver(secrets) => {
                class.secrets = secrets;
                class.generation += 1;
            }
            ClassChange::Unfill => {
                class.synced = None;
                class.generation += 1;
            }
        }
        self.classes.push(Arc::new(class));
        if hand.config.kubernetes.csi.rotation {
            let mounting = self.mounts.values().filter(|mount| &*mount.class == name);
            let pods: Vec<PodId> = mounting.map(|mount| mount.pod).collect();
            pods.into_iter().for_each(|pod| self.queue_refresh(pod, hand));
        }
        Ok(())
    }

    /// Whether the class fills the Secret.
    pub(super) fn fills(&self, namespace: &str, class: &str, secret: &str) -> bool {
        let synced = self.provider_class(namespace, class).and_then(|class| class.synced.as_ref());
        synced.is_some_and(|(filled, _)| filled == secret)
    }

    /// Whether the class delivers the secret; `None` where it does not exist.
    pub(super) fn delivers(&self, namespace: &str, class: &str, hand: &Hand<'_>) -> Option<bool> {
        let class = self.provider_class(namespace, class)?;
        Some(class.secrets.contains(&hand.config.secret_name))
    }
}

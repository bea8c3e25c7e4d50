//! Who gets the secret, and whether he follows the vault.

use super::some;
use crate::model::{ClassFate, PinnedClass};
use crate::render::count::counted;
use crate::rotation::{Reason, Subject, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::WorkloadMissing => format!("{subject} does not exist"),
        Why::NamespacesUnseen { looked, refused } => format!(
            "of the cluster of {subject} only {} looked at, for want of a right{}: whoever gets the secret elsewhere is not \
             seen",
            match looked.as_slice() {
                [only] => format!("the namespace {only} is"),
                several => format!("the namespaces {} are", several.join(", ")),
            },
            match refused.as_slice() {
                [] => String::new(),
                refused => format!(" ({} may not be listed)", some(refused)),
            }
        ),
        Why::UnlistedWorkload => format!("{subject} gets the secret, and keyslot.toml does not name it"),
        Why::UnlistedPods { pods, stays: _ } => format!(
            "{subject} gets the secret, and is nothing that keyslot can restart ({}: {})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate } if pods.is_empty() => format!(
            "the next pod of {subject} may begin with the old key: it reads {}",
            match fate {
                ClassFate::Unfilled => format!(
                    "the Kubernetes Secret {class}, which the CSI driver made and no SecretProviderClass fills any more"
                ),
                ClassFate::Filled | ClassFate::Absent | ClassFate::Changed | ClassFate::OtherVault =>
                    format!(
                        "a Kubernetes Secret that the SecretProviderClass {class} filled before it was changed"
                    ),
            }
        ),
        Why::MayHoldSecret { pods, class, fate: ClassFate::Filled } => format!(
            "{} of {subject} may hold the old key: {} a Kubernetes Secret that the SecretProviderClass {class} filled \
             before it was changed ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it reads" } else { "they read" },
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate: ClassFate::Unfilled } => format!(
            "{} of {subject} may hold the old key: {} the Kubernetes Secret {class}, which the CSI driver made and no \
             SecretProviderClass fills any more ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it reads" } else { "they read" },
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate: ClassFate::OtherVault } => format!(
            "{} of {subject} {} a secret of that name by the SecretProviderClass {class}, from a vault that is no stamp's: \
             whether it is the key is not known ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "gets" } else { "get" },
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate } => format!(
            "{} of {subject} may hold the old key: the SecretProviderClass {class} that {} {} ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it mounts" } else { "they mount" },
            match (fate, pods.len()) {
                (ClassFate::Absent, _) => "does not exist any more",
                (_, 1) => "was changed after it began",
                (_, _) => "was changed after they began",
            },
            some(pods)
        ),
        Why::DoesNotGetSecret { pods } => format!(
            "{subject} is named in keyslot.toml and runs ({}), and nothing shows that it gets the secret",
            counted(*pods, "pod")
        ),
        Why::ClassMissing { class } => format!(
            "no new pod of {subject} could start: the SecretProviderClass {class} that it mounts does not exist"
        ),
        Why::PinnedVersion { version } if is_class(&reason.subject) => format!(
            "{subject} gives version {version} of the secret and no other (`objectVersion`): whoever mounts it never follows the \
             vault, and what starts such pods may not run now"
        ),
        Why::PinnedVersion { version } => format!(
            "{subject} gets version {version} of the secret and no other: its SecretProviderClass names it \
             (`objectVersion`), so it never follows the vault"
        ),
        in_other_rooms!(consumers) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::UnlistedWorkload => return unlisted(&reason.subject),
        Why::NamespacesUnseen { .. } => {
            "bind the role of `keyslot example cluster-role` in all namespaces again; or name the stamp's `namespaces` in keyslot.toml, if \
             nobody else gets the secret; or accept the stamp by name"
        }
        Why::UnlistedPods { stays: false, .. } => {
            "let it end, or restart it by other means when the vault holds the new key"
        }
        Why::UnlistedPods { stays: true, .. } => {
            "restart it by other means when the vault holds the new key; then accept it by name, or delete it"
        }
        Why::MayHoldSecret { fate: ClassFate::Absent, .. } => {
            "bring the class back (was it renamed?) and restart what mounts it; or accept it by name if it never got the \
             key"
        }
        Why::MayHoldSecret { fate: ClassFate::Filled, .. } => {
            "let the class deliver the key again, or take the Secret out of what reads it and restart that; or accept it \
             by name if the Secret never held the key"
        }
        Why::MayHoldSecret { fate: ClassFate::Unfilled, .. } => {
            "name the Secret in `secretObjects` of the class again, or take it out of what reads it and restart that; or \
             accept it by name if the Secret never held the key"
        }
        Why::MayHoldSecret { fate: ClassFate::OtherVault, .. } => {
            "accept it by name if it is another product's; or let the class name the stamp's vault (`keyvaultName`), or \
             configure the stamp that the vault is of"
        }
        Why::MayHoldSecret { fate: ClassFate::Changed, .. } => {
            "restart it once the vault holds the new key (kubectl rollout restart); or accept it by name if it never got \
             the key"
        }
        Why::DoesNotGetSecret { .. } => {
            "see its SecretProviderClass (kubectl get secretproviderclass): was it renamed, or edited? If it takes the key \
             no more, take it out of `order` once it was restarted; if it gets it by a way that keyslot does not see (Dapr, an \
             operator, a copy of the Secret), accept it by name: it is restarted like the others then, and its old pods count"
        }
        Why::ClassMissing { .. } => {
            "bring the class back, or mount the one that took its place, before anything is restarted"
        }
        Why::PinnedVersion { .. } if is_class(&reason.subject) => {
            "remove `objectVersion` from its object, or change it when the vault has the new version; or delete the class, or \
             accept it by name, if nothing mounts it any more"
        }
        Why::PinnedVersion { .. } => {
            "remove `objectVersion` from the object in the SecretProviderClass, or change it when the vault has the \
             new version"
        }
        Why::WorkloadMissing => "correct `workloads` in keyslot.toml, or deploy it",
        in_other_rooms!(consumers) => "",
    };
    text.to_owned()
}

/// Whether it is a SecretProviderClass itself, and none who mounts it.
fn is_class(subject: &Subject) -> bool {
    matches!(subject, Subject::Object(_, object) if object.kind == PinnedClass::KIND)
}

/// What to add where. The name reads back as the workload wherever it stands.
fn unlisted(subject: &Subject) -> String {
    let name = match subject {
        Subject::Workload(_, workload) => workload.to_string(),
        other => other.to_string(),
    };
    format!(
        "add \"{name}\" to `order` under [environment.NAME.workloads] in keyslot.toml, where it shall be restarted; \
         or accept it by name"
    )
}

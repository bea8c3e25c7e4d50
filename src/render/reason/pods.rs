//! Pods that may still hold the older key, and the nodes that they are on.

use super::some;
use crate::render::count::counted;
use crate::render::span;
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::NodeNotReady { node, pods, since } => format!(
            "node {node} ({subject}) is not ready{}, and {} on it may run on with the old key, whatever {} told: {}",
            since
                .map(|since| format!(" since {}", span::time(since)))
                .unwrap_or_else(|| " or not there".to_owned()),
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it is" } else { "they are" },
            some(pods)
        ),
        Why::NodeSilent { node, pods, since } => format!(
            "{} on node {node} ({subject}) should have ended at {} and {} still there: the node does not do what it is \
             told, and its pods may run on with the old key: {}",
            counted(pods.len(), "pod"),
            span::time(*since),
            if pods.len() == 1 { "is" } else { "are" },
            some(pods)
        ),
        Why::DeletedUnheard { node, pods, back, lasting: _ } => format!(
            "{} of {subject} {} deleted while the node did not answer, and {}: a process there may run on with the old key ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "was" } else { "were" },
            match back {
                Some(back) => format!(
                    "{node} has only just come back, and ends what is left there by {}",
                    span::time(*back)
                ),
                None => format!("{node} has not answered since"),
            },
            some(pods)
        ),
        Why::OldPods { pods, terminating, ends } => format!(
            "{} on {subject} may still use the old key ({terminating} terminating{}): {}",
            counted(pods.len(), "pod"),
            ends.map(|at| format!(", with time until {}", span::rfc3339(at))).unwrap_or_default(),
            some(pods)
        ),
        Why::JobRuns { pods, stays: true } => format!(
            "the Job {subject} has run for more than six hours with a key that may be the old one, and does not end ({}: {})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::JobRuns { pods, stays: false } => format!(
            "the Job {subject} runs with a key that may be the old one, until it ends ({}: {})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::OldPodsStay { pods } => format!(
            "{} on {subject} may hold another key than their vault does: {}",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::OldMountOfOther { pods, of, .. } => format!(
            "{} on {subject} also {} the secret from the vault of {of}, and got an older version there, or may have: {}",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "mounts" } else { "mount" },
            some(pods)
        ),
        Why::PodsNotMounted { pods, of, .. } => format!(
            "{} on {subject} {} not show which version of the secret is mounted{}: {}",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "does" } else { "do" },
            of.as_ref()
                .map(|of| format!(" from its own vault, but one of the vault of {of}"))
                .unwrap_or_default(),
            some(pods)
        ),
        in_other_rooms!(pods) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::OldMountOfOther { stay: true, .. } => {
            "restart what they belong to (`kubectl rollout restart`): keyslot restarts by the stamp's own vault alone"
        }
        Why::PodsNotMounted { lasting: true, of: Some(_), .. } => {
            "is it this stamp's cluster (`kubeconfig`, `context`)? If its pods are to read that vault, name it as the stamp's \
             `key_vault`; else name this stamp's vault in their SecretProviderClass"
        }
        Why::PodsNotMounted { lasting: true, of: None, .. } => {
            "is it this stamp's cluster (`kubeconfig`, `context`)? Does its SecretProviderClass name this stamp's vault? \
             Else see the driver's own pods (kubectl get secretproviderclasspodstatus -A)"
        }
        Why::NodeNotReady { .. } => {
            "see `kubectl get node` and the machine behind it: when it is back, its pods hear that they shall end"
        }
        Why::NodeSilent { .. } => {
            "see `kubectl get node` and the machine behind it. Only when it is certain that it runs no more: delete the \
             Node, and its pods go with it; then accept it by the Node's name"
        }
        Why::DeletedUnheard { back: Some(_), .. } => "",
        Why::DeletedUnheard { back: None, .. } => {
            "see the machine behind it (`az vmss list-instances`), and bring it back, which keyslot sees where it may read \
             nodes; only when it is certain that it runs no more, accept it by the Node's name"
        }
        Why::OldPodsStay { .. } => {
            "restart what they belong to, so that they read the key that their vault holds, or delete those that belong to \
             nothing: that it was accepted by name covers no old pod"
        }
        Why::JobRuns { stays: true, .. } => {
            "see whether its work is done and a sidecar alone keeps its pod (`kubectl get pod`): then delete the pod, or the Job; \
             a worker that never ends is deleted, and begins anew with the key that its vault holds"
        }
        Why::OldPods { .. }
        | Why::JobRuns { stays: false, .. }
        | Why::OldMountOfOther { stay: false, .. }
        | Why::PodsNotMounted { lasting: false, .. } => "",
        in_other_rooms!(pods) => "",
    };
    text.to_owned()
}

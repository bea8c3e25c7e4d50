//! The restart of one workload: the patch that `kubectl rollout restart` sends, plus our mark.
//!
//! Sent once, and the only request made here. The same mark twice changes nothing: the template stays as it
//! is, and so does the generation. A paused Deployment is refused as kubectl refuses it (the API would take the
//! patch, and nothing would roll until somebody resumes it). That rests on the last look, which the decision to
//! restart rested on too; one paused since is seen by the next look and costs nothing but waiting.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::super::http::Leave;
use super::api::{Api, Kind};
use super::failure::Failure;
use super::{RESTARTED_AT, ROTATION};
use crate::model::{Blindness, WorkloadKind, WorkloadName};
use crate::ports::{Effect, Fault, Permit, RestartMark};

/// What kubectl calls itself for this; the owner of the annotation in `managedFields`.
const FIELD_MANAGER: &str = "kubectl-rollout";

/// What Flux leaves alone: of what it applies it takes away the fields of all whose names begin with `kubectl`
/// (<https://fluxcd.io/flux/faq/#how-to-restart-a-deployment-managed-by-flux>), and that would begin another rollout.
const BESIDE_FLUX: &str = "flux-client-side-apply";

const STRATEGIC_MERGE: &str = "application/strategic-merge-patch+json";

const MERGE: &str = "application/merge-patch+json";

#[derive(Deserialize)]
struct Brief {
    metadata: BriefMeta,
    #[serde(default)]
    spec: BriefSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BriefSpec {
    template: BriefTemplate,
    /// Of a Rollout.
    restart_at: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BriefTemplate {
    metadata: BriefMarks,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BriefMarks {
    annotations: Option<BTreeMap<String, String>>,
}

impl Brief {
    /// Whether what the server stored is what it was sent.
    fn bears(&self, mark: &RestartMark) -> bool {
        let annotations = self.spec.template.metadata.annotations.as_ref();
        let in_template = annotations.and_then(|all| all.get(RESTARTED_AT));
        in_template.into_iter().chain(&self.spec.restart_at).any(|at| *at == mark.restarted_at)
    }
}

#[derive(Deserialize)]
struct BriefMeta {
    generation: i64,
    #[serde(default, rename = "resourceVersion")]
    version: String,
}

/// What the last look told of a workload, as far as its restart goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub paused: bool,
    /// Whether Flux applies it from a repository.
    pub flux: bool,
}

/// What came of it.
pub(super) struct Sent {
    /// The generation after the patch.
    pub effect: Effect<i64>,
    /// The workload as the answer has it.
    pub answer: Option<Zeroizing<Vec<u8>>>,
    /// Whether the server may have refused the credentials, which may be renewed by now.
    pub worn: bool,
}

impl From<Effect<i64>> for Sent {
    fn from(effect: Effect<i64>) -> Sent {
        Sent { effect, answer: None, worn: false }
    }
}

/// Restarts.
pub(super) async fn restart(
    api: &Api,
    workload: &WorkloadName,
    mark: &RestartMark,
    permit: &Permit,
    known: Known,
) -> Sent {
    let what = format!("restart the {} {workload}", workload.kind);
    if known.paused {
        return Effect::Refused(paused(api, &what)).into();
    }
    let collection = Kind::of(workload.kind).path(Some(&workload.namespace));
    let owner = if known.flux { BESIDE_FLUX } else { FIELD_MANAGER };
    let path = format!("{collection}/{}?fieldManager={owner}", workload.name);
    let body = Some(match workload.kind {
        // Its pods are evicted in place: a mark in the template would begin another rollout instead. Custom resources
        // take no strategic merge.
        WorkloadKind::Rollout => (MERGE, patch_of_rollout(mark).into_bytes()),
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
            (STRATEGIC_MERGE, patch(mark).into_bytes())
        }
    });
    let leave = Leave { permit, clock: api.clock.as_ref() };
    let answer = match api.call(Method::PATCH, &path, body, Some(leave)).await {
        Ok(answer) => answer,
        Err(failure) => {
            let by_admission = failure.refusal().is_some_and(|no| no.admission().is_some());
            let effect = failure.effect(&what, &api.subject);
            let of_us = |fault: &Fault| matches!(fault.kind, Blindness::Forbidden | Blindness::Throttled);
            let worn = !by_admission && matches!(&effect, Effect::Refused(fault) if of_us(fault));
            return Sent { effect, answer: None, worn };
        }
    };
    match serde_json::from_slice::<Brief>(&answer.body) {
        Ok(brief) => {
            // A list of a time before this answer would show the workload as it was.
            api.connection.newest.note(Kind::of(workload.kind), &brief.metadata.version);
            if !brief.bears(mark) {
                return Effect::Refused(removed(api, &what)).into();
            }
            let effect = Effect::Applied(brief.metadata.generation);
            Sent { effect, answer: Some(answer.body), worn: false }
        }
        Err(_) => {
            let why = format!("the patch was accepted, and the answer is no {}", workload.kind);
            Failure::Garbled(why).effect(&what, &api.subject).into()
        }
    }
}

/// The patch's body, as kubectl writes it.
fn patch(mark: &RestartMark) -> String {
    let annotations = json!({ RESTARTED_AT: mark.restarted_at, ROTATION: mark.rotation.as_str() });
    json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}).to_string()
}

/// The patch that `kubectl argo rollouts restart` sends, with our mark on the object itself.
fn patch_of_rollout(mark: &RestartMark) -> String {
    let metadata = json!({"annotations": {ROTATION: mark.rotation.as_str()}});
    json!({"metadata": metadata, "spec": {"restartAt": mark.restarted_at}}).to_string()
}

/// Sent again it would be taken away again, and nothing would roll.
fn removed(api: &Api, what: &str) -> Fault {
    let why = "the API server took the patch and stored the workload without its mark, so no pod is replaced";
    Fault::new(Blindness::Forbidden, what, &api.subject, why).remedy(
        "a policy that changes what is applied takes the annotation away (a mutating webhook): have it leave \
         kubectl.kubernetes.io/restartedAt alone",
    )
}

fn paused(api: &Api, what: &str) -> Fault {
    Fault::new(
        Blindness::Forbidden,
        what,
        &api.subject,
        "it is paused, so a restart would not replace any pod",
    )
    .remedy("resume it first (kubectl rollout resume), or take it out of the configuration")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RotationId;

    #[test]
    fn the_patch_is_kubectls_with_one_more_annotation() {
        let mark = RestartMark {
            restarted_at: "2026-11-22T19:34:50Z".into(),
            rotation: RotationId::new("cosmos-prod-1a2b"),
        };
        assert_eq!(
            patch(&mark),
            r#"{"spec":{"template":{"metadata":{"annotations":{"keyslot.dev/rotation":"cosmos-prod-1a2b","kubectl.kubernetes.io/restartedAt":"2026-11-22T19:34:50Z"}}}}}"#
        );
        assert_eq!(
            patch_of_rollout(&mark),
            r#"{"metadata":{"annotations":{"keyslot.dev/rotation":"cosmos-prod-1a2b"}},"spec":{"restartAt":"2026-11-22T19:34:50Z"}}"#
        );
    }
}

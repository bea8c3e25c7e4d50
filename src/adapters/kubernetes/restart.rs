//! The restart of one workload: the patch that `kubectl rollout restart` sends, plus our mark.
//!
//! Sent once, and the only request made here. The same mark twice changes nothing: the template stays as it
//! is, and so does the generation. A paused Deployment is refused as kubectl refuses it (the API would take the
//! patch, and nothing would roll until somebody resumes it). That rests on the last look, which the decision to
//! restart rested on too; one paused since is seen by the next look and costs nothing but waiting.

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

const STRATEGIC_MERGE: &str = "application/strategic-merge-patch+json";

const MERGE: &str = "application/merge-patch+json";

#[derive(Deserialize)]
struct Brief {
    metadata: BriefMeta,
}

#[derive(Deserialize)]
struct BriefMeta {
    generation: i64,
    #[serde(default, rename = "resourceVersion")]
    version: String,
}

/// Restarts, and gives the generation after the patch; and the workload as the answer has it.
pub(super) async fn restart(
    api: &Api,
    workload: &WorkloadName,
    mark: &RestartMark,
    permit: &Permit,
    known_paused: bool,
) -> (Effect<i64>, Option<Zeroizing<Vec<u8>>>) {
    let what = format!("restart the {} {workload}", workload.kind);
    if known_paused {
        return (Effect::Refused(paused(api, &what)), None);
    }
    let collection = Kind::of(workload.kind).path(Some(&workload.namespace));
    let path = format!("{collection}/{}?fieldManager={FIELD_MANAGER}", workload.name);
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
        Err(failure) => return (failure.effect(&what, &api.subject), None),
    };
    match serde_json::from_slice::<Brief>(&answer.body) {
        Ok(brief) => {
            // A list of a time before this answer would show the workload as it was.
            api.connection.newest.note(Kind::of(workload.kind), &brief.metadata.version);
            (Effect::Applied(brief.metadata.generation), Some(answer.body))
        }
        Err(_) => {
            let why = format!("the patch was accepted, and the answer is no {}", workload.kind);
            (Failure::Garbled(why).effect(&what, &api.subject), None)
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

//! Whether a workload has done what its newest generation asks, judged from one view of it.
//!
//! The hard part is what a status does *not* say: it may be older than the patch, it may carry conditions of
//! the rollout before, and its zeroes are absent. So the numbers decide, and only once the controller has
//! seen the newest generation; a condition alone is never success. Pods that still terminate are not counted
//! in any of these numbers: that none is left is another predicate's business.
//!
//! A workload whose pods are replaced only when somebody deletes them has no rollout to wait for: it is complete
//! when its pods are there, whatever template they are of.

use crate::model::{DeploymentCondition, Strategy, WorkloadKind, WorkloadView};

/// The numbers of a rollout under way, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Pods that the workload wants.
    pub desired: u32,
    /// Pods of the newest template.
    pub updated: u32,
    /// Pods of any template that have served long enough.
    pub available: u32,
    /// Pods of older templates that have not been told to end.
    pub outdated: u32,
}

/// Where a rollout stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollout {
    /// The status is about an older generation: everything else in it describes the past.
    NotYetObserved { observed: i64, wanted: i64 },
    /// Pods are being replaced.
    Progressing(Progress),
    /// The rollout is over, and pods are being added or have been lost: an autoscaler's doing, or a node's.
    Scaling(Progress),
    /// Every wanted pod is of the newest template and available, and no other is counted any more.
    Complete,
    /// The controller has given up waiting for progress; the old pods stay. It goes on by itself if the new
    /// pods recover.
    DeadlineExceeded { message: String, progress: Progress },
    /// Nothing moves until somebody resumes the Deployment.
    Paused(Progress),
}

impl Rollout {
    pub fn is_complete(&self) -> bool {
        matches!(self, Rollout::Complete)
    }
}

/// Judges `workload` after a patch that left it at `our_generation`.
///
/// A later generation (a scaling, another restart) moves the mark: then *its* rollout is what is judged, since
/// it replaces the same old pods. Whether ours was overtaken, [`superseded`] tells. Generations belong to one
/// object: the caller compares `uid`s, because a Deployment that was made anew starts at 1.
pub fn rollout(workload: &WorkloadView, our_generation: i64) -> Rollout {
    let wanted = workload.generation.max(our_generation);
    if workload.observed_generation < wanted {
        return Rollout::NotYetObserved { observed: workload.observed_generation, wanted };
    }
    if complete(workload) {
        return Rollout::Complete;
    }
    let progress = progress(workload);
    if workload.paused {
        return Rollout::Paused(progress);
    }
    match deadline(workload) {
        Some(message) => Rollout::DeadlineExceeded { message, progress },
        None if rolled_out(workload) => Rollout::Scaling(progress),
        None => Rollout::Progressing(progress),
    }
}

/// Whether somebody's later change has replaced the template that our patch made: the generation has moved
/// on, and the template no longer bears our time. (The generation alone does not tell: scaling raises it too.
/// A controller that removes the annotation, as GitOps tools do, has changed the template as well.)
pub fn superseded(workload: &WorkloadView, our_generation: i64, our_restarted_at: &str) -> bool {
    workload.generation > our_generation && workload.restarted_at.as_deref() != Some(our_restarted_at)
}

fn complete(workload: &WorkloadView) -> bool {
    let rolled = workload.updated == workload.desired && !workload.between_revisions;
    (rolled || workload.strategy == Strategy::OnDelete)
        && workload.replicas == workload.desired
        && workload.available == workload.desired
        && workload.unavailable == 0
}

/// Every pod is of the newest template, some serve, and the controller calls the rollout complete. It takes that reason
/// away with the next template, as a rule: a leftover of the rollout before may stand there while all pods are made
/// anew, and then none serves. Nothing is called done by it. A StatefulSet tells by its revisions, which become one when
/// the last pod of a rollout is ready. Other kinds and strategies say no such thing.
fn rolled_out(workload: &WorkloadView) -> bool {
    let complete = |condition: &DeploymentCondition| {
        condition.kind == "Progressing"
            && condition.status == "True"
            && condition.reason == "NewReplicaSetAvailable"
    };
    matches!(workload.strategy, Strategy::RollingUpdate { .. })
        && workload.updated == workload.replicas
        && workload.available > 0
        && !workload.between_revisions
        && (workload.name.kind == WorkloadKind::StatefulSet || workload.conditions.iter().any(complete))
}

fn progress(workload: &WorkloadView) -> Progress {
    Progress {
        desired: workload.desired,
        updated: workload.updated,
        available: workload.available,
        outdated: workload.replicas.saturating_sub(workload.updated),
    }
}

/// The controller writes this condition together with `observedGeneration`, so once that is current the
/// condition belongs to the newest rollout.
fn deadline(workload: &WorkloadView) -> Option<String> {
    workload
        .conditions
        .iter()
        .find(|condition| condition.kind == "Progressing" && condition.status == "False")
        .filter(|condition| condition.reason == "ProgressDeadlineExceeded")
        .map(|condition| condition.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PodTimes, ReplicaNumber, WorkloadName};

    fn settled() -> WorkloadView {
        WorkloadView {
            name: WorkloadName::new("workload", "catalogservice-deploy"),
            uid: "u".into(),
            generation: 2,
            observed_generation: 2,
            paused: false,
            strategy: Strategy::RollingUpdate {
                max_surge: ReplicaNumber::Percent(25),
                max_unavailable: ReplicaNumber::Percent(25),
            },
            desired: 3,
            replicas: 3,
            terminating: None,
            updated: 3,
            ready: 3,
            available: 3,
            unavailable: 0,
            between_revisions: false,
            conditions: vec![progressing("True", "NewReplicaSetAvailable")],
            restarted_at: Some("2026-11-22T19:29:28Z".into()),
            rotation: None,
            consumes: true,
            pinned: None,
            lacks: None,
            left: None,
            written: None,
            manager: None,
            times: PodTimes::default(),
        }
    }

    fn progressing(status: &str, reason: &str) -> DeploymentCondition {
        DeploymentCondition {
            kind: "Progressing".into(),
            status: status.into(),
            reason: reason.into(),
            message: format!("says {reason}"),
            updated: None,
        }
    }

    #[test]
    fn every_number_must_agree_before_it_is_complete() {
        assert_eq!(rollout(&settled(), 2), Rollout::Complete);
        let breaks: [fn(&mut WorkloadView); 6] = [
            |w| w.updated = 2,
            |w| w.replicas = 4,
            |w| w.available = 2,
            |w| w.unavailable = 1,
            |w| w.desired = 4,
            |w| w.between_revisions = true,
        ];
        for spoil in breaks {
            let mut workload = settled();
            spoil(&mut workload);
            let verdict = rollout(&workload, 2);
            assert!(matches!(verdict, Rollout::Progressing(_) | Rollout::Scaling(_)), "{workload:?}");
        }
    }

    #[test]
    fn pods_that_are_added_or_lost_after_a_rollout_are_told_from_one() {
        let scaled = WorkloadView { desired: 5, replicas: 5, updated: 5, ..settled() };
        assert!(matches!(rollout(&scaled, 2), Rollout::Scaling(Progress { desired: 5, available: 3, .. })));
        let rolling: [fn(&mut WorkloadView); 4] = [
            |w| w.updated = 1,
            |w| w.available = 0,
            |w| w.strategy = Strategy::Recreate,
            |w| w.conditions = vec![progressing("True", "ReplicaSetUpdated")],
        ];
        for spoil in rolling {
            let mut workload = scaled.clone();
            spoil(&mut workload);
            assert!(matches!(rollout(&workload, 2), Rollout::Progressing(_)), "{workload:?}");
        }
    }

    #[test]
    fn a_stateful_set_of_one_revision_is_scaled_and_one_of_two_rolls_out() {
        let name = WorkloadName::of_kind(WorkloadKind::StatefulSet, "workload", "orders-db");
        let scaled = WorkloadView { name, desired: 5, conditions: Vec::new(), ..settled() };
        assert!(matches!(rollout(&scaled, 2), Rollout::Scaling(_)));
        // The last of its pods is made anew.
        let last =
            WorkloadView { between_revisions: true, desired: 3, replicas: 2, updated: 2, ..scaled.clone() };
        assert!(matches!(rollout(&last, 2), Rollout::Progressing(_)));
        let begun = WorkloadView { updated: 0, desired: 3, available: 3, ..scaled };
        assert!(matches!(rollout(&begun, 2), Rollout::Progressing(_)));
    }

    #[test]
    fn a_complete_looking_status_of_the_generation_before_says_nothing() {
        let stale = WorkloadView { generation: 3, ..settled() };
        assert_eq!(rollout(&stale, 3), Rollout::NotYetObserved { observed: 2, wanted: 3 });
        // A list that was read before our patch was applied is just as stale.
        assert_eq!(rollout(&settled(), 3), Rollout::NotYetObserved { observed: 2, wanted: 3 });
    }

    #[test]
    fn an_old_deadline_is_not_held_against_a_new_patch() {
        let mut workload = settled();
        workload.generation = 3;
        workload.conditions = vec![progressing("False", "ProgressDeadlineExceeded")];
        assert!(matches!(rollout(&workload, 3), Rollout::NotYetObserved { .. }));
        workload.observed_generation = 3;
        workload.updated = 1;
        assert!(matches!(rollout(&workload, 3), Rollout::DeadlineExceeded { .. }));
        // Complete numbers outrank a condition that the controller has not yet rewritten.
        workload.updated = 3;
        assert_eq!(rollout(&workload, 3), Rollout::Complete);
    }

    #[test]
    fn no_replicas_wanted_and_none_left_is_complete() {
        let mut workload = settled();
        (workload.desired, workload.replicas, workload.updated) = (0, 0, 0);
        (workload.ready, workload.available) = (0, 0);
        assert_eq!(rollout(&workload, 2), Rollout::Complete);
        workload.replicas = 3;
        assert!(matches!(rollout(&workload, 2), Rollout::Progressing(Progress { outdated: 3, .. })));
    }

    #[test]
    fn where_pods_are_replaced_on_deletion_only_their_number_counts() {
        let mut workload = WorkloadView { strategy: Strategy::OnDelete, updated: 0, ..settled() };
        assert_eq!(rollout(&workload, 2), Rollout::Complete);
        workload.available = 2;
        assert!(matches!(rollout(&workload, 2), Rollout::Progressing(_)));
    }

    #[test]
    fn a_paused_rollout_waits_and_a_finished_one_does_not() {
        let mut workload = WorkloadView { paused: true, updated: 0, ..settled() };
        assert!(matches!(rollout(&workload, 2), Rollout::Paused(_)));
        workload.updated = 3;
        assert_eq!(rollout(&workload, 2), Rollout::Complete);
    }

    #[test]
    fn scaling_after_a_restart_does_not_supersede_it_and_another_restart_does() {
        let ours = "2026-11-22T19:29:28Z";
        let scaled = WorkloadView { generation: 3, ..settled() };
        assert!(!superseded(&scaled, 2, ours));
        let again = WorkloadView { restarted_at: Some("2026-11-22T19:31:34Z".into()), ..scaled };
        assert!(superseded(&again, 2, ours));
        assert!(!superseded(&settled(), 2, "another"), "the generation is still ours");
    }
}

//! Every gate: what it holds, with what verdict, and that it does not hold without cause.

use std::time::Duration;

use jiff::SignedDuration;
use keyslot::model::{
    Access, Blindness, ClusterState, ClusterView, CommitId, Credential, CronJobView, DeploymentCondition,
    EvidenceKey, Fingerprint, KeyKind, ObjectName, Operation, OperationState, PodTrouble, PodView, PullState,
    ReplicaNumber, ResourceKind, Right, RunId, RunResult, RunState, RunView, SecretVersion, Seen,
    SharedStore, Slot, SlotUse, StageEffect, StageView, StampFacts, Strategy, SyncedSecretView, Term,
    Unlisted, Warning, WorkloadName, WorkloadView,
};
use keyslot::rotation::{
    Acceptance, Event, Gate, Intent, Leg, Outcome, Phase, Produced, Purpose, Reach, Reason, Step, Subject,
    Verdict, Why,
};

use crate::consumers::{become_stateful, idle, nightly, one_more, run_job, stateful, synced};
use crate::stage::{
    HOLDER, Stage, at, branch, deployment, holding, key, proof, requests, stamp, steps, workload,
};

/// Spoils one piece of a stage that would act, and names what must hold then.
type Spoil = fn(&mut Stage);

#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    Waits,
    Halts,
}

fn check(base: fn() -> Stage, cases: &[(&str, Gate, End, Spoil)]) {
    assert!(matches!(base().decide().verdict, Verdict::Act { .. }), "unspoilt: {:?}", base().decide());
    for (name, gate, end, spoil) in cases {
        let mut stage = base();
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(holding(&decision).contains(gate), "{name}: {decision:?}");
        let got = match decision.verdict {
            Verdict::Wait { .. } => End::Waits,
            Verdict::Halt { .. } => End::Halts,
            other => panic!("{name} acts all the same: {other:?}"),
        };
        assert_eq!(got, *end, "{name}");
    }
}

fn run(state: RunState, stage: RunState) -> RunView {
    RunView {
        id: RunId::new("11"),
        url: "https://pipelines.example/11".to_owned(),
        branch: "release/0".into(),
        commit: CommitId::new("e".repeat(40)),
        by: "ada".to_owned(),
        state,
        started: at(90_000),
        finished: None,
        stages: vec![StageView::new("deploy-infrastructure", stage, Some(vec![StageEffect::WritesVaults]))],
        more_before: false,
    }
}

#[test]
fn regenerate_is_held_by_each_of_its_gates_alone() {
    let cases: &[(&str, Gate, End, Spoil)] = &[
        ("somebody has paused the rotation", Gate::NotPaused, End::Halts, |s| {
            s.events.push((at(5), paused()));
        }),
        ("a cluster's clock is behind", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("north").ahead = Some(SignedDuration::from_mins(-20));
        }),
        ("the account does not exist", Gate::KeysAllowed, End::Halts, |s| {
            s.world.account = Some(Seen::blind(s.now, Blindness::Missing, "404"));
        }),
        ("a node does not end its pods", Gate::OldPodsGone, End::Halts, |s| {
            let mut pod = s.cluster_mut("east").pods[1].clone();
            (pod.created, pod.deleting) = (at(40), Some(at(100_000 - 601)));
            s.cluster_mut("east").pods.push(pod);
        }),
        ("a stamp that nobody listed", Gate::AllListed, End::Halts, |s| {
            s.world.inventory.as_mut().unwrap().what.as_mut().unwrap().unlisted.push(Unlisted {
                kind: ResourceKind::Vault,
                name: "old-kv".to_owned(),
                resource_group: "old-rg".to_owned(),
                location: "uksouth".to_owned(),
            });
        }),
        ("a list of stamps that may not be had", Gate::AllListed, End::Halts, |s| {
            s.world.inventory = Some(Seen::blind(s.now, Blindness::Forbidden, "no right"));
        }),
        ("a list of stamps that could not be had", Gate::AllListed, End::Waits, |s| {
            s.world.inventory = Some(Seen::blind(s.now, Blindness::Unreachable, "no answer"));
        }),
        ("keys are switched off", Gate::KeysAllowed, End::Halts, |s| {
            s.account_mut().local_auth_disabled = true;
        }),
        ("the account may not be read", Gate::KeysAllowed, End::Halts, |s| {
            s.world.account = Some(Seen::blind(s.now, Blindness::Forbidden, "403"));
        }),
        ("the account cannot be read", Gate::KeysAllowed, End::Waits, |s| {
            s.world.account = Some(Seen::blind(s.now, Blindness::Unreachable, "503"));
        }),
        ("the target key is refused", Gate::TargetProven, End::Halts, |s| {
            let mut refused = proof(Slot::Secondary);
            refused.regions.values_mut().for_each(|region| {
                region.write = Some(keyslot::model::ProofVerdict::Refused);
            });
            s.world.proofs.insert(Slot::Secondary, Seen::known(s.now, refused));
        }),
        ("the target key is new and refused", Gate::TargetProven, End::Waits, |s| {
            let kind = KeyKind::read_write(Slot::Secondary);
            s.account_mut().keys.get_mut(&kind).unwrap().generated = Some(at(99_000));
            let mut refused = proof(Slot::Secondary);
            refused.regions.values_mut().for_each(|region| {
                region.read = keyslot::model::ProofVerdict::Refused;
            });
            s.world.proofs.insert(Slot::Secondary, Seen::known(s.now, refused));
        }),
        ("the account's network keeps this machine out", Gate::TargetProven, End::Halts, |s| {
            let mut kept_out = proof(Slot::Secondary);
            kept_out.regions.values_mut().for_each(|region| {
                region.read = keyslot::model::ProofVerdict::KeptOut("403".to_owned());
            });
            s.world.proofs.insert(Slot::Secondary, Seen::known(s.now, kept_out));
        }),
        ("the proof is throttled", Gate::TargetProven, End::Waits, |s| {
            let mut unclear = proof(Slot::Secondary);
            unclear.regions.values_mut().for_each(|region| {
                region.read = keyslot::model::ProofVerdict::NoEvidence("429".to_owned());
            });
            s.world.proofs.insert(Slot::Secondary, Seen::known(s.now, unclear));
        }),
        ("the proof is of another key", Gate::TargetProven, End::Waits, |s| {
            let mut other = proof(Slot::Secondary);
            other.fingerprint = Some(key(Slot::Primary));
            s.world.proofs.insert(Slot::Secondary, Seen::known(s.now, other));
        }),
        ("a vault holds the old key", Gate::Propagated, End::Waits, |s| {
            s.vault_mut("north").fingerprint = key(Slot::Primary);
            let succeeded = RunState::Completed(RunResult::Succeeded);
            let mut written = run(succeeded, succeeded);
            written.branch = "release/1".into();
            written.commit = CommitId::new("c".repeat(40));
            written.finished = Some(s.now);
            s.world.runs = Some(Seen::known(s.now, vec![written]));
        }),
        ("a vault is unreachable", Gate::Propagated, End::Waits, |s| {
            s.world.vaults.insert(stamp("north"), Seen::blind(s.now, Blindness::Unreachable, "time-out"));
        }),
        ("a secret has no version", Gate::Propagated, End::Waits, |s| {
            s.world.vaults.insert(stamp("north"), Seen::blind(s.now, Blindness::Missing, "404"));
        }),
        ("a secret is disabled", Gate::Propagated, End::Halts, |s| s.vault_mut("east").enabled = false),
        ("an old pod runs", Gate::OldPodsGone, End::Waits, |s| {
            let pod = one_more(s, "east");
            pod.created = at(49);
            pod.deleting = Some(at(99_990));
        }),
        ("a pod is as old as the secret, to the second", Gate::OldPodsGone, End::Waits, |s| {
            let pod = one_more(s, "east");
            pod.created = at(50);
            pod.deleting = Some(at(99_990));
        }),
        ("a pod is as old as the secret and its lag, to the second", Gate::OldPodsGone, End::Waits, |s| {
            let pod = one_more(s, "east");
            pod.created = at(55);
            pod.deleting = Some(at(99_990));
        }),
        ("a young pod mounts the old version", Gate::OldPodsGone, End::Waits, |s| {
            let pod = one_more(s, "east");
            pod.mounted = Some("v1".into());
            pod.deleting = Some(at(99_990));
        }),
        ("a running pod does not show what it mounted", Gate::OldPodsGone, End::Halts, |s| {
            s.cluster_mut("east").pods[1].mounted = None;
        }),
        ("an old one whose mount nobody asked for", Gate::OldPodsGone, End::Waits, |s| {
            run_job(s, at(10));
            for name in ["east", "north"] {
                let jobs = s.cluster_mut(name).pods.iter_mut().filter(|pod| pod.created == at(10));
                jobs.for_each(|pod| pod.mounted = None);
            }
        }),
        ("one that ends does not show it any more", Gate::OldPodsGone, End::Waits, |s| {
            let pod = one_more(s, "east");
            pod.mounted = None;
            pod.deleting = Some(at(99_990));
        }),
        ("an old pod that nobody listed", Gate::OldPodsGone, End::Halts, |s| {
            let pod = one_more(s, "east");
            pod.created = at(10);
            pod.workload = None;
        }),
        ("a Job runs with the old key", Gate::OldPodsGone, End::Waits, |s| {
            run_job(s, at(10));
        }),
        ("a workload that nobody listed", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("north").workloads.push(idle("orders-db"));
        }),
        ("a young pod that belongs to nothing", Gate::Consumers, End::Halts, |s| {
            one_more(s, "north").workload = None;
        }),
        ("a young pod of a controller that is not known", Gate::Consumers, End::Halts, |s| {
            let pod = one_more(s, "north");
            pod.workload = None;
            pod.above = Some(ObjectName::new("Rollout", "workload", "canary"));
        }),
        ("a pod of a workload that no longer gets the secret", Gate::Consumers, End::Halts, |s| {
            one_more(s, "north").workload = Some(stateful("orders-db").name);
        }),
        ("a workload is pinned to another version", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].pinned = Some("v1".into());
        }),
        ("a CronJob is pinned to another version", Gate::Consumers, End::Halts, |s| {
            let job = CronJobView { pinned: Some("v1".into()), ..nightly() };
            s.cluster_mut("north").cron_jobs.push(job);
        }),
        ("a CronJob would start with the old key", Gate::Synced, End::Halts, |s| {
            s.cluster_mut("north").synced.push(synced(Slot::Primary));
            s.cluster_mut("north").cron_jobs.push(nightly());
        }),
        ("the old key was used just now", Gate::KeyQuiet, End::Waits, |s| {
            let kind = KeyKind::read_write(Slot::Primary);
            s.account_mut().keys.get_mut(&kind).unwrap().last_used = Some(at(99_000));
        }),
        ("the logs show a use of the old key", Gate::KeyQuiet, End::Waits, |s| {
            let primary = KeyKind::read_write(Slot::Primary);
            // Within the quiet window before the end of what the logs can tell.
            let used = requests(primary, "east", s.now - SignedDuration::from_mins(39));
            s.usage_mut().requests.push(used);
        }),
        ("the logs show a use that is younger than they can be whole", Gate::KeyQuiet, End::Waits, |s| {
            let used = requests(KeyKind::read_write(Slot::Primary), "east", s.now);
            s.usage_mut().requests.push(used);
        }),
        ("somebody was refused with the old key", Gate::KeyQuiet, End::Waits, |s| {
            let mut refused = requests(KeyKind::read_write(Slot::Primary), "west", s.now);
            refused.refused = true;
            s.usage_mut().requests.push(refused);
        }),
        ("the logs do not say with which key", Gate::KeyQuiet, End::Waits, |s| {
            s.usage_mut().requests[0].credential = Credential::Unknown;
        }),
        ("the logs have no row", Gate::KeyQuiet, End::Waits, |s| {
            (s.usage_mut().newest, s.usage_mut().requests) = (None, Vec::new());
        }),
        ("the logs have stopped", Gate::KeyQuiet, End::Waits, |s| {
            s.usage_mut().newest = Some(s.now - SignedDuration::from_mins(31));
        }),
        ("the logs were asked for less than the window", Gate::KeyQuiet, End::Waits, |s| {
            let created = s.now - SignedDuration::from_mins(20);
            for name in ["east", "north"] {
                s.cluster_mut(name).pods.iter_mut().for_each(|pod| pod.created = created);
            }
            s.usage_mut().since = s.now - SignedDuration::from_mins(39);
        }),
        ("the logs were asked for less than since the restart", Gate::NotRefused, End::Waits, |s| {
            s.usage_mut().since = at(61);
        }),
        ("the logs cannot be read", Gate::NotRefused, End::Waits, |s| {
            s.world.usage = Some(Seen::blind(s.now, Blindness::Missing, "no table"));
        }),
        ("what the logs say is old", Gate::KeyQuiet, End::Waits, |s| {
            s.world.usage.as_mut().unwrap().at = at(100_000 - 61);
        }),
        ("a stamp's region refuses", Gate::NotRefused, End::Halts, |s| {
            let mut refused = requests(KeyKind::read_write(Slot::Secondary), "East", s.now);
            (refused.refused, refused.credential) = (true, Credential::Unknown);
            s.usage_mut().requests.push(refused);
        }),
        ("a cluster's evidence is old", Gate::OldPodsGone, End::Waits, |s| {
            let seen = s.world.clusters.get_mut(&stamp("east")).unwrap();
            seen.at = at(100_000 - 61);
        }),
        ("a run may write the vaults", Gate::NoHazard, End::Waits, |s| {
            let running = run(RunState::Running, RunState::Queued);
            s.world.runs = Some(Seen::known(s.now, vec![running]));
        }),
        ("a run waits for approval of that stage", Gate::NoHazard, End::Waits, |s| {
            let waiting = run(RunState::WaitsForApproval, RunState::WaitsForApproval);
            s.world.runs = Some(Seen::known(s.now, vec![waiting]));
        }),
        ("a run has just ended that may have written", Gate::NoHazard, End::Waits, |s| {
            let mut ended =
                run(RunState::Completed(RunResult::Failed), RunState::Completed(RunResult::Failed));
            ended.finished = Some(at(100_000 - 4));
            s.world.runs = Some(Seen::known(s.now, vec![ended]));
        }),
        ("Azure shows the vault of a stamp that counts as closed", Gate::AllListed, End::Waits, |s| {
            crate::closed::close(s, "north");
            let shown = (stamp("north"), ResourceKind::Vault);
            s.world.inventory.as_mut().unwrap().what.as_mut().unwrap().shown.insert(shown);
        }),
        ("a run that goes on has just written", Gate::NoHazard, End::Waits, |s| {
            let mut on = run(RunState::WaitsForApproval, RunState::Completed(RunResult::Succeeded));
            on.stages[0].finished = Some(at(100_000 - 4));
            s.world.runs = Some(Seen::known(s.now, vec![on]));
        }),
        ("a run that goes on has written since a vault was seen", Gate::NoHazard, End::Waits, |s| {
            let mut on = run(RunState::Running, RunState::Completed(RunResult::Succeeded));
            on.stages[0].finished = Some(at(100_000 - 20));
            s.world.runs = Some(Seen::known(s.now, vec![on]));
            s.world.vaults.get_mut(&stamp("north")).unwrap().at = at(100_000 - 18);
        }),
        ("a stopped cluster keeps a Secret like those of the others", Gate::Synced, End::Halts, |s| {
            s.cluster_mut("east")
                .synced
                .push(SyncedSecretView { changed: Some(at(50)), ..synced(Slot::Secondary) });
            let stopped = ClusterView { state: ClusterState::Stopped, ..ClusterView::default() };
            *s.cluster_mut("north") = stopped;
        }),
        ("the account's last operation failed", Gate::Regenerated, End::Halts, |s| {
            s.account_mut().provisioning = "DeletionFailed".to_owned();
        }),
        ("a run has ended since a vault was seen", Gate::NoHazard, End::Waits, |s| {
            let succeeded = RunState::Completed(RunResult::Succeeded);
            let mut ended = run(succeeded, succeeded);
            ended.finished = Some(at(100_000 - 20));
            s.world.runs = Some(Seen::known(s.now, vec![ended]));
            s.world.vaults.get_mut(&stamp("north")).unwrap().at = at(100_000 - 18);
        }),
        ("a right is missing", Gate::MayRegenerate, End::Halts, |s| {
            s.rights_mut().rights[1].right = Right::Denied;
        }),
        ("nobody says whether a right is there", Gate::MayRegenerate, End::Halts, |s| {
            s.rights_mut().rights[0].right = Right::Unknown("403".to_owned());
        }),
        ("the right ends before the new key can be confirmed", Gate::MayRegenerate, End::Halts, |s| {
            s.rights_mut().term = Term::Until(s.now + SignedDuration::from_mins(29));
        }),
        ("rights could not be asked for", Gate::MayRegenerate, End::Waits, |s| {
            s.world.rights = Some(Seen::blind(s.now, Blindness::Unreachable, "no answer"));
        }),
        ("rights were asked for too long ago", Gate::MayRegenerate, End::Waits, |s| {
            s.world.rights.as_mut().unwrap().at = at(100_000 - 61);
        }),
        ("nobody approved", Gate::Approved, End::Halts, |s| {
            s.events.retain(|(_, event)| !matches!(event, Event::Approved(_)));
        }),
        ("the approval was for other evidence", Gate::Approved, End::Halts, |s| {
            for (_, event) in &mut s.events {
                if let Event::Approved(approval) = event {
                    approval.digest = Some("0000000000000000".to_owned());
                }
            }
        }),
        ("the proposer approved", Gate::Approved, End::Halts, |s| {
            s.policy.approver_differs = true;
            for (_, event) in &mut s.events {
                if let Event::Approved(approval) = event {
                    approval.by = "proposer".to_owned();
                }
            }
        }),
        ("somebody else holds the lease", Gate::LeaseHeld, End::Waits, |s| {
            s.events.push((at(4), Event::Lease { holder: "other".to_owned(), until: at(200_000) }));
        }),
        ("the lease has run out", Gate::LeaseHeld, End::Waits, |s| {
            s.events.push((at(4), Event::Lease { holder: HOLDER.to_owned(), until: at(5) }));
        }),
        ("the store is a laptop's folder", Gate::LeaseHeld, End::Halts, |s| {
            s.policy.store = SharedStore::LocalOnly;
        }),
        ("the account is busy", Gate::Regenerated, End::Waits, |s| {
            s.account_mut().provisioning = "Updating".to_owned();
        }),
    ];
    check(Stage::ready, cases);
}

#[test]
fn restart_is_held_by_each_of_its_gates_alone() {
    let cases: &[(&str, Gate, End, Spoil)] = &[
        ("a key may be in the making", Gate::TargetProven, End::Waits, |s| {
            s.account_mut().provisioning = "Updating".to_owned();
        }),
        ("the workload is paused", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].paused = true;
        }),
        ("the workload is made anew all at once", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].strategy = Strategy::Recreate;
        }),
        ("a set is rolling out", Gate::RolloutSettled, End::Waits, |s| {
            become_stateful(s);
            s.cluster_mut("east").workloads[0].updated = 1;
            let pod = &mut s.cluster_mut("east").pods[2];
            (pod.ready, pod.created) = (false, at(100_000 - 500));
        }),
        (
            "a set does not get on, and has no deadline that would say so",
            Gate::RolloutSettled,
            End::Halts,
            |s| {
                become_stateful(s);
                s.cluster_mut("east").workloads[0].updated = 1;
                let pod = &mut s.cluster_mut("east").pods[2];
                (pod.ready, pod.created) = (false, at(100_000 - 700));
            },
        ),
        ("its pods are replaced on deletion only", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].strategy = Strategy::OnDelete;
        }),
        ("only some of its pods would be replaced", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].strategy = Strategy::Ordinals { partition: 1 };
        }),
        ("a workload that nobody listed", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("east").workloads.push(idle("orders-db"));
        }),
        ("a pod that belongs to nothing", Gate::Consumers, End::Halts, |s| {
            one_more(s, "east").workload = None;
        }),
        ("a workload is pinned to another version", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("east").workloads[0].pinned = Some("v1".into());
        }),
        ("the workload is not there", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").workloads.clear();
        }),
        ("a rollout is under way", Gate::RolloutSettled, End::Waits, |s| {
            s.cluster_mut("east").workloads[0].updated = 1;
        }),
        ("the status is older than the last change", Gate::RolloutSettled, End::Waits, |s| {
            s.cluster_mut("east").workloads[0].generation = 2;
        }),
        ("a synced secret keeps the old key", Gate::Synced, End::Halts, |s| {
            s.cluster_mut("east").synced.push(SyncedSecretView {
                namespace: "workload".to_owned(),
                name: "cosmos".to_owned(),
                fingerprint: key(Slot::Primary),
                changed: None,
            });
        }),
        ("a synced secret is not refreshed yet", Gate::Synced, End::Waits, |s| {
            s.vault_mut("east").created = at(100_000 - 15 * 60);
            s.cluster_mut("east").synced.push(SyncedSecretView {
                namespace: "workload".to_owned(),
                name: "cosmos".to_owned(),
                fingerprint: key(Slot::Primary),
                changed: None,
            });
        }),
        ("the vault has held the key for too short a time", Gate::Propagated, End::Waits, |s| {
            s.vault_mut("east").created = at(100_000 - 34);
        }),
        ("a synced secret has changed just now", Gate::Propagated, End::Waits, |s| {
            s.cluster_mut("east").synced.push(SyncedSecretView {
                namespace: "workload".to_owned(),
                name: "cosmos".to_owned(),
                fingerprint: key(Slot::Secondary),
                changed: Some(at(100_000 - 34)),
            });
        }),
        ("the other stamps are all unhealthy for now", Gate::Wave, End::Waits, |s| {
            s.cluster_mut("north").workloads[0].available = 2;
            let unavailable = &mut s.cluster_mut("north").workloads[0].unavailable;
            *unavailable = 1;
            // A rollout under way in the other stamp makes it busy; it must be unhealthy without one.
            s.cluster_mut("north").workloads[0].desired = 3;
            s.policy.wave_size = 2;
        }),
        ("the other stamps serve nobody, and nobody is about to change that", Gate::Wave, End::Halts, |s| {
            let north = s.cluster_mut("north");
            north.pods.clear();
            let workload = &mut north.workloads[0];
            (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
        }),
        ("a rollout has failed in another stamp", Gate::RolloutSettled, End::Halts, |s| {
            s.policy.wave_size = 2;
            let workload = &mut s.cluster_mut("north").workloads[0];
            workload.updated = 1;
            workload.conditions.push(out_of_time());
        }),
        ("all its pods may be away at once", Gate::Preflight, End::Halts, |s| {
            let none = ReplicaNumber::Count(0);
            let all = ReplicaNumber::Percent(100);
            s.cluster_mut("east").workloads[0].strategy =
                Strategy::RollingUpdate { max_surge: none, max_unavailable: all };
        }),
        ("its only pod goes before the next comes", Gate::Preflight, End::Halts, |s| {
            become_stateful(s);
            let east = s.cluster_mut("east");
            east.pods.truncate(1);
            let workload = &mut east.workloads[0];
            (workload.desired, workload.replicas, workload.updated, workload.available) = (1, 1, 1, 1);
        }),
        ("the cluster's clock is ahead", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("east").ahead = Some(SignedDuration::from_secs(31));
        }),
        ("it was restarted as often as policy allows", Gate::RestartBudget, End::Halts, |s| {
            for attempt in 1..=3 {
                restarted(s, "east", attempt);
            }
            s.cluster_mut("east").workloads[0].restarted_at = Some("2027-01-15T08:03:00Z".to_owned());
        }),
        ("somebody has paused the rotation", Gate::NotPaused, End::Halts, |s| {
            s.events.push((at(5), paused()));
        }),
        ("the key is no longer proven", Gate::TargetProven, End::Waits, |s| {
            s.world.proofs.clear();
        }),
    ];
    check(Stage::before_restart, cases);
}

fn out_of_time() -> DeploymentCondition {
    DeploymentCondition {
        kind: "Progressing".to_owned(),
        status: "False".to_owned(),
        reason: "ProgressDeadlineExceeded".to_owned(),
        message: "it has timed out progressing".to_owned(),
        updated: None,
    }
}

fn paused() -> Event {
    Event::Paused { by: "operator".to_owned(), because: "somebody looks into it".to_owned() }
}

/// The journal says that the workload of the stamp was restarted, with a mark of its own.
pub fn restarted(stage: &mut Stage, name: &str, attempt: u32) {
    let step = Step::Restart {
        leg: Leg::Out,
        stamp: stamp(name),
        workload: workload(),
        version: "v2".into(),
        restarted_at: format!("2027-01-15T08:0{attempt}:00Z"),
    };
    let key = step.key();
    let (generation_before, evidence, commit) = (None, String::new(), None);
    let intent = Intent { key, attempt, step, generation_before, evidence, commit };
    let outcome = Outcome::Applied { produced: Produced::Generation(i64::from(attempt) + 1) };
    stage.recorded(at(60), intent, Some((at(61), outcome)));
}

/// Which stamps are restarted now.
pub fn restarts(stage: &Stage) -> Vec<String> {
    let Verdict::Act { steps, .. } = stage.decide().verdict else { return Vec::new() };
    let stamp = |step: &Step| match step {
        Step::Restart { stamp, .. } => Some(stamp.to_string()),
        _ => None,
    };
    steps.iter().filter_map(stamp).collect()
}

/// Four stamps; the first was restarted long ago and is in order.
pub fn three_to_go(wave: usize) -> Stage {
    let mut stage = Stage::before_restart();
    stage.policy.wave_size = wave;
    stage.policy.log_lag = None;
    let east = stage.cluster_mut("east");
    east.pods.iter_mut().for_each(|pod| pod.created = at(90_000));
    for name in ["south", "west"] {
        let (vault, cluster) =
            (stage.world.vaults[&stamp("north")].clone(), stage.world.clusters[&stamp("north")].clone());
        stage.world.vaults.insert(stamp(name), vault);
        stage.world.clusters.insert(stamp(name), cluster);
        stage.world.rooms.insert(stamp(name), stage.world.rooms[&stamp("north")].clone());
        let facts = StampFacts { name: stamp(name), ..stage.policy.stamps[1].clone() };
        stage.policy.stamps.push(facts);
    }
    stage
}

#[test]
fn several_at_once_are_never_all_that_serve() {
    assert_eq!(restarts(&three_to_go(2)), ["north", "south"]);
    assert_eq!(restarts(&three_to_go(3)), ["north", "south", "west"]);
    // The first one is done and serves nobody any more, so that it shows nothing: the next one is the canary.
    let mut dark = three_to_go(3);
    let workload = &mut dark.cluster_mut("east").workloads[0];
    (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
    assert_eq!(restarts(&dark), ["north"]);
    let canary = |stage: &Stage| match stage.decide().verdict {
        Verdict::Act { held, .. } => held.iter().any(|reason| {
            reason.subject == Subject::Stamp(stamp("south"))
                && reason.why == Why::CanaryFirst { canary: stamp("north") }
        }),
        _ => false,
    };
    assert!(canary(&dark), "{:?}", dark.decide());
    // That it was restarted once makes the others' turn no sooner.
    restarted(&mut dark, "east", 1);
    assert!(canary(&dark), "{:?}", dark.decide());
    // It may not even go on with one that it has begun.
    let mut begun = three_to_go(1);
    restarted(&mut begun, "north", 1);
    assert_eq!(restarts(&begun), ["north"]);
    for name in ["east", "south", "west"] {
        let workload = &mut begun.cluster_mut(name).workloads[0];
        (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
        begun.cluster_mut(name).pods.clear();
    }
    assert!(
        restarts(&begun).is_empty() && holding(&begun.decide()).contains(&Gate::Wave),
        "{:?}",
        begun.decide()
    );
}

#[test]
fn after_its_soak_the_canary_is_seen_once_more_before_another_follows() {
    let mut stage = three_to_go(1);
    stage.policy.soak = Duration::from_secs(2 * 60);
    let now = stage.now;
    stage
        .cluster_mut("east")
        .pods
        .iter_mut()
        .for_each(|pod| pod.created = now - SignedDuration::from_mins(3));
    assert_eq!(restarts(&stage), ["north"]);
    stage.world.clusters.get_mut(&stamp("east")).unwrap().at = now - SignedDuration::from_secs(90);
    let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let unseen = Why::NotSeen(EvidenceKey::Cluster(stamp("east")));
    assert!(reasons.iter().all(|reason| reason.why == unseen), "{reasons:?}");
}

#[test]
fn somebody_elses_rollout_takes_a_place_in_the_wave_and_opens_none() {
    // Their pipeline rolls the second workload of every stamp: that is no reason to restart the first one everywhere.
    let mut stage = three_to_go(3);
    let other = WorkloadName::new("workload", "healthservice-deploy");
    stage.policy.workloads.push(other.clone());
    for name in ["east", "north", "south", "west"] {
        let view = WorkloadView { name: other.clone(), updated: 1, ..deployment() };
        stage.cluster_mut(name).workloads.push(view);
    }
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    assert_eq!(holding(&stage.decide()), [Gate::RolloutSettled].into());
    // Where it is over, the usual order holds.
    for name in ["east", "north"] {
        let other = &mut stage.cluster_mut(name).workloads[1];
        (other.desired, other.replicas, other.updated, other.available) = (0, 0, 0, 0);
    }
    assert_eq!(restarts(&stage), ["north"]);
}

#[test]
fn somebody_elses_rollout_neither_ends_a_soak_nor_counts_as_begun_by_us() {
    // The canary soaks; in another stamp a pipeline begins to roll.
    let mut stage = three_to_go(3);
    assert_eq!(restarts(&stage), ["north", "south", "west"], "where the canary has soaked");
    let now = stage.now;
    for pod in &mut stage.cluster_mut("east").pods {
        pod.created = now - SignedDuration::from_mins(9);
    }
    assert!(restarts(&stage).is_empty(), "it soaks");
    stage.cluster_mut("north").workloads[0].updated = 1;
    assert!(restarts(&stage).is_empty(), "it soaks all the same: {:?}", stage.decide());
    // Accepted or not, that stamp is not ours, and has its turn like any other.
    stage.events.push(accepted(Gate::RolloutSettled, "north/workload/catalogservice-deploy"));
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn a_restart_that_was_sent_and_rolls_nothing_is_not_told_as_one_that_is_to_come() {
    let told = |stage: &Stage| {
        let text = keyslot::render::restarts::restarts(&stage.restarts());
        text.lines().find(|line| line.starts_with("east ")).expect("the stamp").to_owned()
    };
    let mut stage = three_to_go(2);
    for pod in &mut stage.cluster_mut("east").pods {
        (pod.created, pod.mounted) = (at(10), Some(SecretVersion::new("v2")));
    }
    assert!(told(&stage).ends_with("not restarted yet"), "{}", told(&stage));
    restarted(&mut stage, "east", 1);
    let east = stage.cluster_mut("east");
    (east.workloads[0].paused, east.workloads[0].updated) = (true, 0);
    let said = told(&stage);
    assert!(
        said.contains("restart sent at ") && said.contains("still there: ") && said.contains("is paused"),
        "{said}"
    );
    assert!(!said.contains("not answered"), "{said}");
    assert!(stage.restarts().iter().any(|stamp| !stamp.is_over()));
    // Nobody knows whether it arrived.
    let Some((_, Event::Ended { ends })) = stage.events.last_mut() else { panic!("{:?}", stage.events) };
    ends[0].outcome = Outcome::Unknown { why: "timed out".to_owned() };
    assert!(told(&stage).contains(" and not answered, "), "{}", told(&stage));
}

/// As the remedy says: they are deleted one by one, and then it is run again.
#[test]
fn pods_that_somebody_deleted_by_hand_are_moved_however_they_would_be_restarted() {
    let mut stage = Stage::before_restart();
    stage.reach = Reach::Restart { stamps: [].into(), quiesce: false };
    stage.events.retain(|(_, event)| !matches!(event, Event::Reached { .. }));
    stage.cluster_mut("east").workloads[0].strategy = Strategy::OnDelete;
    let held = |stage: &Stage| match stage.decide().verdict {
        Verdict::Halt { reasons } => reasons.iter().any(|reason| reason.why == Why::OnDelete),
        _ => false,
    };
    assert!(held(&stage), "{:?}", stage.decide());
    let young = stage.now - SignedDuration::from_mins(30);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = young);
    assert!(!held(&stage), "{:?}", stage.decide());
    // What the pods got is another key there.
    stage.vault_mut("east").fingerprint = key(Slot::Primary);
    assert!(held(&stage), "{:?}", stage.decide());
}

#[test]
fn a_set_whose_pod_never_ends_is_told_by_name_and_halts() {
    let mut stage = Stage::before_restart();
    become_stateful(&mut stage);
    let north = stage.cluster_mut("north");
    (north.workloads[0].updated, north.workloads[0].between_revisions) = (1, true);
    let ends = |stage: &mut Stage, ago: i64| {
        let at = stage.now - SignedDuration::from_mins(ago);
        let pod = &mut stage.cluster_mut("north").pods[0];
        (pod.deleting, pod.node) = (Some(at), Some("node-1".to_owned()));
        stage.decide().verdict
    };
    let verdict = ends(&mut stage, 5);
    assert!(!matches!(verdict, Verdict::Halt { .. }), "it may be late: {verdict:?}");
    let Verdict::Halt { reasons } = ends(&mut stage, 11) else { panic!("{:?}", stage.decide()) };
    let told = keyslot::render::reason::why(&reasons[0]);
    let name = stage.cluster_mut("north").pods[0].name.clone();
    assert!(told.contains(&format!("{name} (on node node-1) should have ended long ago")), "{told}");
}

#[test]
fn with_clocks_that_are_apart_nobody_knows_whether_the_last_old_pod_is_gone() {
    let alone = Reach::Restart { stamps: [].into(), quiesce: true };
    for reach in [Reach::Whole, alone] {
        let mut stage = Stage::ready();
        stage.reach = reach;
        stage.cluster_mut("east").ahead = Some(SignedDuration::from_secs(400));
        let decision = stage.decide();
        let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
        assert_eq!(decision.phase, Phase::Quiesce);
        assert!(matches!(reasons[0].why, Why::ClocksDiffer { .. }), "{reasons:?}");
    }
}

#[test]
fn a_rollout_that_fails_says_what_a_person_would_look_up() {
    let mut stage = three_to_go(2);
    restarted(&mut stage, "north", 1);
    let north = stage.cluster_mut("north");
    north.workloads[0].updated = 1;
    north.workloads[0].available = 2;
    let text = "container app: CrashLoopBackOff, restarted 4 times, last exit code 137 (OOMKilled)";
    let failing = PodView {
        name: "catalogservice-deploy-new".to_owned(),
        created: at(99_900),
        ready: false,
        trouble: Some(PodTrouble::new(true, text)),
        ..north.pods[0].clone()
    };
    north.pods.push(failing);
    let warn = |object: &str, reason: &str, message: &str| Warning::new(object, reason, message, 7, None);
    north.warnings = vec![
        warn("Pod catalogservice-deploy-new", "BackOff", "Back-off restarting failed container"),
        warn("Pod somebody-elses", "FailedMount", "no"),
        warn("ReplicaSet catalogservice-deploy-5d8f", "FailedCreate", "exceeded quota: pods"),
        warn("ReplicaSet catalogservice-deployment-5d8f", "FailedCreate", "another's"),
    ];
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let [reason] = &reasons[..] else { panic!("{reasons:?}") };
    let told = keyslot::render::reason::why(reason);
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "the rollout of north/workload/catalogservice-deploy failed: catalogservice-deploy-new cannot start",
            "catalogservice-deploy-new: container app: CrashLoopBackOff, restarted 4 times, last exit code 137 (OOMKilled)",
            "Pod catalogservice-deploy-new: BackOff (7 times): Back-off restarting failed container",
            "ReplicaSet catalogservice-deploy-5d8f: FailedCreate (7 times): exceeded quota: pods",
        ]
    );
    // Nobody else is begun meanwhile, though the wave has a place; a person may say by name that it shall.
    stage.events.push(accepted(Gate::RolloutSettled, "north/workload/catalogservice-deploy"));
    stage.cluster_mut("north").workloads[0].restarted_at = Some("2027-01-15T08:01:00Z".to_owned());
    assert_eq!(restarts(&stage), ["south"], "north is not restarted on top of our own restart");
}

fn accepted(gate: Gate, subject: &str) -> (jiff::Timestamp, Event) {
    let acceptance = Acceptance {
        by: "operator".to_owned(),
        gate,
        subject: subject.to_owned(),
        because: "agreed".to_owned(),
        until: at(200_000),
        why: None,
    };
    (at(70), Event::Accepted(acceptance))
}

#[test]
fn a_workload_that_vanishes_in_mid_rollout_halts_and_may_be_accepted_as_gone() {
    let mut stage = three_to_go(1);
    restarted(&mut stage, "north", 1);
    let north = stage.cluster_mut("north");
    north.workloads.clear();
    north.pods.clear();
    let decision = stage.decide();
    assert!(matches!(decision.verdict, Verdict::Halt { .. }), "{decision:?}");
    assert!(holding(&decision).contains(&Gate::Preflight), "{decision:?}");
    stage.events.push(accepted(Gate::Preflight, "north/workload/catalogservice-deploy"));
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
}

#[test]
fn a_soak_ends_although_an_hpa_adds_pods_and_jobs_come_and_go() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    let now = stage.now;
    let east = stage.cluster_mut("east");
    east.pods.iter_mut().for_each(|pod| pod.created = now - SignedDuration::from_mins(11));
    let young = PodView { created: now, uid: "more".to_owned(), ..east.pods[0].clone() };
    let job = ObjectName::new("Job", "workload", "nightly-29");
    let of_job = PodView { workload: None, above: Some(job), ..young.clone() };
    east.pods.extend([young, of_job]);
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // One that had to be replaced is another matter: that may be the new key's doing.
    stage.cluster_mut("east").pods.remove(0);
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn a_soak_counts_from_when_the_last_pod_was_ready_and_says_so() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    let now = stage.now;
    let ago = |minutes| now - SignedDuration::from_mins(minutes);
    for pod in &mut stage.cluster_mut("east").pods {
        (pod.created, pod.ready_since) = (ago(30), Some(ago(29)));
    }
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // It took long to start.
    stage.cluster_mut("east").pods[2].ready_since = Some(ago(4));
    let decision = stage.decide();
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    let [reason] = &reasons[..] else { panic!("{reasons:?}") };
    let expected = Why::Soaking { canary: stamp("east"), since: ago(4), until: ago(-6) };
    assert_eq!(reason.why, expected);
    let told = keyslot::render::reason::why(reason);
    assert!(told.contains("its last pod was ready"), "{told}");
    // Where no pod tells, its controller does.
    let ended = |minutes| DeploymentCondition {
        kind: "Progressing".to_owned(),
        status: "True".to_owned(),
        reason: "NewReplicaSetAvailable".to_owned(),
        message: String::new(),
        updated: Some(ago(minutes)),
    };
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.ready_since = None);
    stage.cluster_mut("east").workloads[0].conditions = vec![ended(4)];
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    stage.cluster_mut("east").workloads[0].conditions = vec![ended(11)];
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // One that is not ready has not begun to soak, whoever calls the rollout complete.
    stage.cluster_mut("east").pods[2].ready = false;
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn a_pod_on_a_node_that_does_not_answer_holds_and_both_are_named() {
    let mut stage = Stage::ready();
    let mut pod = stage.cluster_mut("east").pods[1].clone();
    (pod.created, pod.deleting) = (at(40), Some(at(100_000 - 500)));
    stage.cluster_mut("east").pods.push(pod);
    let told = |stage: &Stage| match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.iter().map(keyslot::render::reason::why).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{other:?}"),
    };
    assert!(told(&stage).contains("catalogservice-deploy-1 (on node node-1)"), "{}", told(&stage));
    stage.now = at(100_000 + 150);
    for seen in stage.world.clusters.values_mut() {
        seen.at = stage.now;
    }
    let silent = told(&stage);
    assert!(silent.contains("node-1 (east/node/node-1) should have ended at"), "{silent}");
    assert!(silent.contains("catalogservice-deploy-1"), "{silent}");
}

#[test]
fn what_was_sent_is_followed_in_a_pause_and_nothing_is_begun() {
    let mut stage = Stage::before_restart();
    stage.events.push((at(5), paused()));
    assert_eq!(holding(&stage.decide()), [Gate::NotPaused].into_iter().chain([Gate::Wave]).collect());
    stage.events.push((at(6), Event::Unpaused { by: "operator".to_owned() }));
    assert_eq!(restarts(&stage), ["east"]);
    // A rollout under way is waited for as ever, with the pause beside it.
    stage.events.push((at(7), paused()));
    stage.cluster_mut("east").workloads[0].updated = 1;
    let decision = stage.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    assert!(holding(&decision).contains(&Gate::NotPaused), "{decision:?}");
}

/// Nothing was done yet: the proposal is next.
pub fn unproposed() -> Stage {
    let mut stage = Stage::ready();
    stage.events.remove(1);
    let primary = SlotUse::Only(Slot::Primary);
    stage.code_mut().base = branch("main", primary);
    stage.code_mut().proposals.clear();
    stage.world.pulls.insert(crate::stage::proposal(), Seen::known(stage.now, None));
    stage
}

#[test]
fn what_would_stop_the_restart_is_said_before_the_first_effect() {
    let cases: &[(&str, Gate, End, Spoil)] = &[
        ("paused", Gate::Preflight, End::Halts, |s| s.cluster_mut("north").workloads[0].paused = true),
        ("recreate", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].strategy = Strategy::Recreate;
        }),
        ("replaced on deletion", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].strategy = Strategy::OnDelete;
        }),
        ("replaced in part", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].strategy = Strategy::Ordinals { partition: 3 };
        }),
        ("unlisted", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("north").workloads.push(idle("orders-db"));
        }),
        // It does not follow: that it is right today says nothing of tomorrow.
        ("pinned to the version of today", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].pinned = Some("v2".into());
        }),
        ("unhealthy", Gate::Preflight, End::Waits, |s| s.cluster_mut("north").workloads[0].available = 2),
        ("missing", Gate::Preflight, End::Halts, |s| s.cluster_mut("north").workloads.clear()),
        ("logs that may not be read", Gate::Preflight, End::Halts, |s| {
            s.world.usage = Some(Seen::blind(s.now, Blindness::Forbidden, "no right"));
        }),
        ("logs that do not answer", Gate::Preflight, End::Waits, |s| {
            s.world.usage = Some(Seen::blind(s.now, Blindness::Unreachable, "no answer"));
        }),
        ("logs without a row of the account", Gate::Preflight, End::Waits, |s| s.usage_mut().newest = None),
        ("unreachable", Gate::Preflight, End::Waits, |s| {
            let blind = Seen::blind(s.now, Blindness::Unreachable, "no route to host");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("a kubeconfig that is not there", Gate::Preflight, End::Halts, |s| {
            let blind = Seen::blind(s.now, Blindness::Misconfigured, "no such file");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("two stamps with one cluster", Gate::Preflight, End::Halts, |s| {
            let east = s.world.clusters[&stamp("east")].clone();
            s.world.clusters.insert(stamp("north"), east);
        }),
        ("no such vault", Gate::Preflight, End::Halts, |s| vault_is(s, Blindness::Missing)),
        ("no such vault, as Azure says", Gate::Preflight, End::Halts, |s| vault_is(s, Blindness::Gone)),
        ("no such vault, and no answer of its cluster", Gate::Preflight, End::Halts, |s| {
            vault_is(s, Blindness::Gone);
            let blind = Seen::blind(s.now, Blindness::Unreachable, "no route to host");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("a vault that may not be read", Gate::Preflight, End::Halts, |s| vault_is(s, Blindness::Forbidden)),
        ("a vault that does not answer", Gate::Preflight, End::Waits, |s| {
            vault_is(s, Blindness::Unreachable)
        }),
        ("a vault that nobody looked at", Gate::Preflight, End::Waits, |s| s.world.vaults.clear()),
        ("a disabled secret", Gate::Preflight, End::Halts, |s| s.vault_mut("north").enabled = false),
        ("a value that is neither key", Gate::Preflight, End::Halts, |s| {
            s.vault_mut("north").fingerprint = Fingerprint::of(b"by hand", &crate::stage::salt());
        }),
    ];
    check(unproposed, cases);
}

fn vault_is(stage: &mut Stage, kind: Blindness) {
    stage.world.vaults.insert(stamp("north"), Seen::blind(stage.now, kind, "as the service says"));
}

#[test]
fn a_proposal_alone_is_held_by_vaults_that_are_not_there_and_by_none_that_is_out_of_reach() {
    for (kind, acts) in [
        (Blindness::Unreachable, true),
        (Blindness::Forbidden, true),
        (Blindness::Missing, false),
        (Blindness::Gone, false),
    ] {
        let mut stage = unproposed();
        stage.reach = Reach::Propose { merge: false };
        // A laptop that sees no cluster either.
        for name in ["east", "north"] {
            let blind = Seen::blind(stage.now, Blindness::Unreachable, "no route to host");
            stage.world.clusters.insert(stamp(name), blind);
        }
        vault_is(&mut stage, kind);
        let decision = stage.decide();
        let expected = if acts { "acts" } else { "halts" };
        let got = match &decision.verdict {
            Verdict::Act { .. } => "acts",
            Verdict::Halt { .. } => "halts",
            _ => "else",
        };
        assert_eq!(got, expected, "{kind:?}: {decision:?}");
    }
}

#[test]
fn pods_that_do_not_show_what_they_mounted_are_for_a_person_when_they_have_had_their_time() {
    for (age, person) in [(300, false), (601, true)] {
        let mut stage = Stage::ready();
        for pod in &mut stage.cluster_mut("east").pods {
            (pod.mounted, pod.created) = (None, at(100_000 - age));
        }
        let decision = stage.decide();
        assert_eq!(matches!(decision.verdict, Verdict::Halt { .. }), person, "{decision:?}");
        let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = &decision.verdict else { panic!() };
        let one = reasons.iter().find(|one| one.gate == Gate::OldPodsGone).unwrap();
        assert_eq!(keyslot::render::reason::remedy(one).contains("this stamp's cluster"), person, "{one:?}");
    }
}

#[test]
fn a_stamp_that_the_journal_names_and_the_configuration_does_not_holds_by_name_until_it_is_accepted() {
    let mut stage = Stage::ready();
    let gone = |leg| Step::Restart {
        leg,
        stamp: stamp("west"),
        workload: workload(),
        version: "v2".into(),
        restarted_at: String::new(),
    };
    stage.policy.inventory = false;
    stage.tried(&gone(Leg::Out), Some(Outcome::NotSent { why: "no lease".to_owned() }));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "nothing was sent: {:?}", stage.decide());
    stage.tried(&gone(Leg::Out), Some(Outcome::Applied { produced: Produced::Generation(2) }));
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!((reasons[0].gate, reasons[0].subject.to_string()), (Gate::AllListed, "west".to_owned()));
    stage.events.push(accepted(Gate::AllListed, "west"));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

/// Its turn had not come: nothing in the journal names it but the opening.
#[test]
fn a_stamp_that_leaves_the_configuration_before_its_restart_is_not_forgotten() {
    let mut stage = Stage::ready();
    stage.policy.inventory = false;
    let Some((_, Event::Opened(opened))) = stage.events.first_mut() else { panic!("no opening") };
    opened.stamps = ["east", "north", "west"].map(stamp).into();
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert!(
        matches!(reasons[..], [Reason { gate: Gate::AllListed, why: Why::StampTakenOut, .. }]),
        "{reasons:?}"
    );
    assert_eq!(reasons[0].subject.to_string(), "west");
    stage.events.push(accepted(Gate::AllListed, "west"));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

#[test]
fn a_store_that_is_not_shared_holds_also_while_nobody_has_the_lease() {
    let mut stage = Stage::ready();
    stage.policy.store = SharedStore::LocalOnly;
    stage.events.retain(|(_, event)| !matches!(event, Event::Lease { .. }));
    let report = stage.report();
    let held: Vec<Gate> = report.held().iter().map(|one| one.gate).collect();
    assert_eq!(held, [Gate::LeaseHeld], "{report:?}");
}

#[test]
fn what_a_run_left_out_or_wrote_long_ago_holds_nothing() {
    let succeeded = RunState::Completed(RunResult::Succeeded);
    for (stage, ended) in [(succeeded, 100_000 - 60), (RunState::Completed(RunResult::Skipped), 100_000 - 1)]
    {
        let mut tried = Stage::ready();
        let mut before = run(succeeded, stage);
        before.finished = Some(at(ended));
        tried.world.runs = Some(Seen::known(tried.now, vec![before]));
        assert!(matches!(tried.decide().verdict, Verdict::Act { .. }), "{stage:?}: {:?}", tried.decide());
    }
}

#[test]
fn a_decision_to_act_names_everything_that_it_rests_on_and_until_when() {
    let stage = Stage::ready();
    let relied = stage.decide().relied;
    let names: Vec<String> = relied.keys().map(ToString::to_string).collect();
    let expected = [
        "the account",
        "a proof of the secondary key",
        "the branches",
        "the pull request of fix/keyslot-r1-secondary to main",
        "the pipeline's runs",
        "the vault of east",
        "the vault of north",
        "the cluster of east",
        "the cluster of north",
        "Azure's list of stamps",
        "the logs of the data plane",
        "the census of the key's readers",
        "what keyslot may do with the account",
    ];
    assert_eq!(names, expected);
    assert_eq!(relied.good_until(), Some(at(100_060)), "a minute, as the policy says for regenerate");

    let mut older = stage.clone();
    older.world.clusters.get_mut(&stamp("north")).unwrap().at = at(100_000 - 45);
    let relied = older.decide().relied;
    assert_eq!(relied.good_until(), Some(at(100_015)), "what is left of the oldest piece");
    assert_eq!(relied.worn(older.now), [EvidenceKey::Cluster(stamp("north"))].into());
    older.pull_mut().checks[0].passed = None;
    assert_eq!(older.decide().relied.good_until(), None, "it waits, and rests on nothing");
}

#[test]
fn the_canary_goes_first_and_alone_and_soaks() {
    let stage = Stage::before_restart();
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!(steps.len(), 1);
    assert!(matches!(&steps[0], Step::Restart { stamp: name, .. } if *name == stamp("east")));
    assert!(holding(&decision).contains(&Gate::Wave), "north waits for the canary");

    let mut soaking = Stage::before_restart();
    soaking.policy.log_lag = None;
    let now = soaking.now;
    for pod in &mut soaking.cluster_mut("east").pods {
        pod.created = now - SignedDuration::from_mins(9);
    }
    let decision = soaking.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    assert_eq!(holding(&decision), [Gate::Wave].into());
    soaking.policy.soak = Duration::from_secs(8 * 60);
    let decision = soaking.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(&steps[0], Step::Restart { stamp: name, .. } if *name == stamp("north")));
}

/// Three stamps of which two may be restarted at once: the canary is through, the second was restarted and is not seen at
/// the moment, the third waits for its turn.
fn between_looks() -> Stage {
    let mut stage = soaked();
    let third =
        StampFacts { name: stamp("west"), region: Some("west".into()), ..stage.policy.stamps[1].clone() };
    stage.policy.stamps.push(third);
    stage.policy.wave_size = 2;
    let (vault, cluster) =
        (stage.world.vaults[&stamp("north")].clone(), stage.world.clusters[&stamp("north")].clone());
    stage.world.vaults.insert(stamp("west"), vault);
    stage.world.clusters.insert(stamp("west"), cluster);
    let room = stage.world.rooms[&stamp("north")].clone();
    stage.world.rooms.insert(stamp("west"), room);
    restarted(&mut stage, "north", 1);
    stage.world.clusters.remove(&stamp("north"));
    stage
}

#[test]
fn a_stamp_that_is_not_seen_since_its_restart_takes_its_place_in_the_wave_and_keeps_nobody_else_waiting() {
    let stage = between_looks();
    let decision = stage.decide();
    let Verdict::Act { steps, held } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(&steps[..], [Step::Restart { stamp: name, .. }] if *name == stamp("west")), "{steps:?}");
    let unseen = Why::NotSeen(EvidenceKey::Cluster(stamp("north")));
    assert!(held.iter().all(|reason| reason.why == unseen) && held.len() == 1, "{held:?}");

    let waits: [(&str, Spoil); 6] = [
        ("it is at work there: the wave is full", |s| s.policy.wave_size = 1),
        ("nobody has restarted it, so anything may be going on there", |s| s.events.truncate(4)),
        ("it could not be seen, which is another matter", |s| {
            let blind = Seen::blind(s.now, Blindness::Unreachable, "no connection");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("its vault is not seen", |s| drop(s.world.vaults.remove(&stamp("north")))),
        ("its region has refused a request since it was restarted", |s| refused(s, "north", 5)),
        ("the canary is the only healthy one, and is being restarted", |s| {
            s.policy.wave_size = 3;
            s.cluster_mut("east").workloads[0].available = 1;
        }),
    ];
    for (what, spoil) in waits {
        let mut stage = between_looks();
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{what}: {decision:?}");
    }
}

/// The canary was replaced half an hour ago and has soaked for its ten minutes.
fn soaked() -> Stage {
    let mut stage = Stage::before_restart();
    let created = stage.now - SignedDuration::from_mins(30);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = created);
    stage
}

fn refused(stage: &mut Stage, region: &str, minutes_ago: i64) {
    let last = stage.now - SignedDuration::from_mins(minutes_ago);
    let mut refused = requests(KeyKind::read_write(Slot::Secondary), region, last);
    (refused.refused, refused.credential) = (true, Credential::Unknown);
    stage.usage_mut().requests.push(refused);
}

#[test]
fn a_soak_lasts_until_the_logs_have_told_of_it_and_a_refusal_stops_the_wave() {
    let cases: &[(&str, Gate, End, Spoil)] = &[
        ("the logs have not come so far", Gate::NotRefused, End::Waits, |s| {
            s.usage_mut().newest = Some(s.now - SignedDuration::from_mins(21));
        }),
        ("what they have may not be all", Gate::NotRefused, End::Waits, |s| {
            s.policy.log_lag = Some(Duration::from_secs(21 * 60));
        }),
        ("the logs never come so far", Gate::NotRefused, End::Halts, |s| {
            s.policy.log_lag = Some(Duration::from_secs(4 * 60));
            s.usage_mut().newest = Some(s.now - SignedDuration::from_mins(21));
        }),
        ("the canary's region refuses", Gate::NotRefused, End::Halts, |s| refused(s, "east", 30)),
        ("what was read begins after the canary was restarted", Gate::NotRefused, End::Waits, |s| {
            s.usage_mut().since = s.now - SignedDuration::from_mins(29);
        }),
        ("some region refuses, and nobody knows which is the canary's", Gate::NotRefused, End::Halts, |s| {
            s.policy.stamps[0].region = None;
            refused(s, "west", 5);
        }),
        (
            "some region refuses, and the account is not where the canary is",
            Gate::NotRefused,
            End::Halts,
            |s| {
                s.policy.stamps[0].region = Some("uksouth".to_owned());
                refused(s, "north", 5);
            },
        ),
    ];
    check(soaked, cases);

    let harmless: [fn(&mut Stage); 4] = [
        |s| refused(s, "north", 5),
        |s| refused(s, "east", 31),
        |s| {
            refused(s, "east", 5);
            s.usage_mut().requests.last_mut().unwrap().caller.agent = "keyslot/0.1.0".to_owned();
        },
        |s| {
            (s.policy.log_lag, s.world.usage) = (None, None);
        },
    ];
    for (place, spoil) in harmless.iter().enumerate() {
        let mut stage = soaked();
        spoil(&mut stage);
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{place}: {:?}", stage.decide());
    }
}

#[test]
fn logs_that_end_long_before_now_tell_nothing_of_what_was_refused_since() {
    // The canary is through long ago; the second was begun, so that no soak asks how far the logs have come.
    let mut stage = soaked();
    let third = StampFacts { name: stamp("west"), ..stage.policy.stamps[1].clone() };
    stage.policy.stamps.push(third);
    stage.world.vaults.insert(stamp("west"), stage.world.vaults[&stamp("north")].clone());
    stage.world.clusters.insert(stamp("west"), stage.world.clusters[&stamp("north")].clone());
    stage.world.rooms.insert(stamp("west"), stage.world.rooms[&stamp("north")].clone());
    restarted(&mut stage, "north", 1);
    let created = stage.now - SignedDuration::from_mins(5);
    stage.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = created);
    assert_eq!(restarts(&stage), ["west"], "{:?}", stage.decide());
    let lag = SignedDuration::from_mins(10);
    stage.usage_mut().newest = Some(stage.now - lag * 3);
    assert_eq!(restarts(&stage), ["west"], "late, as rows are: {:?}", stage.decide());
    stage.usage_mut().newest = Some(stage.now - lag * 3 - SignedDuration::from_secs(1));
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    assert!(holding(&stage.decide()).contains(&Gate::NotRefused));
}

#[test]
fn who_holds_another_key_or_none_or_is_keyslot_does_not_disturb_the_quiet() {
    let primary = KeyKind::read_write(Slot::Primary);
    let read_only = KeyKind { slot: Slot::Primary, access: Access::ReadOnly };
    let now = Stage::ready().now;
    let before = now - SignedDuration::from_mins(41);
    let of_keyslot = || {
        let mut own = requests(primary, "east", now);
        own.caller.agent = "keyslot/0.1.0".to_owned();
        own
    };
    let mut of_nobody = requests(primary, "east", now);
    of_nobody.credential = Credential::NoKey;
    for harmless in
        [requests(read_only, "east", now), requests(primary, "east", before), of_keyslot(), of_nobody]
    {
        let mut stage = Stage::ready();
        stage.usage_mut().requests.push(harmless.clone());
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{harmless:?}: {:?}", stage.decide());
    }
    let mut unasked = Stage::ready();
    (unasked.policy.log_lag, unasked.world.usage) = (None, None);
    assert!(matches!(unasked.decide().verdict, Verdict::Act { .. }), "{:?}", unasked.decide());
}

#[test]
fn a_caller_of_whom_no_row_says_the_key_is_accepted_by_its_address_and_no_other_is() {
    let accepted = |address: &str| {
        let mut stage = Stage::ready();
        stage.usage_mut().requests[0].credential = Credential::Unknown;
        let acceptance = Acceptance {
            by: "operator".to_owned(),
            gate: Gate::KeyQuiet,
            subject: address.to_owned(),
            because: "the search indexer, moved last week".to_owned(),
            until: at(200_000),
            why: Some("key-not-named".to_owned()),
        };
        stage.events.push((at(4), Event::Accepted(acceptance)));
        matches!(stage.decide().verdict, Verdict::Act { .. })
    };
    assert!(accepted("192.0.2.1"));
    assert!(!accepted("192.0.2.2"));
}

#[test]
fn code_gates_hold_before_anything_is_deployed() {
    let mut stage = Stage::ready();
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    stage.pull_mut().state = PullState::Open;
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Merge, [Gate::Merged].into()));
    assert!(matches!(decision.verdict, Verdict::Wait { .. }));

    stage.pull_mut().state = PullState::Closed;
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "closed without merge");

    // The forge tells of a merge that the last fetch may not have seen: look again before calling a person.
    let mut behind = stage.clone();
    behind.pull_mut().state = PullState::Merged { commit: CommitId::new("b".repeat(40)) };
    assert!(matches!(behind.decide().verdict, Verdict::Wait { .. }), "fetched before the merge");
    behind.world.code.as_mut().unwrap().at = at(100_001);
    behind.now = at(100_001);
    assert!(matches!(behind.decide().verdict, Verdict::Halt { .. }), "fetched after the merge");

    let mut unvalidated = Stage::ready();
    unvalidated.pull_mut().checks[0].passed = Some(false);
    let decision = unvalidated.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Merge, [Gate::Validated].into()));

    let mut unparsed = Stage::ready();
    unparsed.code_mut().proposals.clear();
    unparsed.world.pulls.insert(crate::stage::proposal(), Seen::known(unparsed.now, None));
    unparsed.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    unparsed.code_mut().base.claim.problems.push("main.tf does not parse".to_owned());
    let decision = unparsed.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Propose, [Gate::TreeResolved].into()));

    let mut unpromoted = Stage::ready();
    unpromoted.code_mut().release = Some(branch("release/1", SlotUse::Only(Slot::Primary)));
    let decision = unpromoted.decide();
    let Verdict::Act { steps, .. } = decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(steps[0], Step::Promote { .. }));
}

#[test]
fn a_run_is_awaited_and_never_started_beside_another() {
    let mut stage = Stage::ready();
    stage.vault_mut("east").fingerprint = key(Slot::Primary);
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(steps[0], Step::Deploy { .. }));

    stage.world.runs = Some(Seen::known(stage.now, vec![run(RunState::Running, RunState::Running)]));
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Deploy, [Gate::RunEnded].into()));

    let failed = RunState::Completed(RunResult::Failed);
    let mut on_head = run(failed, failed);
    on_head.branch = "release/1".into();
    on_head.commit = CommitId::new("c".repeat(40));
    stage.world.runs = Some(Seen::known(stage.now, vec![on_head]));
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "a failed run is for a person");
}

/// Accepts what holds the quiet of the old key, as `--accept` records it.
fn accept_what_uses_it(stage: &mut Stage) {
    let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = stage.decide().verdict else {
        panic!("nothing holds")
    };
    for reason in reasons.iter().filter(|reason| reason.gate == Gate::KeyQuiet) {
        let (at, Event::Accepted(mut acceptance)) = accepted(Gate::KeyQuiet, &reason.subject.to_string())
        else {
            panic!()
        };
        acceptance.why = Some(reason.why.accepted_as());
        stage.events.push((at, Event::Accepted(acceptance)));
    }
}

#[test]
fn an_accepted_use_of_the_old_key_is_of_that_caller_and_of_a_stamp_it_is_that_use() {
    let used = |stage: &mut Stage, address: &str, minutes: i64| {
        let last = stage.now - SignedDuration::from_mins(minutes);
        let mut used = requests(KeyKind::read_write(Slot::Primary), "east", last);
        used.caller.address = address.to_owned();
        stage.usage_mut().requests.push(used);
    };
    let acts = |stage: &Stage| matches!(stage.decide().verdict, Verdict::Act { .. });
    let quiet_holds = |stage: &Stage| holding(&stage.decide()).contains(&Gate::KeyQuiet);
    let mut stage = Stage::ready();
    used(&mut stage, "198.51.100.7", 20);
    assert!(quiet_holds(&stage));
    accept_what_uses_it(&mut stage);
    assert!(acts(&stage), "{:?}", stage.decide());
    used(&mut stage, "198.51.100.7", 3);
    assert!(acts(&stage), "it is the same one: {:?}", stage.decide());
    used(&mut stage, "198.51.100.8", 0);
    assert!(quiet_holds(&stage), "this one, nobody has looked at: {:?}", stage.decide());

    let mut stage = Stage::ready();
    used(&mut stage, &crate::stage::address(0), 20);
    accept_what_uses_it(&mut stage);
    assert!(acts(&stage), "{:?}", stage.decide());
    used(&mut stage, &crate::stage::address(1), 0);
    assert!(quiet_holds(&stage), "a stamp that uses it since: {:?}", stage.decide());

    // The account's own note names nobody.
    let mut stage = Stage::ready();
    let noted = |stage: &mut Stage, minutes: i64| {
        let last = stage.now - SignedDuration::from_mins(minutes);
        let kind = KeyKind::read_write(Slot::Primary);
        stage.account_mut().keys.get_mut(&kind).unwrap().last_used = Some(last);
    };
    noted(&mut stage, 20);
    accept_what_uses_it(&mut stage);
    assert!(acts(&stage), "{:?}", stage.decide());
    noted(&mut stage, 3);
    assert!(quiet_holds(&stage), "{:?}", stage.decide());
}

#[test]
fn an_old_target_key_is_regenerated_first_and_only_when_unused() {
    let mut stage = Stage::ready();
    stage.events.remove(1);
    stage.policy.max_target_age = Some(Duration::from_secs(3600));
    // Everybody reads the target already: it is in use, so it cannot be regenerated.
    let decision = stage.decide();
    assert_eq!(decision.phase, Phase::Prepare);
    let gates = holding(&decision);
    assert!(gates.contains(&Gate::SlotUnused) && gates.contains(&Gate::TargetYoung), "{decision:?}");
    // Nobody leaves it by waiting: a person is told what opens it.
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(reasons[0].why, Why::TargetTooOld { .. }), "what is to be accepted: {reasons:?}");
    assert!(keyslot::render::reason::why(&reasons[1]).contains("target-young:secondary"), "{reasons:?}");

    let primary = SlotUse::Only(Slot::Primary);
    stage.code_mut().base = branch("main", primary);
    stage.code_mut().release = Some(branch("release/1", primary));
    for name in ["east", "north"] {
        stage.vault_mut(name).fingerprint = key(Slot::Primary);
    }
    let decision = stage.decide();
    assert!(holding(&decision).contains(&Gate::KeyQuiet), "the logs say that it is in use: {decision:?}");
    stage.usage_mut().requests = vec![requests(KeyKind::read_write(Slot::Primary), "east", stage.now)];
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(
        steps[0],
        Step::Regenerate { kind, purpose: Purpose::Prepare } if kind.slot == Slot::Secondary
    ));

    // A pod from before its vault's version may hold the very key. Nothing of ours will replace it here.
    stage.cluster_mut("east").pods[1].created = at(49);
    let decision = stage.decide();
    assert!(holding(&decision).contains(&Gate::OldPodsGone), "{decision:?}");
    assert!(matches!(decision.verdict, Verdict::Halt { .. }), "{decision:?}");
}

#[test]
fn an_age_that_is_accepted_while_the_target_is_made_anew_ends_nothing() {
    let mut stage = Stage::ready();
    stage.events.remove(1);
    stage.policy.max_target_age = Some(Duration::from_secs(3600));
    let kind = KeyKind::read_write(Slot::Secondary);
    let step = Step::Regenerate { kind, purpose: Purpose::Prepare };
    stage.events.push(accepted(Gate::TargetYoung, "secondary"));
    assert_ne!(stage.decide().phase, Phase::Prepare, "{:?}", stage.decide());
    let intent = Intent {
        key: step.key(),
        attempt: 1,
        step,
        generation_before: Some(at(-1_000_000)),
        evidence: String::new(),
        commit: None,
    };
    let operation = Operation { url: "https://management.azure.com/operations/7".to_owned() };
    let taken = Outcome::Applied { produced: Produced::Operation(operation) };
    stage.recorded(at(99_000), intent, Some((at(99_001), taken)));
    stage.world.operation = Some(Seen::known(stage.now, OperationState::Running(None)));
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Prepare, [Gate::Regenerated].into()));
}

/// Their controller may take so many away at once, and starts no successor beside them.
#[test]
fn a_set_that_may_lose_all_its_pods_at_once_is_not_restarted() {
    let mut stage = Stage::before_restart();
    become_stateful(&mut stage);
    let may_lose = |stage: &mut Stage, many: ReplicaNumber| {
        let workload = &mut stage.cluster_mut("east").workloads[0];
        workload.strategy =
            Strategy::RollingUpdate { max_surge: ReplicaNumber::Count(0), max_unavailable: many };
        workload.desired
    };
    may_lose(&mut stage, ReplicaNumber::Count(1));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let desired = may_lose(&mut stage, ReplicaNumber::Count(3));
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    assert!(reasons.iter().any(|reason| reason.why == Why::TakesAll { desired }), "{reasons:?}");
}

#[test]
fn what_is_accepted_opens_that_gate_for_that_subject_until_then() {
    let mut stage = Stage::before_restart();
    stage.cluster_mut("east").workloads[0].strategy = Strategy::Recreate;
    let accept = |subject: &str, until: i64| {
        Event::Accepted(Acceptance {
            by: "operator".to_owned(),
            gate: Gate::Preflight,
            subject: subject.to_owned(),
            because: "a night without traffic".to_owned(),
            until: at(until),
            why: Some("recreate".to_owned()),
        })
    };
    for (subject, until, opens) in [
        ("east/workload/catalogservice-deploy", 200_000, true),
        ("north/workload/catalogservice-deploy", 200_000, false),
        ("east/workload/catalogservice-deploy", 99_999, false),
    ] {
        let mut tried = stage.clone();
        tried.events.push((at(4), accept(subject, until)));
        let acts = matches!(tried.decide().verdict, Verdict::Act { .. });
        assert_eq!(acts, opens, "{subject} until {until}");
    }
    // Another reason at the same gate makes it void.
    stage.cluster_mut("east").workloads[0].paused = true;
    stage.events.push((at(4), accept("east/workload/catalogservice-deploy", 200_000)));
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }));
}

#[test]
fn a_gate_that_nobody_may_open_stays_shut_whatever_the_journal_says() {
    let mut stage = Stage::ready();
    stage.vault_mut("north").fingerprint = key(Slot::Primary);
    stage.events.push((
        at(4),
        Event::Accepted(Acceptance {
            by: "operator".to_owned(),
            gate: Gate::Propagated,
            subject: "north".to_owned(),
            because: "in a hurry".to_owned(),
            until: at(200_000),
            why: None,
        }),
    ));
    let decision = stage.decide();
    assert!(
        !matches!(&decision.verdict, Verdict::Act { steps, .. } if steps.iter().any(|step| matches!(step, Step::Regenerate { .. })))
    );
}

#[test]
fn a_cluster_that_azure_works_on_is_not_restarted() {
    check(
        Stage::before_restart,
        &[("an upgrade", Gate::Preflight, End::Waits, |s| {
            for name in ["east", "north"] {
                s.cluster_mut(name).state = ClusterState::Changing { state: "Upgrading".to_owned() };
            }
        })],
    );
}

#[test]
fn a_stopped_stamp_has_nothing_to_restart_and_its_vault_counts_all_the_same() {
    for state in [ClusterState::Stopped, ClusterState::Gone] {
        let mut stage = Stage::ready();
        *stage.cluster_mut("north") = ClusterView { state: state.clone(), ..ClusterView::default() };
        // A cluster that is not there beside a vault that is may only be named wrongly.
        let acts = matches!(stage.decide().verdict, Verdict::Act { .. });
        assert_eq!(acts, state == ClusterState::Stopped, "{state:?}: {:?}", stage.decide());
        assert_eq!(holding(&stage.decide()).contains(&Gate::Preflight), !acts, "{:?}", stage.decide());
        stage.vault_mut("north").fingerprint = key(Slot::Primary);
        assert_eq!(stage.decide().phase, Phase::Deploy, "{state:?}: {:?}", stage.decide());
        // A running cluster without its workloads is something else.
        let mut stage = Stage::before_restart();
        *stage.cluster_mut("north") = ClusterView { state: state.clone(), ..ClusterView::default() };
        match stage.decide().verdict {
            Verdict::Act { steps, .. } => {
                assert_eq!(state, ClusterState::Gone);
                assert!(matches!(&steps[..], [Step::Restart { stamp, .. }] if stamp.as_str() == "east"));
            }
            // It is meant to come back: until then the other is the last that serves.
            _ => {
                assert_eq!(state, ClusterState::Stopped);
                assert!(holding(&stage.decide()).contains(&Gate::Wave), "{:?}", stage.decide());
            }
        }
    }
    let mut stage = Stage::before_restart();
    *stage.cluster_mut("east") = ClusterView::default();
    assert!(holding(&stage.decide()).contains(&Gate::Preflight), "{:?}", stage.decide());
}

#[test]
fn a_right_that_lasts_long_enough_or_of_which_nobody_says_how_long_does_not_hold() {
    let ends = |minutes| Term::Until(Stage::ready().now + SignedDuration::from_mins(minutes));
    for term in [ends(30), Term::Untold("no licence".to_owned()), Term::Lasting] {
        let mut stage = Stage::ready();
        stage.rights_mut().term = term.clone();
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{term:?}: {:?}", stage.decide());
    }
}

#[test]
fn a_right_that_nobody_tells_of_is_accepted_by_its_name() {
    let mut stage = Stage::ready();
    stage.rights_mut().rights[0].right = Right::Unknown("403".to_owned());
    let acceptance = |subject: &str| Acceptance {
        by: "operator".to_owned(),
        gate: Gate::MayRegenerate,
        subject: subject.to_owned(),
        because: "a role of our own, without the right to read roles".to_owned(),
        until: at(200_000),
        why: Some("right-unknown".to_owned()),
    };
    let mut other = stage.clone();
    other.events.push((at(4), Event::Accepted(acceptance("regenerateKey"))));
    assert!(matches!(other.decide().verdict, Verdict::Halt { .. }));
    stage.events.push((at(4), Event::Accepted(acceptance("listKeys"))));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

#[test]
fn a_pod_that_began_before_its_class_said_what_it_says_is_restarted_before_anything_is_regenerated() {
    let mut stage = Stage::ready();
    let uid = stage.cluster_mut("north").pods[0].uid.clone();
    stage.cluster_mut("north").overtaken.insert(uid.clone(), at(99_990));
    let next = steps(&stage.decide());
    assert!(matches!(&next[..], [Step::Restart { stamp: on, .. }] if on.as_str() == "north"), "{next:?}");
    // A class that was changed before the pod began tells nothing of it.
    let created = stage.cluster_mut("north").pods[0].created;
    stage.cluster_mut("north").overtaken.insert(uid, created - SignedDuration::from_secs(1));
    assert!(matches!(&steps(&stage.decide())[..], [Step::Regenerate { .. }]), "{:?}", stage.decide());
}

/// A time that comes to be told later is no later time.
#[test]
fn where_the_opening_was_told_no_time_the_key_itself_must_have_changed() {
    let mut stage = Stage::ready();
    let Some((_, Event::Opened(opened))) = stage.events.first_mut() else { panic!("no opening") };
    opened.retired_generation = None;
    opened.retired_fingerprint = Some(key(Slot::Primary));
    assert!(matches!(steps(&stage.decide())[..], [Step::Regenerate { .. }]), "{:?}", stage.decide());
    let made_anew = stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap();
    made_anew.fingerprint = Some(Fingerprint::of(b"made anew", &crate::stage::salt()));
    let decision = stage.decide();
    assert_eq!(decision.phase, Phase::Confirm, "{decision:?}");
    // One that cannot be read has perhaps not changed.
    let made_anew = stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap();
    made_anew.fingerprint = None;
    assert_eq!(stage.decide().phase, Phase::Regenerate, "{:?}", stage.decide());
}

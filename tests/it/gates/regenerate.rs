//! What holds the regeneration: each of its gates alone.

use super::*;

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
        ("there is nothing to try the key on", Gate::TargetProven, End::Halts, |s| {
            let mut untried = proof(Slot::Secondary);
            untried.regions.values_mut().for_each(|region| {
                region.write = Some(keyslot::model::ProofVerdict::NothingToTry("404".to_owned()));
            });
            s.world.proofs.insert(Slot::Secondary, Seen::known(s.now, untried));
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
        ("a secret has no version", Gate::Propagated, End::Halts, |s| {
            s.world.vaults.insert(stamp("north"), Seen::blind(s.now, Blindness::Missing, "404"));
        }),
        ("a secret is disabled", Gate::Propagated, End::Halts, |s| {
            s.world.vaults.insert(stamp("east"), Seen::blind(s.now, Blindness::Disabled, "403"));
        }),
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
            s.cluster_mut("north").pods[3].deleting = Some(at(99_990));
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
        ("a young pod mounts another stamp's vault as it was before", Gate::OldPodsGone, End::Halts, |s| {
            let version = Some("v1".into());
            s.cluster_mut("east").pods[0].elsewhere = vec![OtherMount { stamp: stamp("north"), version }];
        }),
        ("a young pod mounted it before it was written", Gate::OldPodsGone, End::Halts, |s| {
            s.vault_mut("north").created = at(99_000);
            s.vault_mut("north").version = "v3".into();
            let north = s.cluster_mut("north");
            north.pods.iter_mut().for_each(|pod| {
                (pod.created, pod.mounted) = (at(99_900), Some("v3".into()));
            });
            let version = Some("v3".into());
            s.cluster_mut("east").pods[0].elsewhere = vec![OtherMount { stamp: stamp("north"), version }];
        }),
        ("a Job runs with the old key", Gate::OldPodsGone, End::Waits, |s| {
            s.vault_mut("north").created = at(99_000);
            s.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = at(99_900));
            run_job(s, at(98_000));
        }),
        ("a Job has run with the old key for a day", Gate::OldPodsGone, End::Halts, |s| {
            run_job(s, at(10));
        }),
        ("a workload that nobody listed", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("north").workloads.push(idle("orders-db"));
        }),
        ("an old pod of a controller that is not known", Gate::Consumers, End::Halts, |s| {
            let pod = one_more(s, "north");
            (pod.workload, pod.created) = (None, at(10));
            pod.above = Some(ObjectName::new("Rollout", "workload", "canary"));
        }),
        ("a run of a workflow that began before, and ends by itself", Gate::Consumers, End::Waits, |s| {
            s.vault_mut("north").created = at(99_000);
            let north = s.cluster_mut("north");
            north.pods.iter_mut().for_each(|pod| pod.created = at(99_900));
            let pod = one_more(s, "north");
            (pod.workload, pod.created) = (None, at(98_990));
            pod.above = Some(ObjectName::new("Workflow", "workload", "nightly-x1"));
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
        ("a run may change the account itself", Gate::NoHazard, End::Waits, |s| {
            let mut running = run(RunState::Running, RunState::Queued);
            running.stages[0].effects = Some(vec![StageEffect::ChangesAccount]);
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
            s.rights_mut().term = Term::Until(s.now + SignedDuration::from_mins(89));
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
        ("the proposer approved, spelt otherwise", Gate::Approved, End::Halts, |s| {
            s.policy.approver_differs = true;
            for (_, event) in &mut s.events {
                if let Event::Approved(approval) = event {
                    approval.by = "Proposer".to_owned();
                }
            }
        }),
        ("nobody knows who approved", Gate::Approved, End::Halts, |s| {
            s.policy.approver_differs = true;
            for (_, event) in &mut s.events {
                if let Event::Approved(approval) = event {
                    approval.by = "somebody".to_owned();
                }
            }
        }),
        ("nobody knows who proposed", Gate::Approved, End::Halts, |s| {
            s.policy.approver_differs = true;
            for (_, event) in &mut s.events {
                if let Event::Opened(opened) = event {
                    opened.by = "somebody".to_owned();
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
fn a_right_that_lasts_long_enough_or_of_which_nobody_says_how_long_does_not_hold() {
    let ends = |minutes| Term::Until(Stage::ready().now + SignedDuration::from_mins(minutes));
    for term in [ends(90), Term::Untold("no licence".to_owned()), Term::Lasting] {
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

//! What a person may accept, for whom and how long; and what nobody may.

use super::*;

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
fn what_is_accepted_ahead_is_looked_at_all_the_same() {
    let ahead = |gate, subject: &str| {
        Event::Accepted(Acceptance {
            by: "operator".to_owned(),
            gate,
            subject: subject.to_owned(),
            because: "agreed".to_owned(),
            until: at(200_000),
            why: None,
        })
    };
    let regenerates = |stage: &Stage| matches!(&stage.decide().verdict, Verdict::Act { steps, .. } if steps.iter().any(|step| matches!(step, Step::Regenerate { .. })));
    let unseen = |stage: &Stage, evidence: EvidenceKey| {
        assert!(!regenerates(stage), "{evidence:?}");
        let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
        let why = Why::NotSeen(evidence);
        assert!(reasons.iter().any(|reason| reason.why == why), "{reasons:?}");
    };
    let stage = Stage::ready();
    assert!(regenerates(&stage), "{:?}", stage.decide());
    let mut readers = stage.clone();
    readers.world.census = None;
    readers.events.push((at(4), ahead(Gate::Readers, "account")));
    unseen(&readers, EvidenceKey::Census);
    let mut runs = stage.clone();
    runs.world.runs = None;
    runs.events.push((at(4), ahead(Gate::NoHazard, "rotation")));
    unseen(&runs, EvidenceKey::Runs);
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

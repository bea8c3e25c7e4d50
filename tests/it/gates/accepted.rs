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

//! Azure's list of stamps as evidence: when it is whole enough, and what of it holds.

use keyslot::model::{Absent, Blindness, ResourceKind, Seen, Unlisted};
use keyslot::rotation::{Acceptance, Event, Gate, Verdict};

use crate::closed::{close, without_vault};
use crate::stage::{Stage, at, holding, stamp};

fn absent(stage: &mut Stage, kind: ResourceKind) {
    let view = stage.world.inventory.as_mut().unwrap().what.as_mut().unwrap();
    view.absent.push(Absent { stamp: stamp("north"), kind, name: format!("north-{kind}") });
}

#[test]
fn a_list_without_what_exists_is_no_evidence_and_one_without_what_is_gone_is() {
    for kind in [ResourceKind::Cluster, ResourceKind::Vault] {
        let mut stage = Stage::ready();
        absent(&mut stage, kind);
        assert_eq!(holding(&stage.decide()), [Gate::AllListed].into(), "{:?}", stage.decide());
        let mut stage = Stage::ready();
        absent(&mut stage, kind);
        close(&mut stage, "north");
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
        // Nobody has said that it is gone, so it is waited for before the list is asked.
        without_vault(&mut stage, "north", Blindness::Unreachable);
        let silent = Seen::blind(stage.now, Blindness::Unreachable, "no answer");
        stage.world.clusters.insert(stamp("north"), silent);
        assert_eq!(holding(&stage.decide()), [Gate::Propagated].into(), "{:?}", stage.decide());
    }
    let mut stage = Stage::ready();
    let strange = Unlisted {
        kind: ResourceKind::Cluster,
        name: "old-aks".to_owned(),
        resource_group: "old-rg".to_owned(),
        location: "uksouth".to_owned(),
    };
    stage.world.inventory.as_mut().unwrap().what.as_mut().unwrap().unattributed.push(strange);
    assert_eq!(holding(&stage.decide()), [Gate::AllListed].into(), "{:?}", stage.decide());
    assert!(keyslot::rotation::subjects(&stage.policy, &stage.world).contains("old-aks"));
}

#[test]
fn another_environment_of_the_account_holds_until_somebody_speaks_for_it() {
    let mut stage = Stage::ready();
    stage.policy.same_account = vec!["prod-us".into()];
    assert_eq!(holding(&stage.decide()), [Gate::AllListed].into(), "{:?}", stage.decide());
    let name = "environment/prod-us";
    assert!(keyslot::rotation::subjects(&stage.policy, &stage.world).contains(name));
    let accepted = Event::Accepted(Acceptance {
        by: "operator".to_owned(),
        gate: Gate::AllListed,
        subject: name.to_owned(),
        because: "its stamps were restarted on the new key".to_owned(),
        until: at(200_000),
        why: Some("account-of-other".to_owned()),
    });
    let mut spoken = stage.clone();
    spoken.events.push((at(4), accepted));
    assert!(matches!(spoken.decide().verdict, Verdict::Act { .. }), "{:?}", spoken.decide());
    // Before anything is begun, too.
    stage.events.retain(|(when, _)| *when != at(1));
    assert!(holding(&stage.decide()).contains(&Gate::AllListed), "{:?}", stage.decide());
}

#[test]
fn patterns_that_fit_not_even_a_listed_stamp_would_find_no_other() {
    let mut stage = Stage::ready();
    let view = stage.world.inventory.as_mut().unwrap().what.as_mut().unwrap();
    view.unlike.insert(stamp("north"));
    assert_eq!(holding(&stage.decide()), [Gate::AllListed].into(), "{:?}", stage.decide());
}

//! The right to restart, of every stamp, before anything is begun.

use keyslot::model::{Blindness, Right, RightView};
use keyslot::rotation::{Concern, Decider, forewarnings};

use super::*;
use crate::stage::HOLDER;

fn told(right: Right) -> Vec<RightView> {
    let what = "patch deployments in namespace workload".to_owned();
    vec![RightView { what, right, remedy: "bind a Role".to_owned() }]
}

#[test]
fn a_right_to_restart_that_is_missing_in_one_stamp_holds_everything() {
    let mut stage = unproposed();
    let acts = |stage: &Stage| matches!(stage.decide().verdict, Verdict::Act { .. });
    assert!(acts(&stage), "{:?}", stage.decide());
    stage.world.rights_in.insert(stamp("north"), Seen::known(stage.now, told(Right::Denied)));
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let [Reason { gate: Gate::Preflight, subject, why }] = &reasons[..] else { panic!("{reasons:?}") };
    assert_eq!((subject, why.kind()), (&Subject::Stamp(stamp("north")), "may-not-restart"));
    assert_eq!(keyslot::render::reason::remedy(&reasons[0]), "bind a Role");
    // A restart alone is held too, and one of another stamp is not; who only regenerates restarts nothing.
    for (reach, holds) in [
        (Reach::Restart { stamps: [stamp("north")].into(), quiesce: false }, true),
        (Reach::Restart { stamps: [stamp("east")].into(), quiesce: false }, false),
        (Reach::Regenerate, false),
    ] {
        stage.reach = reach.clone();
        let decision = stage.decide();
        let held = match &decision.verdict {
            Verdict::Halt { reasons } | Verdict::Wait { reasons, .. } => reasons.clone(),
            _ => Vec::new(),
        };
        let found = held.iter().any(|one| one.why.kind() == "may-not-restart");
        assert_eq!(found, holds, "{reach:?}: {decision:?}");
    }
    stage.reach = Reach::Whole;
    // Somebody knows better, of this stamp.
    stage.events.push(accepted(Gate::Preflight, "north"));
    assert!(acts(&stage), "{:?}", stage.decide());
}

#[test]
fn a_cluster_that_does_not_tell_is_warned_of_and_holds_nothing() {
    let mut stage = unproposed();
    let why = "the review was refused".to_owned();
    stage.world.rights_in.insert(stamp("north"), Seen::known(stage.now, told(Right::Unknown(why.clone()))));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let decider =
        Decider { policy: &stage.policy, holder: HOLDER, without: &stage.without, reach: &stage.reach };
    let warned = forewarnings(&decider, &stage.fold(), &stage.world, stage.now);
    let what = "patch deployments in namespace workload".to_owned();
    assert_eq!(warned, [Concern::RestartUntold { stamp: stamp("north"), what, why }]);
    stage.world.rights_in.insert(stamp("north"), Seen::blind(stage.now, Blindness::Unreachable, "no"));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    // Nobody has asked yet.
    stage.world.rights_in.clear();
    assert!(matches!(stage.decide().verdict, Verdict::Wait { .. }), "{:?}", stage.decide());
}

//! The forge's rules about branches: which of them hold before anything is begun, and what the plan says of the others.

use keyslot::model::{
    BranchName, BranchRule, BranchRules, Bypass, Demand, Like, MergeMethod, Merging, NamePattern, Policy,
    Reviewing, Seen,
};
use keyslot::rotation::predicate::{Deed, Ruling, ruling};
use keyslot::rotation::{Gate, Verdict};
use keyslot::sim::WorldConfig;
use keyslot::sim::config::{ClassicConfig, RulesConfig};

use crate::gates::unproposed;
use crate::live::Live;
use crate::stage::{Stage, holding, policy, proposal};

fn of(deed: Deed, demand: Demand, bypass: Bypass, policy: &Policy) -> Ruling {
    ruling(&BranchRule { demand, bypass }, deed, &proposal().head, policy)
}

#[test]
fn each_rule_is_judged_by_what_is_done_with_the_branch() {
    let (people, mut keyslot) = (policy(), policy());
    keyslot.pulls.merging = Merging::Keyslot;
    keyslot.signs = Some(false);
    let never = |deed, demand, policy| of(deed, demand, Bypass::Never, policy);
    let reviewed = || Demand::PullRequest(Reviewing { approvals: 1, ..Reviewing::default() });
    let name =
        |like, pattern: &str| Demand::Name(NamePattern { like, pattern: pattern.to_owned(), negated: false });
    let squash = || Demand::Methods(vec![MergeMethod::Squash]);
    let cases = [
        (never(Deed::Create, Demand::NoNewBranch, &people), Ruling::Refuses),
        (never(Deed::Create, name(Like::StartsWith, "feature/"), &people), Ruling::Refuses),
        (never(Deed::Create, name(Like::StartsWith, "fix/"), &people), Ruling::Passes),
        (never(Deed::Create, name(Like::Expression, "^fix/"), &people), Ruling::MayRefuse),
        // How git is set up, nobody has said.
        (never(Deed::Create, Demand::Signatures, &people), Ruling::MayRefuse),
        (never(Deed::Create, Demand::Signatures, &keyslot), Ruling::Refuses),
        (never(Deed::Merge, reviewed(), &people), Ruling::Asks),
        (never(Deed::Merge, Demand::Queue, &people), Ruling::Asks),
        (never(Deed::Merge, squash(), &people), Ruling::Passes),
        (never(Deed::Merge, squash(), &keyslot), Ruling::Refuses),
        (never(Deed::Merge, Demand::LinearHistory, &people), Ruling::Passes),
        (never(Deed::Merge, Demand::LinearHistory, &keyslot), Ruling::Refuses),
        (never(Deed::Merge, Demand::NamedPushers, &people), Ruling::Asks),
        (never(Deed::Merge, Demand::NamedPushers, &keyslot), Ruling::MayRefuse),
        (never(Deed::Merge, Demand::Locked, &people), Ruling::Refuses),
        (never(Deed::Push, reviewed(), &people), Ruling::Refuses),
        (never(Deed::Push, Demand::Checks(vec!["e2e".to_owned()]), &people), Ruling::Refuses),
        (never(Deed::Push, Demand::LinearHistory, &people), Ruling::Passes),
        (of(Deed::Push, reviewed(), Bypass::Always, &people), Ruling::Passes),
        (of(Deed::Push, reviewed(), Bypass::PullRequests, &people), Ruling::Refuses),
        (of(Deed::Push, reviewed(), Bypass::Untold, &people), Ruling::MayRefuse),
        (of(Deed::Merge, Demand::LinearHistory, Bypass::PullRequests, &keyslot), Ruling::Passes),
        // Who may pass a rule does not do people's work for them.
        (of(Deed::Merge, reviewed(), Bypass::Always, &people), Ruling::Asks),
    ];
    for (at, (found, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found, expected, "case {at}");
    }
}

fn with_rule(stage: &mut Stage, branch: BranchName, demand: Demand, bypass: Bypass) {
    let rules = BranchRules { rules: vec![BranchRule { demand, bypass }], unread: Vec::new() };
    stage.world.rules.insert(branch, Seen::known(stage.now, rules));
}

#[test]
fn what_a_rule_will_refuse_holds_before_anything_is_proposed() {
    let acts = |stage: &Stage| matches!(stage.decide().verdict, Verdict::Act { .. });
    let (mut stage, head) = (unproposed(), proposal().head);
    assert!(acts(&stage), "{:?}", stage.decide());
    with_rule(&mut stage, head.clone(), Demand::NoNewBranch, Bypass::Never);
    let decision = stage.decide();
    assert_eq!(holding(&decision), [Gate::Preflight].into());
    assert!(matches!(decision.verdict, Verdict::Halt { .. }), "a person has to see to it");
    for bypass in [Bypass::Always, Bypass::Untold] {
        with_rule(&mut stage, head.clone(), Demand::NoNewBranch, bypass);
        assert!(acts(&stage), "{bypass:?}: {:?}", stage.decide());
    }
    // Nobody knows what it says: that is told, and holds nothing.
    let blind = Seen::blind(stage.now, keyslot::model::Blindness::Forbidden, "403");
    stage.world.rules.insert(head.clone(), blind);
    assert!(acts(&stage), "{:?}", stage.decide());
    // Not looked at yet is another thing.
    stage.world.rules.remove(&head);
    assert!(matches!(stage.decide().verdict, Verdict::Wait { .. }));
}

#[test]
fn a_branch_that_carries_the_change_already_is_not_asked_about() {
    let mut stage = unproposed();
    stage.code_mut().release =
        Some(crate::stage::branch("release/1", keyslot::model::SlotUse::Only(keyslot::model::Slot::Primary)));
    let (release, pull) = (BranchName::new("release/1"), Reviewing { approvals: 1, ..Reviewing::default() });
    with_rule(&mut stage, release.clone(), Demand::PullRequest(pull.clone()), Bypass::Never);
    assert_eq!(holding(&stage.decide()), [Gate::Preflight].into(), "keyslot would push to it");
    stage.policy.promotion = keyslot::model::Promotion::PullRequest;
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let mut stage = unproposed();
    with_rule(&mut stage, release, Demand::PullRequest(pull), Bypass::Never);
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

fn said(live: &Live, command: &str) -> (i32, String) {
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg(command).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), said)
}

fn live(rules: RulesConfig) -> Live {
    let mut config = WorldConfig::seeded(8).with_stamps(1);
    config.people.rules = rules;
    Live::set(config, 60.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_says_what_the_rules_ask_of_people() {
    let classic = Some(ClassicConfig { reviews: 2, checks: Vec::new(), readable: false });
    let live = live(RulesConfig { classic, conversations: true, ..RulesConfig::default() });
    let (code, text) = said(&live, "plan");
    assert_eq!(code, 0, "{text}");
    for words in [
        "    main asks for 1 approval, every conversation resolved, the check",
        "main: it has a branch protection, which only Administration (read) shows",
        "nothing is in the way",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_nobody_may_make_is_told_by_plan_and_rotate_and_nothing_is_begun() {
    let proposals = vec!["creation".to_owned()];
    let live = live(RulesConfig { proposals, unpassed: true, ..RulesConfig::default() });
    for command in ["plan", "rotate"] {
        let (code, text) = said(&live, command);
        assert_eq!(code, 4, "{command}: {text}");
        for words in [
            "the forge will refuse to make the branch fix/keyslot-",
            "a rule lets nobody make a branch of this name",
            "leave keyslot's branches (fix/keyslot-*) out of the rule",
            // The released branch takes changes by pull requests alone.
            "changes come by pull requests alone",
            "`promote = \"pull-request\"`",
        ] {
            assert!(text.contains(words), "{command}: {words}: {text}");
        }
    }
    let world = &live.stage.simulation.world;
    let pushed = world.with(|world| {
        world.repository().branches().keys().any(|branch| branch.as_str().starts_with("fix/keyslot-"))
    });
    assert!(!pushed, "nothing was pushed");
}

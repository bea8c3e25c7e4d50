//! Branches with a name of keyslot's that hold nothing of the code as it lies now: each is told of by its name, and holds up
//! nobody else.

use keyslot::model::{BranchName, CommitId};
use keyslot::sim::repository::{Commit, Signature, Tree};
use keyslot::sim::{Command, Expected, World, WorldConfig};

use crate::follow::run;
use crate::live::Live;

/// The branch comes to have a tree without the Terraform root, whatever it had.
fn emptied(world: &mut World, branch: BranchName) -> CommitId {
    let head = world.repository().head(&branch).or_else(|| world.repository().head(&"main".into()));
    let (head, expected) = (head.cloned().unwrap(), Expected::FastForward);
    let tree = Tree::default().with("README.md", *b"x");
    let commit = Commit::new(tree, vec![head], &Signature::of("mallory", world.now()), "Old\n");
    let (id, objects, by) = (commit.id().clone(), vec![commit.into()], "mallory".to_owned());
    world.apply(Command::Push { branch, expected, commit: id.clone(), objects, by }).unwrap();
    id
}

fn live() -> Live {
    Live::of(World::new(WorldConfig::default().with_stamps(1).with_workflow()), 600.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_branch_of_before_the_code_was_moved_holds_no_rotation_up() {
    let live = live();
    live.stage.simulation.world.with(|world| emptied(world, "fix/keyslot-old-secondary".into()));
    for command in [["propose", "--wait"], ["promote", "--wait"]] {
        let (code, out, talk) = run(&live, &command).await;
        assert_eq!(code, 0, "{command:?}: {out}\n{talk}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_is_the_rotation_s_own_branch_that_is_said_of_it() {
    let live = live();
    let (code, out, talk) = run(&live, &["propose"]).await;
    assert!([0, 3].contains(&code), "{code}: {out}\n{talk}");
    let (branch, head) = live.stage.simulation.world.with(|world| {
        let all = world.repository().branches().keys();
        let own =
            all.filter(|branch| branch.as_str().starts_with("fix/keyslot-")).next_back().cloned().unwrap();
        let head = emptied(world, own.clone());
        (own, head)
    });
    let (code, out, talk) = run(&live, &["propose"]).await;
    println!("{code}\n{out}\n{talk}");
    let said = format!("{out}{talk}");
    assert!(said.contains(branch.as_str()) && said.contains(&head.as_str()[..7]), "{out}\n{talk}");
    assert!(said.contains("has no folder"), "{out}\n{talk}");
}

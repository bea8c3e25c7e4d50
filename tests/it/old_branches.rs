//! Branches with a name of keyslot's that hold nothing of the code as it lies now hold nobody up.

use keyslot::model::BranchName;
use keyslot::sim::repository::{Commit, Signature, Tree};
use keyslot::sim::{Command, Expected, World, WorldConfig};

use crate::follow::run;
use crate::live::Live;

/// The branch has a tree without the Terraform root.
fn emptied(world: &mut World, branch: BranchName) {
    let main = world.repository().head(&"main".into()).cloned().unwrap();
    let tree = Tree::default().with("README.md", *b"x");
    let commit = Commit::new(tree, vec![main], &Signature::of("mallory", world.now()), "Old\n");
    let (id, objects, by) = (commit.id().clone(), vec![commit.into()], "mallory".to_owned());
    let expected = Expected::Absent;
    world.apply(Command::Push { branch, expected, commit: id, objects, by }).unwrap();
}

/// As `emptied`, and then somebody has moved the code to where the Terraform root is.
fn moved_there(world: &mut World, branch: BranchName) {
    let main = world.repository().head(&"main".into()).cloned().unwrap();
    let code = world.repository().get(&main).unwrap().tree().clone();
    let by = Signature::of("mallory", world.now());
    let before = Commit::new(Tree::default().with("README.md", *b"x"), vec![main], &by, "Old\n");
    let after = Commit::new(code, vec![before.id().clone()], &by, "Move the code\n");
    let (id, objects, by) = (after.id().clone(), vec![before.into(), after.into()], "mallory".to_owned());
    let expected = Expected::Absent;
    world.apply(Command::Push { branch, expected, commit: id, objects, by }).unwrap();
}

/// With the code in a folder of the repository.
fn live() -> Live {
    let live = Live::of(World::new(WorldConfig::default().with_stamps(1).with_workflow()), 600.0);
    let path = live.stage.folder.join("keyslot.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("root = "));
    let changed: String = lines
        .map(|line| match line.ends_with(".terraform]") {
            true => format!("{line}\nroot = \"src/infra\"\n"),
            false => format!("{line}\n"),
        })
        .collect();
    assert!(changed.contains("src/infra"), "{text}");
    std::fs::write(path, changed).unwrap();
    live
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_branch_of_before_the_code_was_moved_holds_no_rotation_up() {
    let live = live();
    live.stage.simulation.world.with(|world| {
        emptied(world, "fix/keyslot-old-secondary".into());
        moved_there(world, "fix/keyslot-root".into());
    });
    for command in [["propose", "--wait"], ["promote", "--wait"]] {
        let (code, out, talk) = run(&live, &command).await;
        assert_eq!(code, 0, "{command:?}: {out}\n{talk}");
    }
}

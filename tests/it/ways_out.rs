//! Where somebody stands who knows nothing: what each command says of where to go from there.

use keyslot::render::foresight;
use keyslot::rotation::{Foresight, Opened};
use keyslot::sim::WorldConfig;

use crate::alone::{opened as record_of, ran, record};
use crate::live::Live;
use crate::stage::{Stage, opened};
use crate::tool::{Folder, keyslot};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_rotation_status_says_so_and_where_it_looked() {
    let live = Live::set(WorldConfig::seeded(31), 60.0);
    let told = ran(&live, &["status"], &[]);
    let place = live.stage.folder.join("state");
    assert_eq!(told.code, 0, "{}{}", told.data, told.talk);
    assert!(told.data.contains("no rotation is open, and none was"), "{}{}", told.data, told.talk);
    assert!(told.data.contains(&place.display().to_string()), "{}{}", told.data, told.talk);
    record(&live, vec![record_of(&live)]).await;
    let told = ran(&live, &["status"], &[]);
    assert!(!told.data.contains("no rotation is open"), "{}{}", told.data, told.talk);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_journal_cannot_be_read_the_way_is_shown_to_what_reads_none() {
    let live = Live::set(WorldConfig::seeded(32), 60.0);
    record(&live, vec![record_of(&live)]).await;
    let records = crate::live::files_below(&live.stage.folder.join("state"));
    let newest = records.iter().filter(|path| path.extension().is_some_and(|it| it == "json")).max().unwrap();
    std::fs::write(newest, "{").unwrap();
    for command in ["status", "explain", "plan"] {
        let told = ran(&live, &[command], &[]);
        assert_eq!(told.code, 5, "{command}: {}{}", told.data, told.talk);
        assert!(
            told.talk.contains("`keyslot verify` works without the journal"),
            "{command}: {}{}",
            told.data,
            told.talk
        );
    }
}

#[test]
fn the_files_to_begin_with_are_printed_by_the_program() {
    let folder = Folder::of(&[("a", "")]);
    let role = keyslot(folder.path(), &["example", "cluster-role"]);
    assert_eq!((role.code, role.stdout.as_str()), (0, include_str!("../../fixtures/cluster-role.yaml")));
    let settings = keyslot(folder.path(), &["example", "settings"]);
    assert_eq!(settings.stdout, include_str!("../../fixtures/keyslot.example.toml"));
    assert_eq!(keyslot(folder.path(), &["example", "nothing"]).code, 2);
}

#[test]
fn a_plan_names_the_rotation_as_an_approval_does_and_tells_when_no_code_is_left_to_change() {
    let stage = Stage::before_restart();
    let third = Opened { opening: 3, ..opened() };
    let plan = Foresight::of(&third, true, &stage.decide(), &stage.world, &stage.policy, Vec::new());
    let text = foresight::plan(&plan, &Ok(Vec::new()));
    assert!(text.starts_with(&format!("rotation {} of ", third.approval_name())), "{text}");
    assert!(text.contains("nothing, it is so already"), "{text}");
    assert!(!text.contains("changes the code:\n"), "{text}");
}

//! What a new user meets: the smallest file, the words of what is missing, and how a command is stopped.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use keyslot::sim::WorldConfig;
use tempfile::TempDir;

use crate::live::Live;
use crate::tool::{keyslot, ran, with_programs};

const SMALLEST: &str = include_str!("../../fixtures/keyslot.smallest.toml");

/// The smallest file with the names and the address of a world, and not a key more.
fn of(live: &Live) -> String {
    let laid_out = fs::read_to_string(live.stage.settings_path()).unwrap();
    let (_, endpoints) = laid_out.split_once("[endpoints]").unwrap();
    let (endpoints, _) = endpoints.split_once("[environment").unwrap();
    let config = live.stage.simulation.world.with(|world| world.config().clone());
    let id = &config.account.id;
    let vault = live.stage.simulation.world.with(|world| world.stamps().next().unwrap().vault.name.clone());
    let repository = live.stage.folder.join("origin.git");
    let names = [
        ("0b1f6471-1bf0-4dda-aec3-cb9272f09590", id.subscription.clone()),
        ("rg-acme-global", id.resource_group.clone()),
        ("acme-global-cosmos", id.name.clone()),
        ("\"acme\"", format!("\"{}\"", config.repository.owner)),
        ("\"mission-critical\"", format!("\"{}\"", config.repository.name)),
        (
            "[environment.prod.terraform]",
            format!("[environment.prod.terraform]\nrepository = \"{}\"", repository.display()),
        ),
        (
            "order = [\"catalogservice-deploy\"]",
            "order = [\"catalogservice-deploy\", \"backgroundprocessor-deploy\", \"healthservice-deploy\"]"
                .to_owned(),
        ),
        ("acme-a7c1-eus2-kv", vault),
        ("eastus2", "northeurope".to_owned()),
        (
            "aks = { resource_group = \"acme-a7c1-eus2-rg\", name = \"acme-a7c1-eus2-aks\" }",
            "kubeconfig = \"kubeconfig-northeurope.yaml\"".to_owned(),
        ),
    ];
    let mut text = format!("{SMALLEST}\n[endpoints]{endpoints}");
    for (from, to) in names {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, &to);
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_file_is_enough_for_a_plan_and_git_leaves_out_what_it_makes() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 60.0);
    let file = live.stage.folder.join("smallest.toml");
    fs::write(&file, of(&live)).unwrap();
    let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
    let token = fs::read_to_string(live.stage.folder.join("tokens/github")).unwrap();
    command.args(["plan", "--config"]).arg(file).env("GITHUB_TOKEN", token.trim());
    let mut process = crate::live::Process::start(command);
    let code = process.end().await;
    let told = format!("{}{}", process.data(), process.talk());
    assert!([0, 3, 4].contains(&code), "{code}: {told}");
    assert!(told.contains("northeurope") && told.contains("catalogservice-deploy"), "{told}");
    assert!(!told.contains("the code ("), "the secret is the only reader: {told}");
    assert_eq!(fs::read_to_string(live.stage.folder.join(".keyslot/.gitignore")).unwrap(), "*\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_says_that_nothing_is_lost_and_gives_the_lease_back() {
    for (arguments, signal) in [(&["rotate"], "TERM"), (&["rotate"], "INT"), (&["propose"], "TERM")] {
        let live = Live::set(WorldConfig::default().with_stamps(1), 60.0);
        let arguments = [&arguments[..], if arguments[0] == "propose" { &["--wait"] } else { &[] }].concat();
        let mut process = live.keyslot(&arguments);
        while live.stage.simulation.world.with(|world| world.counters().pulls_opened) == 0 {
            assert_eq!(process.ended(), None, "{}", process.talk());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        process.signal(signal);
        let code = process.end().await;
        let talk = process.talk();
        assert!(
            code == 3 && talk.contains("stopped; nothing is lost"),
            "{arguments:?} {signal}: {code}: {talk}"
        );
        assert_eq!(live.newest_record(), "released", "{arguments:?} {signal}");
    }
}

#[test]
fn what_the_configuration_lacks_is_told_as_its_own_and_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let none = keyslot(folder.path(), &["plan"]);
    assert!(none.code == 2 && none.stderr.contains("keyslot example smallest"), "{}", none.stderr);

    let init = Command::new("git").args(["init", "-q"]).current_dir(folder.path()).status().unwrap();
    assert!(init.success());
    fs::write(folder.path().join("keyslot.toml"), SMALLEST).unwrap();
    let no_remote = ran(with_programs(folder.path(), &["plan"]));
    let said = &no_remote.stderr;
    assert!(
        no_remote.code == 2 && said.contains("the repository has no remote"),
        "{}: {said}",
        no_remote.code
    );
    assert!(
        said.contains("[environment.prod.terraform]") && !said.lines().any(|line| line.ends_with("/.")),
        "{said}"
    );

    let app = "[environment.prod.release.forge.app]\nid = 1\nkey = { env = \"KEYSLOT_APP_KEY\" }\n";
    let with_app = SMALLEST.replace("# A person starts it", &format!("{app}\n# A person starts it"));
    fs::write(folder.path().join("keyslot.toml"), with_app).unwrap();
    let no_key = ran(with_programs(folder.path(), &["verify"]));
    let said = &no_key.stderr;
    assert!(
        no_key.code == 2 && said.contains("the GitHub App's key is not to be had"),
        "{}: {said}",
        no_key.code
    );
    assert!(said.contains("hint: set KEYSLOT_APP_KEY"), "{said}");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_rehearsal_begins() {
    let folder = TempDir::new().unwrap();
    let begun = Instant::now();
    let ran = keyslot(folder.path(), &["rehearse", "--report", "nowhere/report.html"]);
    assert!(ran.code == 5 && begun.elapsed() < Duration::from_secs(60), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot write the report") && ran.stderr.contains("hint:"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("a simulated world"), "{}", ran.stderr);
    let count = keyslot(folder.path(), &["rehearse", "--stamps", "0"]);
    assert!(count.code == 2 && count.stderr.contains("1 to 200"), "{}", count.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_rehearsal_waits_for_nobody_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    for kind in [&[][..], &["--runbook"]] {
        let mut command =
            with_programs(folder.path(), &["rehearse", "--speed", "1", "--report", "report.html"]);
        command.args(kind).env("TMPDIR", folder.path());
        let mut process = crate::live::Process::start(command);
        // Its world is laid out, so it listens.
        while !crate::live::files_below(folder.path()).iter().any(|path| path.ends_with("keyslot.toml")) {
            assert_eq!(process.ended(), None, "{}", process.talk());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        process.signal("INT");
        let code = process.end().await;
        let talk = process.talk();
        assert!(code == 3 && talk.contains("the rehearsal was stopped"), "{kind:?}: {code}: {talk}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{kind:?}: {left:?}");
    }
}

#[test]
fn colour_is_for_what_cannot_be_read_too() {
    let colored = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyslot"));
        let output = command.args(arguments).env_clear().env("CLICOLOR_FORCE", "1").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        output.stderr.contains(&0x1b)
    };
    assert!(colored(&["nosuch"]) && colored(&["--color", "always", "nosuch"]));
    assert!(!colored(&["--color", "never", "nosuch"]) && !colored(&["check", "--nosuch", "--color=never"]));
}

#[test]
fn the_readme_shows_the_smallest_file_and_commands_that_exist() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("```toml\n{SMALLEST}```")), "the README's file is the fixture");
    let typed = readme.lines().filter_map(|line| line.strip_prefix("$ keyslot "));
    let mut count = 0;
    for line in typed {
        let words = line.split_whitespace().take_while(|word| !["||", "|", ">", "&&", "&"].contains(word));
        let words: Vec<&str> = std::iter::once("keyslot").chain(words).collect();
        let parsed = keyslot::cli::command_line().try_get_matches_from(&words);
        parsed.unwrap_or_else(|error| panic!("{line}: {error}"));
        count += 1;
    }
    assert!(count > 5, "{count}");
}

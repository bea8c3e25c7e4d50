//! What `keyslot check` reads, and what it says of files that it cannot read.

use std::fs;
use std::process::Command;

use crate::tool::{Folder, Ran};

const KEY: &str = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";

fn check(folder: &Folder) -> Ran {
    folder.run(&["check", "--output", "json"])
}

/// Rule, file and message of each finding.
fn findings(ran: &Ran) -> Vec<(String, String, String)> {
    let text = |finding: &serde_json::Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let report = ran.json();
    let list = report["findings"].as_array().unwrap().iter();
    list.map(|it| (text(it, "rule"), text(it, "file"), text(it, "message"))).collect()
}

fn files_of_references(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let list = report["references"].as_array().unwrap().iter();
    list.map(|it| it["file"].as_str().unwrap().to_owned()).collect()
}

/// One finding about one file, which leaves the slot unknown and refuses a flip.
#[track_caller]
fn is_unreadable(folder: &Folder, file: &str, why: &str) {
    let ran = check(folder);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let found = findings(&ran);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("unreadable-file", file));
    assert!(found[0].2.contains(why), "{found:?}");
    assert_eq!(ran.json()["accounts"][0]["slot"], "unknown");
    let flipped = folder.run(&["flip", "--to", "secondary"]);
    assert_eq!((flipped.code, flipped.stdout.as_str()), (1, ""));
    assert!(flipped.stderr.contains(&format!("{file}: cannot be read")), "{}", flipped.stderr);
}

#[test]
fn a_file_over_the_cap_is_a_finding() {
    let folder = Folder::of(&[("a.tf", KEY)]);
    let large = fs::File::create(folder.path().join("large.tf")).unwrap();
    large.set_len(50 * 1024 * 1024).unwrap();
    is_unreadable(&folder, "large.tf", "52428800 bytes");
    let alone = folder.run(&["check", "large.tf", "--output", "json"]);
    assert_eq!(alone.code, 1);
    assert_eq!(findings(&alone)[0].0, "unreadable-file");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_a_finding_and_is_not_waited_for() {
    let folder = Folder::of(&[("a.tf", KEY)]);
    let made = Command::new("mkfifo").arg(folder.path().join("pipe.tf")).status().unwrap();
    assert!(made.success());
    is_unreadable(&folder, "pipe.tf", "no regular file");
    assert_eq!(folder.run(&["check", "pipe.tf"]).code, 2);
    std::os::unix::fs::symlink("pipe", folder.path().join("link.tf")).unwrap();
    fs::rename(folder.path().join("pipe.tf"), folder.path().join("pipe")).unwrap();
    is_unreadable(&folder, "link.tf", "no regular file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_unicode_is_a_finding() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = Folder::of(&[("a.tf", KEY)]);
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"b\xFF.tf")), KEY).unwrap();
    is_unreadable(&folder, "b\u{fffd}.tf", "not valid Unicode");
}

#[cfg(unix)]
#[test]
fn folders_deeper_than_a_path_may_be_long_are_a_finding() {
    let folder = Folder::of(&[("a.tf", KEY)]);
    let name = "d".repeat(250);
    let script = format!("for i in $(seq 20); do mkdir {name} && cd -P {name} || exit 1; done; echo > z.tf");
    let made = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).status().unwrap();
    assert!(made.success());
    let found = findings(&check(&folder));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "unreadable-file");
    assert!(found[0].1.starts_with(&name), "{found:?}");
}

#[cfg(unix)]
#[test]
fn files_and_folders_without_permission_are_findings() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    let folder = Folder::of(&[("a.tf", KEY), ("closed/b.tf", KEY), ("c.tf", KEY)]);
    let set = |path: &str, mode| {
        fs::set_permissions(folder.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    set(".", 0o755);
    set("closed", 0o000);
    set("c.tf", 0o000);
    // Nothing is closed to the superuser.
    let superuser = fs::read(folder.path().join("c.tf")).is_ok();
    let run = |path: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyslot"));
        command.args(["check", path, "--output", "json"]).current_dir(folder.path()).env_clear();
        if superuser {
            command.uid(65534).gid(65534);
        }
        command.output().unwrap()
    };
    let (ran, alone) = (run("."), run("closed"));
    set("closed", 0o755);
    assert_eq!(alone.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&alone.stderr).contains("cannot read the folder"));
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let found: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|it| (&it["rule"], &it["file"])).collect();
    let rule = serde_json::json!("unreadable-file");
    assert_eq!(found, [(&rule, &serde_json::json!("c.tf")), (&rule, &serde_json::json!("closed"))]);
    assert_eq!(report["references"].as_array().unwrap().len(), 1);
}

#[test]
fn nesting_beyond_measure_is_a_parse_error() {
    let deep = format!("locals {{\n  a = {}{}\n}}\n", "[".repeat(10_000), "]".repeat(10_000));
    let json = format!("{{\"locals\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let folder = Folder::of(&[("a.tf", KEY), ("b.tf", &deep), ("c.tf.json", &json)]);
    let found: Vec<_> = findings(&check(&folder)).into_iter().map(|it| (it.0, it.1)).collect();
    let error = |file: &str| ("parse-error".to_owned(), file.to_owned());
    assert_eq!(found, [error("b.tf"), error("c.tf.json")]);
}

#[test]
fn every_kind_of_file_is_read() {
    let broken = "a = = 1\n";
    let folder = Folder::of(&[
        ("a.tf", KEY),
        ("env/prod.tfvars", broken),
        ("env/prod.tfvars.json", "{"),
        ("live/db/terragrunt.hcl", broken),
        ("live/env.hcl", broken),
        ("live/root.hcl", "locals {\n  env = read_terragrunt_config(\"env.hcl\")\n}\n"),
        ("b.tofu", broken),
        ("c.tofu.json", "{"),
        // None of ours.
        (".terraform.lock.hcl", broken),
        ("image.pkr.hcl", broken),
        ("job.hcl", broken),
    ]);
    let found: Vec<_> = findings(&check(&folder)).into_iter().map(|it| it.1).collect();
    let expected = [
        "b.tofu",
        "c.tofu.json",
        "env/prod.tfvars",
        "env/prod.tfvars.json",
        "live/db/terragrunt.hcl",
        "live/env.hcl",
    ];
    assert_eq!(found, expected);
}

#[test]
fn bytes_may_be_odd() {
    let mut odd = b"\xEF\xBB\xBF# caf\xE9\r\nlocals {\r\n\tlong = \"".to_vec();
    odd.extend(vec![b'x'; 1024 * 1024]);
    odd.extend(b"\"\r\n\ta = azurerm_cosmosdb_account.x.primary_key # \xFF\r\n}");
    let folder = Folder::of(&[("a.tf", odd.clone())]);
    assert_eq!(check(&folder).json()["accounts"][0]["slot"], "primary");
    assert_eq!(folder.run(&["flip", "--to", "secondary", "--write"]).code, 0);
    assert_ne!(folder.get("a.tf"), odd);
    assert_eq!(folder.run(&["flip", "--to", "primary", "--write"]).code, 0);
    assert_eq!(folder.get("a.tf"), odd);
}

#[test]
fn copies_of_modules_are_told_of_and_not_edited() {
    let folder = Folder::of(&[
        ("a.tf", "locals {}\n"),
        (".terraform/modules/m/a.tf", KEY),
        ("live/.terragrunt-cache/x/a.tf", KEY),
        ("vendor/m/a.tf", KEY),
    ]);
    let ran = check(&folder);
    assert_eq!(files_of_references(&ran), ["vendor/m/a.tf"]);
    assert!(ran.stderr.contains("copies of modules passed over: ./.terraform and 1 more"), "{}", ran.stderr);
    let copies = [
        (".terraform/modules/m/a.tf", ".terraform/modules/m"),
        ("live/.terragrunt-cache/x/a.tf", "live/.terragrunt-cache/x"),
    ];
    let copied = |(file, copy): (&str, &str)| {
        ("installed-copy".to_owned(), file.to_owned(), format!("the copy in {copy} reads a key here"))
    };
    let found: Vec<_> = findings(&ran).into_iter().filter(|it| it.0 == "installed-copy").collect();
    assert_eq!(found, copies.map(copied));
    for format in ["human", "sarif", "github"] {
        let told = folder.run(&["check", "--output", format]).stdout;
        copies.iter().for_each(|(file, _)| assert!(told.contains(file), "{format}: {told}"));
    }
    folder.put(".gitignore", b".terraform\n");
    assert!(!check(&folder).stdout.contains(".terraform/"), "what git ignores is not looked at");
    fs::remove_file(folder.path().join(".gitignore")).unwrap();
    let flipped = folder.run(&["flip", "--to", "secondary", "--write"]);
    assert_eq!(flipped.code, 1);
    assert!(flipped.stderr.contains("copy of a module from elsewhere"), "{}", flipped.stderr);
    assert!(
        flipped.stderr.contains(".terraform/modules/m/a.tf:2: a copy of a module reads"),
        "{}",
        flipped.stderr
    );
    assert_eq!(folder.get("vendor/m/a.tf"), KEY.as_bytes());
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    #[test]
    fn within_the_tree_every_file_is_read_once_and_circles_end() {
        let folder = Folder::of(&[("a/main.tf", KEY), ("notes.txt", KEY)]);
        let link = |target: &str, link: &str| symlink(target, folder.path().join(link)).unwrap();
        link("a", "b");
        link("..", "a/up");
        link(".", "itself");
        link("a/main.tf", "again.tf");
        link("main.tf", "a/twice.tf");
        link("notes.txt", "notes.tf");
        link("../notes.txt", "a/notes.tf");
        link("nowhere", "broken");
        let ran = check(&folder);
        assert_eq!(files_of_references(&ran), ["a/main.tf", "a/notes.tf"]);
        assert!(!ran.stderr.contains("is a link"), "{}", ran.stderr);
    }

    #[test]
    fn a_link_to_nothing_in_the_place_of_a_file_is_a_finding() {
        let folder = Folder::of(&[("a.tf", KEY)]);
        symlink("nowhere", folder.path().join("broken.tf")).unwrap();
        is_unreadable(&folder, "broken.tf", "a link to a file that is not there");
        fs::remove_file(folder.path().join("broken.tf")).unwrap();
        symlink("round.tf", folder.path().join("round.tf")).unwrap();
        is_unreadable(&folder, "round.tf", "what it leads to cannot be read");
        fs::remove_file(folder.path().join("a.tf")).unwrap();
        let alone = check(&folder);
        assert_eq!((alone.code, findings(&alone).len()), (1, 1), "{}", alone.stderr);
    }

    #[test]
    fn a_folder_of_nothing_but_a_link_out_of_it_says_so() {
        let folder = Folder::of(&[("in/notes.txt", KEY), ("out/a.tf", KEY)]);
        symlink("../out/a.tf", folder.path().join("in/a.tf")).unwrap();
        let ran = folder.run(&["check", "in"]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("in/a.tf is a link out of it"), "{}", ran.stderr);
    }

    #[test]
    fn modules_are_found_through_linked_folders() {
        let folder = Folder::of(&[
            (
                "modules/db/main.tf",
                "resource \"azurerm_cosmosdb_account\" \"x\" {}\n\
                 output \"one\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
                 output \"two\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n",
            ),
            (
                "live/main.tf",
                "module \"m\" {\n  source = \"./modules/db\"\n}\nlocals {\n  key = module.m.two\n}\n",
            ),
        ]);
        symlink("../modules", folder.path().join("live/modules")).unwrap();
        let report = check(&folder).json();
        assert_eq!(report["accounts"][0]["slot"], "secondary", "{report:#}");
        let flipped = folder.run(&["flip", "--to", "primary", "--write"]);
        assert_eq!(flipped.code, 0, "{}", flipped.stderr);
        assert!(String::from_utf8(folder.get("live/main.tf")).unwrap().contains("module.m.one"));
    }

    #[test]
    fn a_flip_writes_through_a_link_and_leaves_it_one() {
        let folder = Folder::of(&[("shared/key.txt", KEY)]);
        fs::create_dir(folder.path().join("live")).unwrap();
        symlink("../shared/key.txt", folder.path().join("live/key.tf")).unwrap();
        assert_eq!(folder.run(&["flip", "--to", "secondary", "--write"]).code, 0);
        assert!(folder.path().join("live/key.tf").is_symlink());
        assert_eq!(folder.get("shared/key.txt"), KEY.replace("primary", "secondary").as_bytes());
    }

    #[test]
    fn a_linked_file_that_two_folders_make_something_of_is_a_finding() {
        let account = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"orders\"\n}\n";
        let folder = Folder::of(&[("live/main.tf", account), ("shared/keys.tf", KEY)]);
        symlink("../shared/keys.tf", folder.path().join("live/keys.tf")).unwrap();
        is_unreadable(&folder, "live/keys.tf", "a link to shared/keys.tf");
    }

    #[test]
    fn the_folder_itself_may_be_a_link() {
        let folder = Folder::of(&[("a/main.tf", KEY)]);
        symlink(Path::new("a"), folder.path().join("b")).unwrap();
        let ran = folder.run(&["check", "b", "--output", "json"]);
        assert_eq!(files_of_references(&ran), ["b/main.tf"]);
    }
}

/// Files over which a key travels without one of the words that it is known by, among enough others that these
/// are left unparsed.
#[test]
fn a_large_tree_is_reported_as_if_it_were_parsed_whole() {
    let folder = Folder::of(&[
        (
            "db/main.tf",
            "resource \"azurerm_cosmosdb_account\" \"x\" {}\n\
             output \"one\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
             output \"two\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n",
        ),
        ("live/calls.tf", "module \"store\" {\n  source = \"../db\"\n}\n"),
        (
            "live/hand.tf",
            "locals {\n  pair = { primary = module.store.one, secondary = module.store.two }\n}\n",
        ),
        ("live/use.tf", "resource \"x\" \"y\" {\n  value = local.pair.secondary\n}\n"),
        ("live/broken.tf", "resource \"x\" \"z\" {\n  value = [local.pair.secondary\n}\n"),
        ("other/harmless.tf", "locals {\n  a = = 1\n}\n"),
    ]);
    let noise =
        "resource \"azurerm_storage_account\" \"x\" {\n  name = \"${var.secondary}-${local.two}\"\n}\n";
    for number in 0..500 {
        folder.put(&format!("noise-{}/{number}.tf", number / 20), noise.repeat(120).as_bytes());
    }
    let part = check(&folder);
    let whole = folder.run(&["check", "--output", "json", "--no-shortcuts"]);
    assert_eq!((part.code, &part.stdout, &part.stderr), (whole.code, &whole.stdout, &whole.stderr));
    assert_eq!(files_of_references(&part).last().unwrap(), "live/use.tf");
    let broken = findings(&part).into_iter().filter(|it| it.0 == "parse-error").map(|it| it.1);
    let broken: Vec<_> = broken.collect();
    assert_eq!(broken, ["live/broken.tf"]);
}

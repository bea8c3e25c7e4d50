//! `keyslot flip` prints a patch that `git apply` takes, from whichever folder both run in.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::tool::{Folder, keyslot};

const KEY: &str = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";

#[track_caller]
fn git(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut git = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    git.wait_with_output().unwrap()
}

fn repository(files: &[&str]) -> Folder {
    let files: Vec<(&str, &str)> = files.iter().map(|path| (*path, KEY)).collect();
    let folder = Folder::of(&files);
    assert!(git(folder.path(), &["init", "--quiet"], "").status.success());
    folder
}

fn is_flipped(folder: &Folder, path: &str) -> bool {
    folder.get(path) == KEY.replace("primary", "secondary").as_bytes()
}

#[test]
fn it_applies_in_the_folder_that_the_command_ran_in() {
    for path in [".", "..", "../../live", "main.tf", "./main.tf", "../a/main.tf", "$PWD", "$PWD/main.tf"] {
        let folder = repository(&["live/a/main.tf"]);
        let here = folder.path().join("live/a");
        let path = path.replace("$PWD", &here.to_string_lossy());
        let ran = keyslot(&here, &["flip", &path, "--to", "secondary"]);
        assert_eq!(ran.code, 0, "{path}: {}", ran.stderr);
        assert!(ran.stdout.starts_with("--- a/main.tf\n+++ b/main.tf\n"), "{path}: {}", ran.stdout);
        let applied = git(&here, &["apply"], &ran.stdout);
        assert!(applied.status.success(), "{path}: {}", String::from_utf8_lossy(&applied.stderr));
        assert!(is_flipped(&folder, "live/a/main.tf"), "{path}");
        assert!(!ran.stderr.contains("git -C"), "{path}: {}", ran.stderr);
    }
}

#[test]
fn where_files_lie_outside_of_that_folder_it_is_said_where_it_applies() {
    let files = ["live/a/main.tf", "live/b/main.tf"];
    let folder = repository(&files);
    let here = folder.path().join("live/a");
    let ran = keyslot(&here, &["flip", "..", "--to", "secondary", "--account", "all"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let top = folder.path().canonicalize().unwrap();
    assert!(ran.stderr.contains(&format!("git -C '{}' apply", top.display())), "{}", ran.stderr);
    let elsewhere = git(&here, &["apply"], &ran.stdout);
    assert!(!elsewhere.status.success(), "git would pass over what it cannot reach");
    let applied = git(&top, &["apply"], &ran.stdout);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    assert!(files.iter().all(|file| is_flipped(&folder, file)));
}

#[test]
fn outside_of_every_repository_paths_are_shown_as_they_were_named() {
    let folder = Folder::of(&[("a/notes.txt", ""), ("b/main.tf", KEY)]);
    let ran = keyslot(&folder.path().join("a"), &["flip", "../b", "--to", "secondary"]);
    assert!(ran.stdout.starts_with("--- a/../b/main.tf\n"), "{}", ran.stdout);
}

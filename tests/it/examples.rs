//! What the documentation of each rule shows is what the program itself says of it, once it is written into files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use keyslot::check::{RULES, Rule};
use serde_json::Value;

use crate::tool::{Folder, keyslot};

/// Files by the revision that they are of; the first one is that of the tree at hand.
fn files(text: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut files: BTreeMap<String, Vec<(String, String)>> = BTreeMap::from([(String::new(), Vec::new())]);
    let mut at = (String::new(), "main.tf".to_owned());
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix("# --- ") {
            let path = path.trim();
            let (revision, path) = path.split_once(':').unwrap_or(("", path));
            at = (revision.to_owned(), path.to_owned());
            files.entry(at.0.clone()).or_default().push((at.1.clone(), String::new()));
            continue;
        }
        let of_revision = files.entry(at.0.clone()).or_default();
        if of_revision.last().is_none_or(|(path, _)| *path != at.1) {
            of_revision.push((at.1.clone(), String::new()));
        }
        of_revision.last_mut().unwrap().1.push_str(line);
    }
    files
}

#[track_caller]
fn git(folder: &Path, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"];
    let ran = Command::new("git").current_dir(folder).args(identity).args(arguments).output().unwrap();
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// A repository that holds an example, and the revision that it is compared with.
fn repository(text: &str) -> (Folder, Option<String>) {
    let mut revisions = files(text);
    let here = revisions.remove("").unwrap();
    let folder = Folder::of(&[("README", "")]);
    git(folder.path(), &["init", "--quiet"]);
    let commit = |files: &[(String, String)]| {
        files.iter().for_each(|(path, text)| drop(folder.put(path, text.as_bytes())));
        git(folder.path(), &["add", "--all"]);
        git(folder.path(), &["commit", "--quiet", "--allow-empty", "--message", "some work"]);
    };
    for (revision, files) in &revisions {
        commit(files);
        git(folder.path(), &["branch", revision]);
    }
    commit(&here);
    (folder, revisions.into_keys().next())
}

/// The rules that find something which counts.
fn found(folder: &Folder, revision: Option<&str>) -> Vec<String> {
    let against = revision.map(|revision| vec!["--against", revision]).unwrap_or_default();
    let ran = keyslot(
        folder.path(),
        &[&["check", "--output", "json", "--fail-on", "never"], &against[..]].concat(),
    );
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let report = ran.json();
    let counts = |finding: &&Value| finding["silenced"].is_null();
    let rules = report["findings"].as_array().unwrap().iter().filter(counts);
    rules.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

fn examples() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| !rule.before.is_empty())
}

#[test]
fn check_finds_what_each_rule_shows_and_nothing_once_it_is_put_right() {
    assert!(examples().count() + 1 >= RULES.len());
    for rule in examples() {
        let (folder, revision) = repository(rule.before);
        let before = found(&folder, revision.as_deref());
        assert!(before.iter().any(|id| id == rule.id), "{} before: {before:?}", rule.id);
        let (folder, revision) = repository(rule.after);
        assert_eq!(found(&folder, revision.as_deref()), [""; 0], "{} after", rule.id);
    }
}

#[test]
fn a_flip_moves_what_was_put_right_there_and_back() {
    let mut moved = 0;
    for rule in examples() {
        let (folder, _) = repository(rule.after);
        let flip = |to: &str| folder.run(&["flip", "--account", "all", "--to", to, "--write", "."]);
        let files =
            || folder.files().into_iter().filter(|(path, _)| !path.starts_with(".git")).collect::<Vec<_>>();
        let first = flip("primary");
        let before = files();
        let ran = [first, flip("secondary"), flip("primary")];
        // Where nothing consumes a key, there is nothing to move.
        let none = |said: &str| said.contains("consumes") || said.contains("no Cosmos DB account occurs");
        let nothing = ran.iter().all(|ran| ran.code == 2 && none(&ran.stderr));
        for ran in &ran {
            assert!(nothing || ran.code == 0, "{}: {}{}", rule.id, ran.stdout, ran.stderr);
        }
        moved += usize::from(!nothing);
        if rule.after.contains("_version") {
            continue;
        }
        assert_eq!(files(), before, "{}", rule.id);
    }
    assert!(moved > 15, "{moved}");
}

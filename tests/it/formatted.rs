//! Terraform's own formatter, or OpenTofu's, finds what was well formatted well formatted after a flip too. Where neither
//! program is there, these tests say that they were skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use keyslot::check::RULES;
use keyslot::model::{Access, Slot};
use keyslot::terraform::{Tree, plan};

use crate::tool::Folder;

type Files = Vec<(String, Vec<u8>)>;

/// The formatters that this machine has.
fn programs() -> Vec<&'static str> {
    let there = |program: &&str| Command::new(program).arg("version").output().is_ok();
    let found: Vec<&str> = ["terraform", "tofu"].into_iter().filter(there).collect();
    if found.is_empty() {
        println!("skipped: there is no terraform and no tofu program");
    }
    found
}

fn is_formatted(program: &str, files: &Files) -> bool {
    let folder = Folder::of(files);
    let checked = Command::new(program)
        .args(["fmt", "-check", "-recursive"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    checked.status.success()
}

fn files_below(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            match root.join(&path).is_dir() {
                true => folders.push(path),
                false => files.push((path.to_str().unwrap().to_owned(), fs::read(root.join(&path)).unwrap())),
            }
        }
    }
    files.sort();
    files
}

/// An example of a rule's documentation as files.
fn example(text: &str) -> Files {
    let mut files = Files::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("# --- "), files.last_mut()) {
            (Some(path), _) => files.push((path.trim().to_owned(), Vec::new())),
            (None, Some((_, bytes))) => bytes.extend_from_slice(line.as_bytes()),
            (None, None) => files.push(("main.tf".to_owned(), line.as_bytes().to_vec())),
        }
    }
    files
}

/// Every tree that this repository holds, by a name.
fn trees() -> Vec<(String, Files)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/terraform");
    let mut trees: Vec<(String, Files)> = fs::read_dir(fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|root| (root.display().to_string(), files_below(&root)))
        .collect();
    for rule in RULES {
        trees.push((format!("{} before", rule.id), example(rule.before)));
        trees.push((format!("{} after", rule.id), example(rule.after)));
    }
    trees
}

/// The tree after each flip that can be made of it.
fn flips(files: &Files) -> Vec<Files> {
    let tree = Tree::read(files);
    let mut flipped = Vec::new();
    for account in 0..tree.accounts.len() {
        for access in Access::ALL {
            for to in Slot::ALL {
                let Ok(flip) = plan(&tree, account, access, to) else { continue };
                if flip.edits.is_empty() {
                    continue;
                }
                let mut after = files.clone();
                for (path, bytes) in &flip.files {
                    after.iter_mut().find(|(known, _)| known == path).unwrap().1.clone_from(bytes);
                }
                flipped.push(after);
            }
        }
    }
    flipped
}

#[test]
fn a_flip_leaves_what_was_formatted_formatted() {
    for program in programs() {
        let (mut tried, mut whole) = (0, 0);
        for (name, files) in trees() {
            if !is_formatted(program, &files) {
                continue;
            }
            for after in flips(&files) {
                assert!(
                    is_formatted(program, &after),
                    "{program} would format {name} otherwise after a flip"
                );
                tried += 1;
            }
            whole += usize::from(name.contains("fixtures"));
        }
        // The example, and most rules' examples.
        assert!(whole >= 1 && tried >= 8, "{program}: {whole} fixtures, {tried} flips");
    }
}

//! A rule's `before` and `after` as files.

use crate::terraform::{Declared, DeclaredAccount, Tree};

pub type Files = Vec<(String, String)>;

const DIVIDER: &str = "# --- ";

/// Path and text of each file: `main.tf`, or what the lines `# --- path/to/file.tf` say. A path of another git
/// revision is written as git writes it, `REVISION:path/to/file.tf`.
pub fn files_of(text: &str) -> Files {
    let mut files = Files::new();
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix(DIVIDER) {
            files.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
        } else {
            files.push(("main.tf".to_owned(), line.to_owned()));
        }
    }
    files
}

/// The files of the tree at hand, and those of another revision with its name, if there is one.
pub fn at_revisions(files: Files) -> (Files, Option<(String, Files)>) {
    let (there, here): (Files, Files) = files.into_iter().partition(|(path, _)| path.contains(':'));
    let revision = there.first().and_then(|(path, _)| Some(path.split_once(':')?.0.to_owned()));
    let there = there.into_iter().filter_map(|(path, text)| Some((path.split_once(':')?.1.to_owned(), text)));
    (here, revision.map(|revision| (revision, there.collect())))
}

#[test]
fn files_of_another_revision_are_apart() {
    let file = |path: &str| (path.to_owned(), String::new());
    let (here, there) = at_revisions(vec![file("a.tf"), file("release/1:m/a.tf")]);
    assert_eq!((here, there), (vec![file("a.tf")], Some(("release/1".to_owned(), vec![file("m/a.tf")]))));
    assert_eq!(at_revisions(vec![file("a.tf")]).1, None);
}

/// The tree of an example's files, with what its keyslot.toml declares: lists and names, each on a line.
pub fn tree_of(files: Files) -> Tree {
    let (declaring, files): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(path, _)| path == "keyslot.toml");
    let tree = Tree::read(&files);
    let Some((file, text)) = declaring.into_iter().next() else { return tree };
    let mut declared = Declared { file, ..Declared::default() };
    for (key, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
        let list = || serde_json::from_str::<Vec<String>>(value).unwrap();
        match key {
            "version" => {}
            "mirrors" => declared.mirrors = list(),
            "name" => declared
                .accounts
                .push(DeclaredAccount { name: serde_json::from_str(value).unwrap(), symbols: Vec::new() }),
            "symbols" => declared.accounts.last_mut().unwrap().symbols = list(),
            other => panic!("{other}"),
        }
    }
    tree.declaring(declared)
}

#[test]
fn dividers_name_files() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    assert_eq!(files_of("a = 1\nb = 2\n"), [file("main.tf", "a = 1\nb = 2\n")]);
    assert_eq!(
        files_of("# --- a.tf\na = 1\n# --- m/b.tf\nb = 2\n"),
        [file("a.tf", "a = 1\n"), file("m/b.tf", "b = 2\n")]
    );
}

//! The arrows: which room may name which, read from the code itself.
//!
//! Every path in `src` is resolved: `use` lines, inline paths, `super::`, paths inside macros. Unit tests in place
//! may name anything. In the core only listed crates may be named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

/// Which rooms each room may name, besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("terraform", &["model"]),
    ("check", &["model", "terraform"]),
    ("rotation", &["model"]),
    ("ports", &["model"]),
    ("journal", &["model", "ports"]),
    // No shared oracle: the world never asks the code that it is there to try.
    ("sim", &["model", "ports"]),
    ("adapters", &["model", "ports"]),
    ("execute", &["model", "ports", "rotation", "terraform", "check"]),
    ("observe", &["model", "ports", "rotation", "terraform", "execute"]),
    ("render", &["model", "terraform", "check", "rotation", "ports"]),
    ("drive", &["model", "ports", "rotation", "journal", "observe", "execute", "render"]),
    (
        "cli",
        &[
            "model",
            "terraform",
            "check",
            "rotation",
            "ports",
            "journal",
            "sim",
            "adapters",
            "execute",
            "observe",
            "render",
            "drive",
        ],
    ),
];

/// The rooms without IO, async, clock or environment, and the crates that they may name.
const CORE: &[(&str, &[&str])] = &[
    ("model", &["hmac", "include_dir", "jiff", "serde", "sha2", "zeroize"]),
    (
        "terraform",
        &[
            "aho_corasick",
            "hcl_edit",
            "hcl",
            "include_dir",
            "jiff",
            "memchr",
            "rayon",
            "serde",
            "serde_json",
            "sha2",
            "similar",
            "thiserror",
        ],
    ),
    ("check", &["memchr", "serde", "serde_json", "strsim"]),
    ("rotation", &["jiff", "serde", "sha2", "thiserror"]),
];

/// What a pure room must not reach in the standard library. Threads are allowed: parsing needs deep stacks.
const IMPURE: &[&str] = &["env", "fs", "io", "net", "process"];

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    file: PathBuf,
    path: Vec<String>,
}

struct Reader<'a> {
    module: &'a [String],
    file: &'a Path,
    inline: Vec<String>,
    found: BTreeSet<Named>,
}

impl Reader<'_> {
    fn add(&mut self, segments: &[String]) {
        let mut here: Vec<String> = self.module.iter().chain(&self.inline).cloned().collect();
        let mut rest = segments;
        match rest.first().map(String::as_str) {
            Some("crate") => {
                here.clear();
                rest = &rest[1..];
            }
            Some("self" | "super") => {
                while let Some(first) = rest.first() {
                    match first.as_str() {
                        "self" => {}
                        "super" => drop(here.pop()),
                        _ => break,
                    }
                    rest = &rest[1..];
                }
            }
            _ => {
                let path = [vec!["extern".to_owned()], segments.to_vec()].concat();
                self.found.insert(Named { file: self.file.to_owned(), path });
                return;
            }
        }
        let path = [vec!["crate".to_owned()], here, rest.to_vec()].concat();
        self.found.insert(Named { file: self.file.to_owned(), path });
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
            syn::UseTree::Name(name) => {
                before.push(name.ident.to_string());
                self.add(&before.clone());
                before.pop();
            }
            syn::UseTree::Rename(name) => {
                before.push(name.ident.to_string());
                self.add(&before.clone());
                before.pop();
            }
            syn::UseTree::Glob(_) => self.add(&before.clone()),
        }
    }

    /// Paths in the arguments of a macro, which are only tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.flush(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.flush(&mut path);
                    self.tokens(group.stream());
                    colons = 0;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.flush(&mut path);
                    colons = 0;
                }
            }
        }
        self.flush(&mut path);
    }

    fn flush(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.add(path);
        }
        path.clear();
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string().contains("test"))
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        self.inline.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.inline.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(&segments);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        syn::visit::visit_macro(self, item);
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn module_of(relative: &Path) -> Vec<String> {
    let mut module: Vec<String> =
        relative.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

fn named_in(module: &[String], file: &Path, text: &str) -> BTreeSet<Named> {
    let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut reader = Reader { module, file, inline: Vec::new(), found: BTreeSet::new() };
    reader.visit_file(&syntax);
    reader.found
}

/// The arrows and crates in these names that the tables do not allow.
fn violations(room: &str, names: &BTreeSet<Named>, crates: &BTreeSet<String>) -> Vec<String> {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let core: BTreeMap<&str, &[&str]> = CORE.iter().copied().collect();
    let mut wrong = Vec::new();
    for name in names {
        let shown = || format!("{}: {}", name.file.display(), name.path[1..].join("::"));
        match (name.path[0].as_str(), name.path.get(1).map(String::as_str)) {
            ("crate", Some(other))
                if arrows.contains_key(other) && other != room && !arrows[room].contains(&other) =>
            {
                wrong.push(format!("{} (“{room}” may not name “{other}”)", shown()));
            }
            ("extern", Some("std" | "core" | "alloc")) => {
                let reached = name.path.get(2).map(String::as_str).unwrap_or_default();
                // Of the language's own core, `net` is addresses as values: there is nothing to send with.
                let only_a_value =
                    name.path[1] == "core" || name.path.get(3).is_some_and(|last| last == "Error");
                if core.contains_key(room) && IMPURE.contains(&reached) && !only_a_value {
                    wrong.push(format!("{} (the core does no IO)", shown()));
                }
            }
            ("extern", Some(other)) if crates.contains(other) => {
                if let Some(allowed) = core.get(room)
                    && !allowed.contains(&other)
                {
                    wrong.push(format!("{} (“{room}” may not name crate “{other}”)", shown()));
                }
            }
            _ => {}
        }
    }
    wrong
}

fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .map(|name| name.replace('-', "_").replace("hcl_rs", "hcl"))
        .collect()
}

#[test]
fn every_arrow_points_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let crates = dependencies();
    let mut wrong = Vec::new();
    let mut rooms = BTreeSet::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("below src");
        let module = module_of(relative);
        let Some(room) = module.first().filter(|room| ARROWS.iter().any(|(name, _)| name == room)) else {
            assert!(
                matches!(relative.to_str(), Some("lib.rs" | "main.rs")),
                "{} is no room",
                relative.display()
            );
            continue;
        };
        // Unit tests that fill a file of their own are tests all the same.
        if module.last().is_some_and(|last| last == "tests") || module.iter().any(|part| part == "tests") {
            continue;
        }
        rooms.insert(room.clone());
        let names = named_in(&module, relative, &fs::read_to_string(&file).unwrap());
        wrong.extend(violations(room, &names, &crates));
    }
    assert_eq!(rooms.len(), ARROWS.len(), "every room of the table exists: {rooms:?}");
    assert!(wrong.is_empty(), "arrows that point up:\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_arrow_is_found_in_every_disguise() {
    let crates = BTreeSet::from(["tokio".to_owned()]);
    let module = ["rotation".to_owned(), "gate".to_owned()];
    for text in [
        "use crate::terraform::claim;",
        "use crate::{model::Slot, sim::World};",
        "fn f() { let _ = crate::adapters::git::Git::new(); }",
        "use super::super::ports::Clock;",
        "fn f(x: &dyn super::super::ports::Clock) {}",
        "fn f() { println!(\"{}\", crate::drive::NAME); }",
        "pub use crate::check::Rule as Gate;",
        "use tokio::time::sleep;",
        "async fn f() { tokio::time::sleep(d).await }",
        "fn f() { std::fs::read(\"x\"); }",
        "mod inner { use super::super::super::journal::Journal; }",
    ] {
        let names = named_in(&module, Path::new("rotation/gate.rs"), text);
        assert_eq!(violations("rotation", &names, &crates).len(), 1, "{text}: {names:?}");
    }
    let harmless =
        "use crate::model::Slot; use super::Step; #[cfg(test)] mod tests { use crate::sim::World; }";
    let names = named_in(&module, Path::new("rotation/gate.rs"), harmless);
    assert_eq!(violations("rotation", &names, &crates), Vec::<String>::new());
}

/// Rooms that know of an account with two keys, and not whose it is: another service brings a table, an adapter and names.
const OF_NO_SERVICE: [&str; 7] = ["model", "rotation", "ports", "journal", "observe", "execute", "drive"];

/// The one table, and the example that is compiled in.
const TABLES: [&str; 2] = ["model/service.rs", "model/example.rs"];

/// The lines of code, comments and unit tests left out, that speak of the service.
fn naming_the_service(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let speaks = |line: &&str| {
        let line = line.trim_start().to_ascii_lowercase();
        !line.starts_with("//") && ["cosmos", "documentdb"].iter().any(|word| line.contains(word))
    };
    code.lines().filter(speaks).collect()
}

#[test]
fn what_decides_and_acts_names_no_service() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for room in OF_NO_SERVICE {
        let mut files = Vec::new();
        sources(&root.join(room), &mut files);
        assert!(!files.is_empty(), "{room}");
        for file in files {
            let relative = file.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
            if TABLES.contains(&relative.as_str()) || relative.contains("/tests") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            wrong.extend(naming_the_service(&text).iter().map(|line| format!("{relative}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "the service is named outside of its table:\n{}", wrong.join("\n"));
    let text =
        "/// Of Cosmos DB.\nlet a = \"Microsoft.DocumentDB\";\n#[cfg(test)]\nmod tests {\n    cosmos();\n}\n";
    assert_eq!(naming_the_service(text), ["let a = \"Microsoft.DocumentDB\";"]);
}

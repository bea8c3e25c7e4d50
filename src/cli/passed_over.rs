//! What was not read although it may be Terraform, said beside what a command prints.

use std::collections::BTreeSet;

use super::Terminal;
use super::discover::Found;
use crate::terraform::{Account, Reference, Role, SymbolKind, Tree};

/// Says what was not read although it may be Terraform.
pub fn say_what_was_passed_over(found: &Found, tree: &Tree, terminal: &mut Terminal) {
    for link in &found.links {
        let link = link.display();
        terminal
            .warn(&format!("{link} is a link out of the tree, or to what git ignores: it was not followed"));
    }
    if let [first, others @ ..] = tree.copies.as_slice() {
        let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
        terminal.mutter(&format!("copies of modules passed over: {}{more}", found.on_disk(first).display()));
    }
    for values in found.ignored_values(&where_values_decide(tree)) {
        let values = values.strip_prefix(".").unwrap_or(&values).display();
        terminal.warn(&format!(
            "{values} is ignored by git and was not read: a value in it may decide which slot or account is meant"
        ));
    }
}

/// Folders in which a value decides which slot is read, or of which of several accounts.
fn where_values_decide(tree: &Tree) -> BTreeSet<&str> {
    let folder = |file: usize| tree.sources[file].folder();
    let decided =
        |reference: &&Reference| matches!(reference.role, Role::Chosen | Role::Unchosen | Role::Choice);
    let read = tree.references.iter().filter(decided).map(|reference| folder(reference.file));
    let written = tree.choosers.iter().flat_map(|chooser| &chooser.places).map(|(file, _)| folder(*file));
    let nameless = |account: &&Account| {
        tree.accounts.len() > 1
            && account.symbols.iter().any(|symbol| account.key.as_str() == symbol.to_string())
    };
    let of_accounts = tree.accounts.iter().filter(nameless).flat_map(|account| &account.symbols);
    let declared = of_accounts
        .filter(|symbol| matches!(symbol.kind, SymbolKind::Managed | SymbolKind::Data))
        .map(|symbol| symbol.folder.as_str());
    read.chain(written).chain(declared).collect()
}

/// Says where copies read keys, to those who do not see the findings: no flip reaches them.
pub fn say_what_copies_read(tree: &Tree, terminal: &mut Terminal) {
    for copy in &tree.copied {
        let line = copy.source.position(copy.span.start).line;
        let place = format!("{}:{line}", tree.shown_path(copy.source.path()));
        terminal.warn(&format!("{place}: a copy of a module reads a key; copies stay as they are"));
    }
}

//! Copies of modules that a tool installed, and where they read keys.
//!
//! That they do is told, and nothing else is made of them: they are made again at any time, so no edit of them would last,
//! and what a claim says of a tree it says without them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::source::Source;
use super::syntax::{folder_of, installed};
use super::tree::Tree;

/// How many folders tell one copy from another below the tool's own: `modules/db` of Terraform, two digests of
/// Terragrunt.
const DEPTH: usize = 2;

/// A copy that reads a key.
#[derive(Clone, Debug)]
pub struct Copied {
    /// From the tree's root: `.terraform/modules/db`.
    pub folder: String,
    /// The first of its files that reads one.
    pub source: Arc<Source>,
    /// The first place there, in bytes of the file.
    pub span: Range<usize>,
    /// How many places of the copy read one.
    pub places: usize,
}

/// The copies that read keys, of a tree of nothing but copies.
pub fn copied(tree: &Tree) -> Vec<Copied> {
    let reads = tree.references.iter().map(|it| (it.file, it.span.clone()));
    let opaque = tree.opaque.iter().map(|it| (it.file, it.span.clone()));
    let mut copies: BTreeMap<&str, Vec<(usize, Range<usize>)>> = BTreeMap::new();
    for (file, span) in reads.chain(opaque) {
        copies.entry(copy_of(tree.sources[file].path())).or_default().push((file, span));
    }
    let told = |(folder, mut places): (&str, Vec<(usize, Range<usize>)>)| {
        places.sort_by_key(|(file, span)| (*file, span.start, span.end));
        places.dedup();
        let (file, span) = places.first()?.clone();
        let source = Arc::new(tree.sources[file].clone());
        Some(Copied { folder: folder.to_owned(), source, span, places: places.len() })
    };
    copies.into_iter().filter_map(told).collect()
}

/// The copy that a file belongs to.
fn copy_of(path: &str) -> &str {
    let Some(top) = installed(path) else { return folder_of(path) };
    let below = folder_of(path).get(top.len()..).unwrap_or_default();
    let ends = below.match_indices('/').map(|(at, _)| at).skip(1).chain([below.len()]);
    let end = ends.take(DEPTH).last().unwrap_or_default();
    &path[..top.len() + end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_by_its_folder() {
        for (path, copy) in [
            (".terraform/modules/db/main.tf", ".terraform/modules/db"),
            ("live/.terraform/modules/db/modules/x/main.tf", "live/.terraform/modules/db"),
            (".terragrunt-cache/a1/b2/modules/app/main.tf", ".terragrunt-cache/a1/b2"),
            (".terragrunt-stack/app/terragrunt.hcl", ".terragrunt-stack/app"),
            (".terraform/main.tf", ".terraform"),
        ] {
            assert_eq!(copy_of(path), copy);
        }
    }

    #[test]
    fn each_copy_that_reads_a_key_is_told_once_with_its_first_place() {
        let key = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
        let files = [
            ("a.tf", key),
            (".terraform/modules/one/a.tf", "# azurerm_cosmosdb_account.x.primary_key\n"),
            (".terraform/modules/two/a.tf", "locals {}\n"),
            (".terraform/modules/two/b.tf", key),
            (".terraform/modules/two/x/c.tf", key),
            ("live/.terragrunt-cache/a/b/c.tf", key),
        ];
        let tree = Tree::read(&files);
        let told: Vec<_> =
            tree.copied.iter().map(|it| (it.folder.as_str(), it.source.path(), it.places)).collect();
        let expected = [
            (".terraform/modules/two", ".terraform/modules/two/b.tf", 2),
            ("live/.terragrunt-cache/a/b", "live/.terragrunt-cache/a/b/c.tf", 1),
        ];
        assert_eq!(told, expected);
        assert_eq!((tree.references.len(), tree.sources.len()), (1, 1));
    }
}

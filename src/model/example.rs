//! The Terraform tree that ships inside the binary: what a rehearsal rotates and what tests start from.
//!
//! It is data, not knowledge: nobody may learn from here which line reads a key. The files stand in
//! `fixtures/terraform/mission-critical` and are embedded byte for byte.

use include_dir::{Dir, include_dir};

static TREE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/terraform/mission-critical");

/// Every file of the example, by its path from the repository's root with `/` between its parts, in order of
/// the paths.
pub fn example_tree() -> Vec<(&'static str, &'static [u8])> {
    let mut files = Vec::new();
    collect(&TREE, &mut files);
    files.sort_unstable();
    files
}

fn collect(folder: &Dir<'static>, files: &mut Vec<(&'static str, &'static [u8])>) {
    for file in folder.files() {
        // Paths of this repository are UTF-8; one that is not would be missing, which a test would tell.
        if let Some(path) = file.path().to_str() {
            files.push((path, file.contents()));
        }
    }
    for inner in folder.dirs() {
        collect(inner, files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds_both_roots_and_the_stamp_module() {
        let paths: Vec<&str> = example_tree().into_iter().map(|(path, _)| path).collect();
        for wanted in [
            "src/infra/globalresources/cosmosdb.tf",
            "src/infra/releaseunit/stamps.tf",
            "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf",
        ] {
            assert!(paths.contains(&wanted), "{wanted} is not among {paths:?}");
        }
        assert!(paths.is_sorted());
    }

    #[test]
    fn exactly_one_entry_of_the_example_takes_a_key_of_the_database() {
        let entry = "\"CosmosDb-ApiKey\"";
        let found = example_tree()
            .into_iter()
            .filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok())
            .flat_map(str::lines)
            .filter(|line| !line.trim_start().starts_with('#') && line.contains(entry))
            .collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].trim_end().ends_with("= data.azurerm_cosmosdb_account.global.primary_key"));
    }
}

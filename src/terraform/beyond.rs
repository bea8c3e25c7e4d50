//! What the code of a folder takes from elsewhere in its repository, for those who read only a part of it.
//!
//! Paths start from the repository's top, `/` between their parts. What is named here may be absent there.

use std::collections::BTreeSet;

use super::glance::Glance;
use super::links::Links;
use super::paths::{climbed, is_below, is_outside, relative};
use super::reading::{Failures, Glanced, Reading};
use super::syntax::{Syntax, installed};

/// What is missing from the files at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Folders whose code is taken: the files right in them.
    pub folders: BTreeSet<String>,
    /// Files of Terragrunt's around the folder, and ARM templates.
    pub files: BTreeSet<String>,
}

/// What the files below `root`, and those that were brought for them, name and do not hold.
pub fn beyond<P: AsRef<str>, B: AsRef<[u8]>>(root: &str, files: &[(P, B)], links: &Links) -> Beyond {
    let known: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_ref()).collect();
    let from_root = |path: &str| match root {
        "" => path.to_owned(),
        root => relative(root, path),
    };
    let code: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (path.as_ref(), bytes.as_ref()))
        .filter(|(path, _)| Syntax::of(path).is_some() && installed(path).is_none())
        .collect();
    let glance = |(path, bytes): &(&str, &[u8])| Glanced {
        path: from_root(path),
        glance: Glance::of(path, bytes),
        bytes: None,
    };
    let folders = links.folders.iter().map(|(link, real)| (from_root(link), from_root(real))).collect();
    let mut reading = Reading::new(
        code.iter().map(glance).collect(),
        Links { folders, only: links.only.clone(), ..Links::default() },
        Failures::Every,
    );
    // Only what can matter is parsed.
    loop {
        let looks = reading.looks();
        if looks.is_empty() {
            break;
        }
        let wanted = looks.iter().filter_map(|look| {
            let (_, bytes) = code.get(look.file)?;
            look.is_wanted(bytes).then(|| (look.file, bytes.to_vec()))
        });
        reading.take(wanted.collect());
    }
    let from_top = |path: String| climbed(root, &path);
    let is_new = |path: &String| !is_outside(path) && !known.contains(path.as_str());
    let named = reading.outside_files().into_iter().chain(reading.templates());
    let named = named.map(from_top).filter(is_new).collect();
    // A way out of the folder may lead back into it, where all was read that is meant to be.
    let is_read = |folder: &String| match &links.only {
        Some(_) => folder == root,
        None => is_below(folder, root),
    };
    let outside = reading.outside().into_iter().map(from_top);
    let folders = outside.filter(|folder| !is_outside(folder) && !is_read(folder)).collect();
    Beyond { folders, files: named }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(root: &str, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let Beyond { folders, files } = beyond(root, files, &Links::default());
        (folders.into_iter().collect(), files.into_iter().collect())
    }

    fn call(source: &str) -> String {
        format!("module \"db\" {{\n  source = \"{source}\"\n}}\nlocals {{\n  k = module.db.primary_key\n}}\n")
    }

    #[test]
    fn modules_beside_the_folder_are_asked_for_by_their_path_from_the_top() {
        let near = call("../modules/db");
        assert_eq!(asked("infra", &[("infra/a.tf", &near)]).0, ["modules/db"]);
        let far = call("../db");
        let files = [("infra/a.tf", near.as_str()), ("modules/db/b.tf", &far)];
        assert_eq!(asked("infra", &files[1..]).0, ["modules/db"], "from a module to the next");
        assert_eq!(asked("", &files), (vec![], vec![]), "all of the repository is there");
        assert!(asked("infra", &[("infra/a.tf", &call("../../elsewhere"))]).0.is_empty(), "no way out");
    }

    #[test]
    fn of_one_file_the_modules_below_it_are_asked_for_too() {
        let only = Links { only: Some("a.tf".to_owned()), ..Links::default() };
        let (below, own) = (call("./db"), call("../infra"));
        for (root, file, code, folder) in [
            ("infra", "infra/a.tf", &below, Some("infra/db")),
            ("", "a.tf", &below, Some("db")),
            ("infra", "infra/a.tf", &own, None),
        ] {
            let asked = beyond(root, &[(file, code.as_str())], &only).folders;
            assert_eq!(asked.iter().map(String::as_str).collect::<Vec<_>>(), folder.as_slice(), "{file}");
            assert!(beyond(root, &[(file, code.as_str())], &Links::default()).folders.is_empty());
        }
    }

    #[test]
    fn files_that_are_taken_by_their_names_are_asked_for_until_they_are_there() {
        let deployment = "resource \"azurerm_resource_group_template_deployment\" \"d\" {\n  template_content = file(\"${path.module}/arm/db.json\")\n}\nlocals {\n  k = jsondecode(azurerm_resource_group_template_deployment.d.output_content).primaryKey.value\n}\n";
        let mut files = vec![("infra/a.tf", deployment)];
        assert_eq!(asked("infra", &files).1, ["infra/arm/db.json"]);
        files.push(("infra/arm/db.json", "{}"));
        assert!(asked("infra", &files).1.is_empty());
        let included = "include \"root\" {\n  path = \"../root.hcl\"\n}\ninputs = {\n  k = dependency.cosmosdb.outputs.primary_key\n}\n";
        assert_eq!(asked("live", &[("live/terragrunt.hcl", included)]).1, ["root.hcl"]);
    }
}

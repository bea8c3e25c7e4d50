//! `module-cycle`: modules that use each other in a circle, which Terraform cannot load.

use std::collections::BTreeMap;

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Block, Tree, local_folder};

pub const RULE: Rule = Rule {
    id: "module-cycle",
    severity: Severity::Error,
    summary: "Modules use each other in a circle.",
    why: "Terraform cannot load such a configuration, and a key that goes around it has no end that could be told.",
    remedy: "Break the circle: let the outer module hand in what the inner one takes.",
    before: r#"module "a" {
  source = "./a"
}

locals {
  key = module.a.key
}
# --- a/main.tf
module "back" {
  source = "../"
}

output "key" {
  value     = azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}
"#,
    after: r#"module "a" {
  source = "./a"
}

locals {
  key = module.a.key
}
# --- a/main.tf
output "key" {
  value     = azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let mut uses: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut calls = Vec::new();
    // Of modules that no key comes near, nothing is said: they may not even have been parsed.
    let near = tree.on_the_way();
    let near = |file: &usize| near.contains(file);
    let is_call = |(file, block): &(usize, &Block)| {
        near(file) && block.words.first().is_some_and(|word| word == "module")
    };
    for (file, block) in tree.blocks().filter(is_call) {
        let folder = tree.sources[file].folder();
        let Some(source) = block.argument("source") else { continue };
        let Some(target) = source.value.as_text().and_then(|path| local_folder(folder, path)) else {
            continue;
        };
        uses.entry(folder).or_default().push(target.clone());
        calls.push((file, source.span.clone(), folder, target));
    }
    calls
        .into_iter()
        .filter(|(_, _, folder, target)| leads_back(&uses, target, folder))
        .map(|(file, span, folder, _)| {
            let folder = if folder.is_empty() { "the top folder" } else { folder };
            Place::new(file, span, format!("this module leads back to {folder}"))
        })
        .collect()
}

fn leads_back(uses: &BTreeMap<&str, Vec<String>>, from: &str, to: &str) -> bool {
    let mut open = vec![from];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(folder) = open.pop() {
        if folder == to {
            return true;
        }
        if !seen.contains(&folder) {
            seen.push(folder);
            open.extend(uses.get(folder).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::terraform::Tree;

    #[test]
    fn a_module_that_is_used_twice_is_no_circle() {
        let tree = Tree::read(&[
            ("a.tf", "module \"m\" {\n  source = \"./m\"\n}\nmodule \"n\" {\n  source = \"./n\"\n}\n"),
            ("m/a.tf", "module \"n\" {\n  source = \"../n\"\n}\n"),
            ("n/a.tf", "locals {}\n"),
        ]);
        assert!(check(&tree).is_empty());
    }
}

//! `module-outside-tree`: a module is taken from a path that is not among the files that were read.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Tree, local_folder, says_cosmos};

pub const RULE: Rule = Rule {
    id: "module-outside-tree",
    severity: Severity::Note,
    summary: "A module's path leads out of the files that were read.",
    why: "What such a module does with a key is not known here: keys that it hands out go by their names, and a key \
          that it reads itself is not seen at all.",
    remedy: "Run keyslot on a folder that holds the module too, the repository's root as a rule.",
    before: r#"module "cosmos" {
  source = "../../shared/db"
}
"#,
    after: r#"module "cosmos" {
  source = "./db"
}
# --- db/main.tf
resource "azurerm_cosmosdb_account" "orders" {
  name = "orders-db"
}
"#,
    look,
};

/// What is below `.terraform` is made anew wherever it is missing, and git ignores it as a rule.
const INSTALLED: &str = "Such copies are no part of the repository: what the module hands out goes by the names of its \
                         outputs, so look whether these say the slot. A `source` that names where the module comes from \
                         reads the same on every machine.";

fn look(tree: &Tree) -> Vec<Place> {
    let near = tree.on_the_way();
    let mut places = Vec::new();
    for (file, block) in tree.blocks() {
        let ["module", name] = block.words.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
            continue;
        };
        let Some(source) = block.argument("source") else { continue };
        let Some(path) = source.value.as_text().filter(|text| text.starts_with(['.', '/'])) else { continue };
        // Of modules that no key comes near, nothing is said: they may not even have been parsed.
        let matters = near.contains(&file) || says_cosmos(name) || says_cosmos(path);
        // An absolute path is one of the machine that Terraform runs on.
        let relative = Some(path).filter(|path| path.starts_with('.'));
        let folder = relative.and_then(|path| local_folder(tree.sources[file].folder(), path));
        if matters && !folder.is_some_and(|folder| tree.has_folder(&folder)) {
            let place = |what: &str| Place::new(file, source.span.clone(), format!("`{path}` is {what}"));
            places.push(match path.split('/').any(|part| part == ".terraform") {
                true => place("a copy that `terraform init` installs").remedy(INSTALLED),
                false => place("not among the files read"),
            });
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::check_text;
    use crate::terraform::Tree;

    #[test]
    fn what_terraform_installs_is_told_as_that() {
        let remedy = |path: &str| {
            let text = format!("module \"cosmos\" {{\n  source = \"{path}\"\n}}\n");
            let [finding] = &check(&Tree::read(&[("a.tf", text)]))[..] else { panic!("{path}") };
            (finding.message.clone(), finding.remedy().to_owned())
        };
        let (message, installed) = remedy("./.terraform/modules/__v3__/cosmosdb_account");
        assert!(message.ends_with("is a copy that `terraform init` installs"), "{message}");
        assert!(installed.starts_with("Such copies are no part of the repository"), "{installed}");
        assert_eq!(remedy("../terraform/cosmos").1, super::RULE.remedy);
    }

    #[test]
    fn registries_and_git_are_no_paths() {
        check_text(
            "module \"a\" {\n  source = \"Azure/x/azurerm\"\n}\nmodule \"b\" {\n  source = \
             \"git::https://example.invalid/m.git\"\n}\n",
            &[],
        );
        check_text("module \"a\" {\n  source = \"../cosmos\"\n}\n", &[("module-outside-tree", 2)]);
        check_text("module \"a\" {\n  source = \"/opt/cosmos\"\n}\n", &[("module-outside-tree", 2)]);
    }
}

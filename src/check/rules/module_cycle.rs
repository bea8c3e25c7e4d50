//! `module-cycle`: modules that use each other in a circle, which Terraform cannot load.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Argument, Block, Tree, leading_into_circles, local_folder};

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
    // Of modules that no key comes near, nothing is said: Terraform says it.
    let near = tree.on_the_way();
    let calls: Vec<Call<'_>> = calls(tree, &near).collect();
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Call { folder, target, .. } in &calls {
        uses.entry(folder).or_default().insert(target);
    }
    let circles = leading_into_circles(uses);
    if circles.is_empty() {
        return Vec::new();
    }
    let starts = near.iter().map(|file| tree.sources[*file].folder()).collect();
    let around = reached(&circles, starts);
    let back = |call: &Call<'_>| {
        around.contains(call.folder) && reached(&circles, vec![call.target.as_str()]).contains(call.folder)
    };
    let place = |call: &Call<'_>| {
        let folder = if call.folder.is_empty() { "the top folder" } else { call.folder };
        Place::new(call.file, call.source.span.clone(), format!("this module leads back to {folder}"))
    };
    calls.iter().filter(|call| back(call)).map(place).collect()
}

/// A folder that uses another one's code.
struct Call<'t> {
    file: usize,
    folder: &'t str,
    source: &'t Argument,
    target: String,
}

/// The calls of local modules. A folder that calls itself counts where a key is near the call alone: of the others, not
/// all may have been parsed.
fn calls<'t>(tree: &'t Tree, near: &BTreeSet<usize>) -> impl Iterator<Item = Call<'t>> {
    let modules = tree.blocks().filter(|(_, block)| block.words.first().is_some_and(|word| word == "module"));
    let call = |(file, block): (usize, &'t Block)| {
        let folder = tree.sources[file].folder();
        let source = block.argument("source")?;
        let target = source.value.as_text().and_then(|path| local_folder(folder, path))?;
        Some(Call { file, folder, source, target })
    };
    modules.filter_map(call).filter(|call| call.folder != call.target || near.contains(&call.file))
}

/// Where the ways from some folders lead, these among them.
fn reached<'t>(uses: &BTreeMap<&'t str, BTreeSet<&'t str>>, mut open: Vec<&'t str>) -> BTreeSet<&'t str> {
    let mut seen = BTreeSet::new();
    while let Some(folder) = open.pop() {
        if seen.insert(folder) {
            open.extend(uses.get(folder).into_iter().flatten());
        }
    }
    seen
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

    /// Where circles are found, as `FOLDER:LINE`.
    #[track_caller]
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::read(files);
        let circles = super::look(&tree).into_iter().map(|place| match place.file {
            crate::check::File::Tree(file) => {
                let source = &tree.sources[file];
                format!("{}:{}", source.folder(), source.position(place.span.start).line)
            }
            other => panic!("{other:?}"),
        });
        circles.collect()
    }

    const READS: &str = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";

    fn call(path: &str) -> String {
        format!("module \"m\" {{\n  source = \"{path}\"\n}}\n")
    }

    #[test]
    fn circles_are_found_though_no_key_goes_around_them() {
        let (to_a, to_b, to_c) = (call("../a"), call("../b"), call("../c"));
        let circle = [("a/m.tf", to_b.as_str()), ("b/m.tf", &to_a)];
        for (reads, more) in [("a/k.tf", None), ("b/k.tf", None), ("c/k.tf", Some(("c/m.tf", to_a.as_str())))]
        {
            let mut files = vec![(reads, READS)];
            files.extend(circle.iter().copied().chain(more));
            assert_eq!(found(&files), ["a:2", "b:2"], "{reads}");
        }
        // Where a key is handed to nobody in the circle, and where none is.
        let behind = [("b/n.tf", to_c.as_str()), ("c/k.tf", READS)];
        assert_eq!(found(&[&circle[..], &behind].concat()), [""; 0]);
        assert_eq!(found(&circle), [""; 0]);
    }

    #[test]
    fn a_module_that_calls_itself_is_a_circle() {
        let own = call("./");
        assert_eq!(found(&[("a/m.tf", &format!("{READS}{own}"))]), ["a:5"]);
    }
}

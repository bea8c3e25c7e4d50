//! `path-not-found`: a Terragrunt configuration names a file or a folder that is not among the files that were read.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Lost, Tree};

pub const RULE: Rule = Rule {
    id: "path-not-found",
    severity: Severity::Warning,
    summary: "A path of Terragrunt's leads to nothing that was read.",
    why: "What is included from there, run there or depended on there is not known: it may read a key, decide which \
          account is meant, or hand on another slot than its name says.",
    remedy: "Run keyslot within the repository that holds it, or on a folder that does; or correct the path.",
    before: r#"# --- app/terragrunt.hcl
include "root" {
  path = find_in_parent_folders("root.hcl")
}
"#,
    after: r#"# --- app/terragrunt.hcl
include "root" {
  path = find_in_parent_folders("root.hcl")
}
# --- root.hcl
locals {
  region = "westeurope"
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let place = |lost: Lost| {
        let (file, span) = (lost.file, lost.span());
        Place::new(file, span, format!("this path {}", lost.why))
    };
    tree.lost().into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    fn found(files: &[(&str, &str)]) -> Vec<(usize, String)> {
        let tree = Tree::read(files);
        let findings = check(&tree).into_iter().filter(|finding| finding.rule.id == RULE.id);
        findings.map(|it| (it.source(&tree).position(it.span.start).line, it.message)).collect()
    }

    #[test]
    fn what_is_not_there_is_told_with_its_place() {
        for (path, why) in [
            (
                "find_in_parent_folders()",
                "searches the folders above (find_in_parent_folders) and finds no file there",
            ),
            (
                "\"${dirname(find_in_parent_folders(\"x.hcl\"))}/y.hcl\"",
                "searches the folders above for `x.hcl` (find_in_parent_folders) and finds none",
            ),
            ("\"${get_repo_root()}/none.hcl\"", "leads to `none.hcl`, which is not among the files read"),
            ("\"../none.hcl\"", "leads to `none.hcl`, which is not among the files read"),
            ("local.where", "is not known from the text"),
        ] {
            let unit = format!("include \"root\" {{\n  path = {path}\n}}\n");
            assert_eq!(found(&[("app/terragrunt.hcl", &unit)]), [(2, format!("this path {why}"))], "{path}");
            let reads = format!("locals {{\n  x = read_terragrunt_config({path})\n}}\n");
            assert_eq!(found(&[("app/terragrunt.hcl", &reads)]), [(2, format!("this path {why}"))], "{path}");
        }
        let unit = "include {\n  path = find_in_parent_folders(\"none.hcl\", \"terragrunt-none.hcl\")\n}\n";
        assert_eq!(found(&[("app/terragrunt.hcl", unit)]).len(), 1);
    }

    #[test]
    fn an_included_file_searches_from_where_it_is_included() {
        let root = "locals {\n  x = read_terragrunt_config(find_in_parent_folders(\"env.hcl\"))\n}\n";
        let unit = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
        let files = |with_env: bool| {
            let env = if with_env { "prod/env.hcl" } else { "dev/env.hcl" };
            [("root.hcl", root), ("prod/app/terragrunt.hcl", unit), (env, "locals {\n  env = \"prod\"\n}\n")]
        };
        assert_eq!(found(&files(true)), []);
        assert_eq!(found(&files(false)).len(), 1);
    }

    #[test]
    fn code_and_dependencies_are_told_where_a_key_is_near() {
        let unit = |source: &str, config: &str, key: &str| {
            format!(
                "terraform {{\n  source = \"{source}\"\n}}\ndependency \"db\" {{\n  config_path = \"{config}\"\n}}\ninputs = {{\n  k = dependency.db.outputs.{key}\n}}\n"
            )
        };
        for (source, config, key, lines) in [
            ("git::https://example.invalid/x.git", "../db", "cosmos_primary_key", &[][..]),
            ("${get_repo_root()}/modules/app", "../db", "cosmos_primary_key", &[2]),
            ("git::https://example.invalid/x.git", "${find_in_parent_folders(\"x\")}/db", "endpoint", &[5]),
            ("../../modules/app", "../db", "endpoint", &[]),
            ("../../modules/app", "../cosmos", "endpoint", &[5]),
            ("../code", "../real", "cosmos_primary_key", &[]),
        ] {
            let unit = unit(source, config, key);
            let files = [
                ("app/terragrunt.hcl", unit.as_str()),
                ("code/a.tf", "locals {}\n"),
                ("real/terragrunt.hcl", "inputs = {}\n"),
            ];
            let told: Vec<usize> = found(&files).into_iter().map(|(line, _)| line).collect();
            assert_eq!(told, lines, "{source} {config} {key}");
        }
    }
}

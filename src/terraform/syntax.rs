//! What a file's name says about its syntax, and about whether it is ours to read or to change.
//!
//! The configurations of stacks count as native code: their components are modules under another name, and their deployments
//! give variables their values.
//!
//! Not read: `.terraform.lock.hcl`, `*.tftest.hcl`, `*.pkr.hcl` and every other name with a second dot before
//! `.hcl`, which belong to other tools or deploy nothing; `terragrunt.hcl.json`, which nobody was seen to use.

/// What a file's name says about its syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `.tf`, `.tofu`, `.tfcomponent.hcl` and what that was called before, `.tfstack.hcl`, and `.tfdeploy.hcl`
    Native,
    /// `.tf.json`, `.tofu.json`, and the files of stacks that end in `.json`
    Json,
    /// `.tfvars`: values of variables, as native attributes.
    Variables,
    /// `.tfvars.json`
    VariablesJson,
    /// `terragrunt.hcl`, and other `.hcl` files that Terragrunt may be told to include.
    Terragrunt,
}

/// The names that Terragrunt looks for by itself.
const TERRAGRUNT: &[&str] = &["root.hcl", "terragrunt.hcl", "terragrunt.stack.hcl"];

/// Folders that a tool fills with copies of modules, to be made again at any time.
const INSTALLED: &[&str] = &[".external_modules", ".terraform", ".terragrunt-cache", ".terragrunt-stack"];

/// Folders that hold copies of modules from elsewhere, kept in the repository.
const VENDORED: &[&str] = &["vendor", "vendored"];

/// Files that say how a stack is deployed.
const DEPLOYED: [&str; 2] = [".tfdeploy.hcl", ".tfdeploy.json"];

const NATIVE: [&str; 5] = [".tf", ".tofu", ".tfcomponent.hcl", ".tfstack.hcl", DEPLOYED[0]];

const JSON: [&str; 5] = [".tf.json", ".tofu.json", ".tfcomponent.json", ".tfstack.json", DEPLOYED[1]];

impl Syntax {
    /// Absent for files that are no Terraform, or that Terraform passes over.
    pub fn of(path: &str) -> Option<Syntax> {
        let name = name_of(path);
        if is_passed_over(name) {
            return None;
        }
        let is_one = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if is_one(&NATIVE) {
            Some(Syntax::Native)
        } else if is_one(&JSON) {
            Some(Syntax::Json)
        } else if name.ends_with(".tfvars") {
            Some(Syntax::Variables)
        } else if name.ends_with(".tfvars.json") {
            Some(Syntax::VariablesJson)
        } else if TERRAGRUNT.contains(&name) || is_plain_hcl(name) {
            Some(Syntax::Terragrunt)
        } else {
            None
        }
    }
}

/// Terraform passes over hidden files and what editors leave behind.
fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

fn is_plain_hcl(name: &str) -> bool {
    name.strip_suffix(".hcl").is_some_and(|stem| !stem.is_empty() && !stem.contains('.'))
}

/// Whether an `.hcl` file is Terragrunt's only if a file of Terragrunt's names it (`include`,
/// `read_terragrunt_config`): other programs use the ending too.
pub fn must_be_named(path: &str) -> bool {
    Syntax::of(path) == Some(Syntax::Terragrunt) && !TERRAGRUNT.contains(&name_of(path))
}

/// Whether a file says how a stack is deployed.
pub fn is_deployment(path: &str) -> bool {
    DEPLOYED.iter().any(|ending| path.ends_with(ending))
}

/// Whether a folder of this name holds copies of modules that are passed over.
pub fn is_installed(folder_name: &str) -> bool {
    INSTALLED.contains(&folder_name)
}

/// The folder of installed copies that a path leads through.
pub fn installed(path: &str) -> Option<&str> {
    let mut end = 0;
    path.split('/').find_map(|part| {
        end += part.len() + 1;
        is_installed(part).then(|| &path[..end - 1])
    })
}

/// Whether a file is a copy of a module from elsewhere: read like any other, never edited.
pub fn lies_vendored(path: &str) -> bool {
    path.split('/').any(|part| VENDORED.contains(&part))
}

/// The last part of a path.
pub fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a path; empty for the root.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_terraform_from_other_files() {
        for (path, syntax) in [
            ("main.tf", Some(Syntax::Native)),
            ("a/b.tofu", Some(Syntax::Native)),
            ("a/b.tf.json", Some(Syntax::Json)),
            ("b.tofu.json", Some(Syntax::Json)),
            ("env/prod.tfvars", Some(Syntax::Variables)),
            ("terraform.auto.tfvars", Some(Syntax::Variables)),
            ("prod.tfvars.json", Some(Syntax::VariablesJson)),
            ("live/db/terragrunt.hcl", Some(Syntax::Terragrunt)),
            ("live/env.hcl", Some(Syntax::Terragrunt)),
            ("a/.terraform.lock.hcl", None),
            ("image.pkr.hcl", None),
            ("main.tftest.hcl", None),
            ("components.tfcomponent.hcl", Some(Syntax::Native)),
            ("main.tfstack.hcl", Some(Syntax::Native)),
            ("prod.tfdeploy.hcl", Some(Syntax::Native)),
            ("components.tfcomponent.json", Some(Syntax::Json)),
            ("prod.tfdeploy.json", Some(Syntax::Json)),
            (".hcl", None),
            ("a.tf/readme.md", None),
            ("terraform.tfstate", None),
            ("package.json", None),
        ] {
            assert_eq!(Syntax::of(path), syntax, "{path}");
        }
    }

    #[test]
    fn terragrunts_own_names_need_nobody_to_name_them() {
        for (path, must) in
            [("terragrunt.hcl", false), ("a/root.hcl", false), ("a/env.hcl", true), ("a/env.tf", false)]
        {
            assert_eq!(must_be_named(path), must, "{path}");
        }
    }

    #[test]
    fn copies_are_told_by_their_folders() {
        assert_eq!(installed("a/.terraform/modules/m/a.tf"), Some("a/.terraform"));
        assert_eq!(installed(".terragrunt-cache/x/a.tf"), Some(".terragrunt-cache"));
        assert_eq!(installed("a/.terraform"), Some("a/.terraform"));
        assert_eq!(installed("terraform/a.tf"), None);
        assert!(lies_vendored("infra/vendor/cosmos/a.tf"));
        assert!(!lies_vendored("infra/vendors/a.tf"));
    }
}

//! The templates that a pipeline's YAML is made of, as they are at one commit of its repository.
//!
//! A preview takes them from the commit that the server has. That is the one beneath, so a commit that changes one of them
//! cannot be previewed. Templates of other repositories are not of this commit, and are the same for both.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::adapters::at_commit::file_at;
use crate::model::CommitId;
use crate::ports::{Code, Fault};

/// As many files as the service takes.
const MOST: usize = 100;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Templates {
    /// Path and text; without text where the commit has no such file.
    files: BTreeMap<String, Option<String>>,
    /// There are ones whose names are made by expressions, or that cannot be read.
    has_unnamed: bool,
}

impl Templates {
    /// The templates of the pipeline's file, and theirs.
    ///
    /// # Errors
    /// The commit is not there, or the repository cannot be read.
    pub(super) async fn of(
        code: &dyn Code,
        what: &str,
        commit: &CommitId,
        (path, yaml): (&str, &Value),
    ) -> Result<Templates, Fault> {
        let mut found = Templates::default();
        let mut open = found.named_in(yaml, path);
        while let Some(path) = open.pop() {
            if found.files.contains_key(&path) {
                continue;
            }
            if found.files.len() >= MOST {
                found.has_unnamed = true;
                break;
            }
            let bytes = file_at(code, what, &path, commit).await?;
            let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            match text.as_deref().map(serde_saphyr::from_str::<Value>) {
                Some(Ok(yaml)) => open.extend(found.named_in(&yaml, &path)),
                Some(Err(_)) => found.has_unnamed = true,
                None => {}
            }
            found.files.insert(path, text);
        }
        Ok(found)
    }

    /// Which of the changed files is, or may be, one of them.
    pub(super) fn among<'a>(&self, changed: &'a [String]) -> Option<&'a str> {
        let is_yaml = |path: &str| {
            let path = path.to_lowercase();
            path.ends_with(".yml") || path.ends_with(".yaml")
        };
        let may_be = |path: &&String| self.files.contains_key(*path) || (self.has_unnamed && is_yaml(path));
        changed.iter().find(may_be).map(String::as_str)
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.values().flatten().map(String::as_str)
    }

    /// The paths of those that are named in a file, from the repository's root.
    fn named_in(&mut self, yaml: &Value, file: &str) -> Vec<String> {
        let mut paths = Vec::new();
        let mut open = vec![yaml];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(members) => {
                    for (name, value) in members {
                        match value {
                            Value::String(template) if name == "template" => {
                                paths.extend(self.path(template, file));
                            }
                            value => open.push(value),
                        }
                    }
                }
                _ => {}
            }
        }
        paths
    }

    fn path(&mut self, template: &str, file: &str) -> Option<String> {
        if template.contains("${{") || template.contains("$(") {
            self.has_unnamed = true;
            return None;
        }
        let name = match template.rsplit_once('@') {
            None => template,
            Some((name, alias)) if alias.eq_ignore_ascii_case("self") => name,
            Some(_) => return None,
        };
        let name = name.replace('\\', "/");
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = if name.starts_with('/') { "" } else { folder };
        let mut parts: Vec<&str> = Vec::new();
        for part in folder.split('/').chain(name.split('/')) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_named_from_the_file_that_names_them_or_from_the_root() {
        let yaml = "extends: { template: base.yml }\nvariables: [{ template: /ci/vars.yml }]\nstages:\n- ${{ if eq(1, 1) }}:\n  - template: ../stages/a.yml@self\n- template: b.yml@elsewhere\n";
        let mut found = Templates::default();
        let mut named = found.named_in(&serde_saphyr::from_str(yaml).unwrap(), "ci/release/main.yml");
        named.sort();
        assert_eq!(named, ["ci/release/base.yml", "ci/stages/a.yml", "ci/vars.yml"]);
        assert!(!found.has_unnamed);
        let changed = ["infra/main.tf".to_owned(), "helm/Values.YAML".to_owned()];
        assert_eq!(found.among(&changed), None);
        found.named_in(&serde_json::json!({ "template": "${{ parameters.kind }}.yml" }), "main.yml");
        assert_eq!(found.among(&changed), Some("helm/Values.YAML"), "it may be the one");
        assert_eq!(found.among(&changed[..1]), None);
    }
}

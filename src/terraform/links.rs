//! Symbolic links within a tree: other paths to files and folders that are read once, where they are. And how the tree
//! lies: the way to it from the top of its repository, and whether one file of it was asked for.
//!
//! A module path through a linked folder leads to the real one. A linked *file* is part of two modules; it is
//! judged in its own folder, and where the other one matters too, somebody has to be told (see
//! [`super::reading`]).

use std::collections::BTreeMap;

use super::facts::Facts;
use super::paths::{is_outside, local_folder, relative};
use super::syntax::folder_of;
use super::value::Value;

/// Paths from the tree's root, `/` between their parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// A linked folder and the real one.
    pub folders: Vec<(String, String)>,
    /// By real file: the links to it.
    pub files: BTreeMap<String, Vec<String>>,
    /// The tree's own path from the top of the repository around it; empty where it is the top, or nobody knows.
    pub within: String,
    /// The one file that was asked for; absent where all of the tree was.
    pub only: Option<String>,
}

/// Links to links; more is a cycle.
const MAX_HOPS: usize = 16;

impl Links {
    /// The real folder behind a path.
    pub fn real(&self, folder: &str) -> String {
        let mut folder = folder.to_owned();
        for _ in 0..MAX_HOPS {
            let through = self.folders.iter().find_map(|(link, target)| {
                let rest = folder.strip_prefix(link.as_str())?;
                let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
                let joined = format!("{target}/{rest}");
                Some(joined.trim_matches('/').to_owned())
            });
            let Some(further) = through else { break };
            folder = further;
        }
        folder
    }

    /// The links to a real file.
    pub fn links_to(&self, file: &str) -> &[String] {
        self.files.get(file).map_or(&[], Vec::as_slice)
    }

    /// Every folder that a real file is part of.
    pub fn folders_of<'f>(&'f self, file: &'f str) -> impl Iterator<Item = &'f str> {
        std::iter::once(folder_of(file)).chain(self.links_to(file).iter().map(|link| folder_of(link)))
    }

    /// The real folder of a local module; absent for modules from elsewhere.
    pub fn module(&self, folder: &str, path: &str) -> Option<String> {
        local_folder(folder, path).map(|target| self.real(&target))
    }

    /// Whether a file was not asked for, and read for what others do with it: nobody edits it.
    pub fn is_beside(&self, file: &str) -> bool {
        is_outside(file) || self.only.as_deref().is_some_and(|only| only != file)
    }

    /// Whether the code of a folder has to be asked for before it is read. What lies right beside the one file that was
    /// asked for is not: whoever wanted it would have named the folder.
    pub fn is_elsewhere(&self, folder: &str) -> bool {
        is_outside(folder) || self.only.is_some() && !folder.is_empty()
    }

    /// Makes module calls through links say where they really lead.
    pub fn straighten(&self, folder: &str, facts: &mut Facts) {
        if self.folders.is_empty() {
            return;
        }
        let calls = facts
            .blocks
            .iter_mut()
            .filter(|block| block.words.first().is_some_and(|word| word == "module" || word == "terraform"));
        for source in calls.filter_map(|block| block.argument_mut("source")) {
            let target = source.value.as_text().and_then(|path| local_folder(folder, path));
            let Some((target, real)) = target.map(|target| (self.real(&target), target)) else { continue };
            if target != real {
                source.value = Value::Text(format!("./{}", relative(folder, &target)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Argument, Block};
    use super::*;

    fn links(folders: &[(&str, &str)]) -> Links {
        let owned = |(link, target): &(&str, &str)| ((*link).to_owned(), (*target).to_owned());
        Links { folders: folders.iter().map(owned).collect(), ..Links::default() }
    }

    #[test]
    fn paths_lead_through_links() {
        let links = links(&[("env/prod/modules", "modules"), ("old", "env"), ("whole", "")]);
        for (path, real) in [
            ("env/prod/modules/db", "modules/db"),
            ("env/prod/modules", "modules"),
            ("env/prod/modules2", "env/prod/modules2"),
            ("old/prod/modules/db", "modules/db"),
            ("whole/env", "env"),
            ("whole", ""),
            ("a", "a"),
        ] {
            assert_eq!(links.real(path), real, "{path}");
        }
    }

    #[test]
    fn links_in_a_circle_end() {
        links(&[("a", "b"), ("b", "a"), ("c", "c/c")]).real("a/x");
        links(&[("c", "c/c")]).real("c");
    }

    #[test]
    fn module_calls_say_where_they_lead() {
        let links = links(&[("env/prod/modules", "modules")]);
        let call = |source: &str| Block {
            words: vec!["module".to_owned(), "m".to_owned()],
            header: 0..0,
            arguments: vec![Argument {
                name: "source".to_owned(),
                span: 0..0,
                value: Value::Text(source.to_owned()),
            }],
        };
        let mut facts = Facts {
            blocks: vec![call("./modules/db"), call("../x"), call("org/m/azurerm")],
            ..Facts::default()
        };
        links.straighten("env/prod", &mut facts);
        let source = |block: &Block| block.argument("source").unwrap().value.as_text().unwrap().to_owned();
        let sources: Vec<String> = facts.blocks.iter().map(source).collect();
        assert_eq!(sources, ["./../../modules/db", "../x", "org/m/azurerm"]);
        assert_eq!(local_folder("env/prod", &sources[0]).as_deref(), Some("modules/db"));
    }
}

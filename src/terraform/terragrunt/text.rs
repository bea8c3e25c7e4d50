//! The text of a path or a setting, as far as text, local values of the same file and Terragrunt's functions for places
//! allow.
//!
//! A path from the tree's top, or from that of its repository, begins with a mark; all others start where they stand.

use super::{Configurations, Here, ROOTS, is_include};
use crate::terraform::facts::{Base, Facts};
use crate::terraform::paths::{climbed, is_outside, plain_path, relative};
use crate::terraform::syntax::{folder_of, name_of};
use crate::terraform::value::Value;

/// The tree's top at the start of a path; no path of anybody's begins with a control character.
pub const TOP: char = '\u{1}';
/// Around the tree's path from the top of its repository, behind [`TOP`]: what follows starts from that top.
const REPOSITORY_TOP: char = '\u{2}';
/// Local values of local values; more is a cycle or as bad as one.
const MAX_DEPTH: usize = 8;
/// How far above the tree's top files of Terragrunt's are looked for.
const MAX_CLIMB: usize = 16;

/// What is the top of the repository, and what is the path from there.
pub const REPOSITORY: [&str; 2] = ["get_repo_root", "get_path_to_repo_root"];
const FROM_REPOSITORY: &str = "get_path_from_repo_root";
pub const SEARCH: &str = "find_in_parent_folders";

/// Puts what is known of the repository around the tree into the place of the functions that ask for it. `within` is the
/// tree's path in it.
pub fn place(within: &str, facts: &mut Facts) {
    let arguments = facts.blocks.iter_mut().flat_map(|block| &mut block.arguments);
    arguments.for_each(|argument| placed(within, &mut argument.value));
}

fn placed(within: &str, value: &mut Value) {
    match value {
        Value::Call(function, _) if REPOSITORY.contains(&function.as_str()) => {
            *value = Value::Text(format!("{TOP}{REPOSITORY_TOP}{within}{REPOSITORY_TOP}"));
        }
        Value::Call(function, _) if function == FROM_REPOSITORY => {
            let before = Value::Text(format!("{within}/"));
            *value = Value::Template(vec![before, Value::Call(FROM_REPOSITORY.to_owned(), Vec::new())]);
        }
        Value::Call(_, parts) | Value::Template(parts) | Value::List(parts) => {
            parts.iter_mut().for_each(|part| placed(within, part));
        }
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| placed(within, value)),
        Value::Text(_)
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Path(_)
        | Value::Either(_)
        | Value::Other(_) => {}
        Value::Read(read) => read.place(|path| placed(within, path)),
    }
}

/// Where a path that begins with a mark leads, from the tree's top; absent within where it leaves the repository, and
/// altogether for any other path.
pub fn led(text: &str) -> Option<Option<String>> {
    let text = text.strip_prefix(TOP)?;
    let Some((within, path)) = text.strip_prefix(REPOSITORY_TOP).and_then(|it| it.split_once(REPOSITORY_TOP))
    else {
        return Some(Some(climbed("", text)));
    };
    let path = climbed("", path);
    let inside = path.strip_prefix(within).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    Some(match inside {
        _ if is_outside(&path) => None,
        Some(rest) => Some(rest.trim_start_matches('/').to_owned()),
        None => Some(relative(within, &path)),
    })
}

/// The folders above one, the nearest first, up to some way above the tree's top.
pub fn upwards(folder: &str) -> impl Iterator<Item = String> {
    let above = |folder: &String| {
        let is_top = folder.is_empty() || is_outside(folder) && name_of(folder) == "..";
        let up = if is_top { climbed(folder, "..") } else { folder_of(folder).to_owned() };
        (up.split('/').filter(|part| *part == "..").count() <= MAX_CLIMB).then_some(up)
    };
    std::iter::successors(above(&folder.to_owned()), above)
}

/// What functions of these names are given, wherever in a value.
pub fn calls<'v>(value: &'v Value, functions: &[&str]) -> Vec<&'v [Value]> {
    match value {
        Value::Call(function, arguments) => {
            let own = functions.contains(&function.as_str()).then_some(arguments.as_slice());
            own.into_iter().chain(arguments.iter().flat_map(|it| calls(it, functions))).collect()
        }
        Value::Template(parts) => parts.iter().flat_map(|part| calls(part, functions)).collect(),
        Value::Read(read) => read.path().map_or_else(Vec::new, |path| calls(path, functions)),
        _ => Vec::new(),
    }
}

impl Configurations<'_> {
    /// A path from the tree's top; absent where it leaves the repository or is not known.
    pub(super) fn path(&self, here: Here<'_>, value: &Value) -> Option<String> {
        settled(here, &self.text(here, value, 0)?)
    }

    pub(super) fn text(&self, here: Here<'_>, value: &Value, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        match value {
            Value::Text(text) => Some(text.clone()),
            Value::Template(parts) => {
                let parts: Option<Vec<String>> =
                    parts.iter().map(|part| self.text(here, part, depth + 1)).collect();
                let text = parts?.concat();
                text.rfind(TOP).is_none_or(|at| at == 0).then_some(text)
            }
            Value::Path(object) if object.base == Base::Local => {
                let names: Option<Vec<&str>> = object.steps.iter().map(|step| step.name()).collect();
                let (_, facts) = self.by_path.get(here.file)?;
                let (first, rest) = names.as_ref()?.split_first()?;
                let locals = facts.blocks.iter().filter(|block| block.is(&["locals"]));
                let local = locals.filter_map(|block| block.argument(first)).next()?;
                let value = rest.iter().try_fold(&local.value, |value, name| value.element(name))?;
                self.text(here, value, depth + 1)
            }
            Value::Call(function, arguments) => self.call(here, function, arguments, depth + 1),
            Value::Number(_)
            | Value::Bool(_)
            | Value::Path(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Either(_)
            | Value::Other(_) => None,
            Value::Read(_) => {
                let (there, value) = self.end_of(here, value)?;
                (!matches!(value, Value::Read(_))).then(|| self.text(there, value, depth + 1))?
            }
        }
    }

    /// What a function for places gives back.
    pub(super) fn call(
        &self,
        here: Here<'_>,
        function: &str,
        arguments: &[Value],
        depth: usize,
    ) -> Option<String> {
        let argument = |at: usize| self.text(here, arguments.get(at)?, depth);
        match (function, arguments.len()) {
            ("get_terragrunt_dir" | "get_original_terragrunt_dir", 0) => Some(from_top(here.folder)),
            (function, 0) if REPOSITORY.contains(&function) => Some(from_top("")),
            (FROM_REPOSITORY, 0) => Some(here.folder.to_owned()),
            ("get_parent_terragrunt_dir", _) => {
                self.parent(here, argument(0).as_deref(), depth).map(|it| from_top(&it))
            }
            ("path_relative_to_include", _) => {
                let parent = self.parent(here, argument(0).as_deref(), depth)?;
                (!is_outside(&parent)).then(|| relative(&parent, here.folder))
            }
            ("path_relative_from_include", _) => {
                Some(relative(here.folder, &self.parent(here, argument(0).as_deref(), depth)?))
            }
            (SEARCH, 0) => ROOTS.iter().find_map(|name| self.above(here.folder, name)),
            (SEARCH, _) => self.above(here.folder, &argument(0)?).or_else(|| argument(1)),
            ("dirname", 1) => {
                let path = argument(0).filter(|path| !path.ends_with(REPOSITORY_TOP))?;
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let top = path.starts_with(TOP) && folder.is_empty();
                Some(if top { from_top("") } else { folder.to_owned() })
            }
            ("basename", 1) => Some(name_of(&argument(0)?).trim_start_matches(TOP).to_owned()),
            _ => None,
        }
    }

    /// The folder of the file that the one at hand includes; in an included file, its own.
    fn parent(&self, here: Here<'_>, name: Option<&str>, depth: usize) -> Option<String> {
        let own = folder_of(here.file);
        if own != here.folder {
            return Some(own.to_owned());
        }
        let (_, facts) = self.by_path.get(here.file)?;
        let mut includes = facts.blocks.iter().filter(|block| {
            is_include(block) && name.is_none_or(|name| block.words.get(1).is_some_and(|word| word == name))
        });
        let only = includes.next().filter(|_| includes.next().is_none())?;
        let path = settled(here, &self.text(here, &only.argument("path")?.value, depth)?)?;
        Some(folder_of(&path).to_owned())
    }

    /// The nearest file of this name above a folder.
    pub(super) fn above(&self, folder: &str, name: &str) -> Option<String> {
        let mut paths = upwards(folder).filter_map(|folder| plain_path(&folder, name));
        paths.find(|path| self.by_path.contains_key(path.as_str())).map(|path| from_top(&path))
    }
}

fn from_top(path: &str) -> String {
    format!("{TOP}{path}")
}

fn settled(here: Here<'_>, text: &str) -> Option<String> {
    led(text).unwrap_or_else(|| plain_path(here.folder, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_the_top_of_the_repository_are_seen_from_the_tree() {
        for (path, expected) in [
            ("\u{1}modules/app", Some(Some("modules/app"))),
            ("\u{1}", Some(Some(""))),
            ("\u{1}\u{2}live/app\u{2}/modules/app", Some(Some("../../modules/app"))),
            ("\u{1}\u{2}live/app\u{2}/live/app/x", Some(Some("x"))),
            ("\u{1}\u{2}live/app\u{2}/live/app2", Some(Some("../app2"))),
            ("\u{1}\u{2}live/app\u{2}/live/app", Some(Some(""))),
            ("\u{1}\u{2}live/app\u{2}", Some(Some("../.."))),
            ("\u{1}\u{2}live/app\u{2}/../x", Some(None)),
            ("../x", None),
        ] {
            assert_eq!(led(path), expected.map(|it| it.map(str::to_owned)), "{path:?}");
        }
    }

    #[test]
    fn the_way_up_leads_out_of_the_tree() {
        let nearest = |folder: &str| upwards(folder).take(4).collect::<Vec<_>>();
        assert_eq!(nearest("a/b"), ["a", "", "..", "../.."]);
        assert_eq!(nearest("../../x/y"), ["../../x", "../..", "../../..", "../../../.."]);
        assert_eq!(upwards("").count(), MAX_CLIMB);
    }
}

//! Where files are found by: an ask names a folder, a waypoint or a variable, and here are the files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::terraform::circle::leading_into_circles;
use crate::terraform::demand::Ask;
use crate::terraform::glance::{Glance, Waypoint};
use crate::terraform::links::Links;
use crate::terraform::paths::is_outside;
use crate::terraform::syntax::{Syntax, folder_of, must_be_named, name_of};
use crate::terraform::terragrunt::{ROOTS, SEARCH, upwards};
use crate::terraform::words::Sought;

/// Files that are wanted for what is in them.
pub struct Wanted {
    pub files: Vec<usize>,
    pub sought: Arc<Sought>,
}

impl Wanted {
    pub fn always(files: Vec<usize>) -> Wanted {
        Wanted::those(&files, vec![Vec::new()])
    }

    fn those(files: &[usize], any_of: Vec<Vec<String>>) -> Wanted {
        Wanted { files: files.to_vec(), sought: Arc::new(Sought::new(any_of)) }
    }
}

#[derive(Default)]
pub struct Places {
    folders: BTreeMap<String, Vec<usize>>,
    /// By the folder that a quoted relative path leads to.
    paths: BTreeMap<String, Vec<usize>>,
    waypoints: BTreeMap<Waypoint, Vec<usize>>,
    values: Vec<usize>,
    /// By folder: files of Terragrunt's that those below it may include without saying where they are.
    roots: BTreeMap<String, Vec<usize>>,
    /// By name: files of Terragrunt's that wait to be named.
    unnamed: BTreeMap<String, Vec<usize>>,
}

impl Places {
    pub fn add(&mut self, file: usize, path: &str, glance: &Glance, links: &Links) {
        // A linked file may speak in the folder of the link too.
        for folder in links.folders_of(path) {
            match self.folders.get_mut(folder) {
                Some(files) => files.push(file),
                None => drop(self.folders.insert(folder.to_owned(), vec![file])),
            }
        }
        for target in glance.paths.iter().filter_map(|written| links.module(folder_of(path), written)) {
            self.paths.entry(target).or_default().push(file);
        }
        for waypoint in &glance.waypoints {
            self.waypoints.entry(*waypoint).or_default().push(file);
        }
        if matches!(Syntax::of(path), Some(Syntax::Variables | Syntax::VariablesJson)) {
            self.values.push(file);
        }
        if ROOTS.contains(&name_of(path)) {
            self.roots.entry(folder_of(path).to_owned()).or_default().push(file);
        }
        if must_be_named(path) {
            self.unnamed.entry(name_of(path).to_owned()).or_default().push(file);
        }
    }

    /// The files of a folder, those linked into it among them.
    pub fn of_folder(&self, folder: &str) -> &[usize] {
        self.folders.get(folder).map_or(&[], Vec::as_slice)
    }

    /// Folders that were not read with the tree and that a quoted path leads to.
    pub fn elsewhere(&self, links: &Links) -> impl Iterator<Item = String> {
        // No path out of the tree sorts before the first of these, or after the last.
        let near = match links.only {
            None => self.paths.range("..".to_owned().."..0".to_owned()),
            Some(_) => self.paths.range::<str, _>(..),
        };
        near.map(|(folder, _)| folder).filter(|folder| links.is_elsewhere(folder)).cloned()
    }

    /// Files with a quoted path by which a folder may use another one that uses it, and those with one that leads there.
    /// `more` are uses that no quoted path tells.
    pub fn circular<'p>(
        &'p self,
        path: impl Fn(usize) -> &'p str,
        more: &'p [(&'p str, String)],
    ) -> Vec<usize> {
        let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut calls = Vec::new();
        for (target, files) in self.paths.iter().filter(|(target, _)| self.folders.contains_key(*target)) {
            for file in files {
                // `"."` is a folder's path to itself, and much else.
                let from = folder_of(path(*file));
                if from != target {
                    uses.entry(from).or_default().insert(target);
                    calls.push((*file, from, target.as_str()));
                }
            }
        }
        for (from, target) in more.iter().filter(|(from, target)| from != target) {
            uses.entry(from).or_default().insert(target);
        }
        let circles = leading_into_circles(uses);
        let leads = |(_, from, target): &(usize, &str, &str)| {
            circles.get(from).is_some_and(|targets| targets.contains(target))
        };
        calls.into_iter().filter(leads).map(|(file, ..)| file).collect()
    }

    /// All folders that hold files.
    pub fn into_folders(self) -> BTreeSet<String> {
        self.folders.into_keys().collect()
    }

    /// The files that could be what is asked for.
    pub fn candidates(&self, asks: &[Ask]) -> Vec<Wanted> {
        let mut always = Vec::new();
        let mut values = Vec::new();
        let mut folders = BTreeMap::<&str, Vec<Vec<String>>>::new();
        for ask in asks {
            match ask {
                Ask::Words { folder, words } => folders.entry(folder).or_default().push(words.clone()),
                Ask::Callers { folder } => always.extend(self.paths.get(folder).into_iter().flatten()),
                Ask::Providers { folder } => {
                    folders.entry(folder).or_default().push(vec!["provider".to_owned()]);
                }
                Ask::Values { variable } => values.push(vec![variable.clone()]),
                Ask::Passing(waypoint) => always.extend(self.waypoints.get(waypoint).into_iter().flatten()),
            }
        }
        let of_folder = |(folder, lists)| Wanted::those(self.of_folder(folder), lists);
        let mut wanted: Vec<Wanted> = folders.into_iter().map(of_folder).collect();
        wanted.extend((!values.is_empty()).then(|| Wanted::those(&self.values, values)));
        wanted.push(Wanted::always(always));
        wanted
    }

    /// The files by Terragrunt's own names above a folder, where a text looks for such.
    pub fn above(&self, folder: &str, text: &[u8]) -> Vec<usize> {
        if memchr::memmem::find(text, SEARCH.as_bytes()).is_none() {
            return Vec::new();
        }
        let folders = upwards(folder).take_while(|folder| !is_outside(folder));
        folders.flat_map(|folder| self.roots.get(&folder).cloned().unwrap_or_default()).collect()
    }

    /// Takes out the files of Terragrunt's that a text names.
    pub fn named_in(&mut self, text: &[u8]) -> Vec<usize> {
        let is_named = |name: &&String| memchr::memmem::find(text, name.as_bytes()).is_some();
        let named: Vec<String> = self.unnamed.keys().filter(is_named).cloned().collect();
        named.iter().filter_map(|name| self.unnamed.remove(name)).flatten().collect()
    }
}

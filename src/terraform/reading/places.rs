//! Where files are found by: an ask names a folder, a waypoint or a variable, and here are the files.

use std::collections::BTreeMap;

use super::Wanted;
use crate::terraform::demand::Ask;
use crate::terraform::glance::{Glance, Waypoint};
use crate::terraform::links::Links;
use crate::terraform::syntax::{Syntax, folder_of, must_be_named, name_of};

#[derive(Default)]
pub struct Places {
    folders: BTreeMap<String, Vec<usize>>,
    /// By the folder that a quoted relative path leads to.
    paths: BTreeMap<String, Vec<usize>>,
    waypoints: BTreeMap<Waypoint, Vec<usize>>,
    values: Vec<usize>,
    /// By name: files of Terragrunt's that wait to be named.
    unnamed: BTreeMap<String, Vec<usize>>,
}

impl Places {
    pub fn add(&mut self, file: usize, path: &str, glance: &Glance, links: &Links) {
        // A linked file may speak in the folder of the link too.
        for folder in links.folders_of(path) {
            self.folders.entry(folder.to_owned()).or_default().push(file);
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
        if must_be_named(path) {
            self.unnamed.entry(name_of(path).to_owned()).or_default().push(file);
        }
    }

    /// The files of a folder, those linked into it among them.
    pub fn of_folder(&self, folder: &str) -> &[usize] {
        self.folders.get(folder).map_or(&[], Vec::as_slice)
    }

    /// The files that could be what is asked for.
    pub fn candidates(&self, ask: &Ask) -> Vec<Wanted> {
        let none = Vec::new();
        let (files, words) = match ask {
            Ask::Words { folder, words } => (self.folders.get(folder).unwrap_or(&none), words.clone()),
            Ask::Callers { folder } => (self.paths.get(folder).unwrap_or(&none), Vec::new()),
            Ask::Values { variable } => (&self.values, vec![variable.clone()]),
            Ask::Passing(waypoint) => (self.waypoints.get(waypoint).unwrap_or(&none), Vec::new()),
        };
        files.iter().map(|file| (*file, words.clone())).collect()
    }

    /// Takes out the files of Terragrunt's that a text names.
    pub fn named_in(&mut self, text: &[u8]) -> Vec<Wanted> {
        let is_named = |name: &&String| memchr::memmem::find(text, name.as_bytes()).is_some();
        let named: Vec<String> = self.unnamed.keys().filter(is_named).cloned().collect();
        let files = named.iter().filter_map(|name| self.unnamed.remove(name)).flatten();
        files.map(|file| (file, Vec::new())).collect()
    }
}

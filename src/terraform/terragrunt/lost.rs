//! Places that a configuration names and that were not found: what would stand there is not known.

use std::collections::BTreeSet;
use std::ops::Range;

use super::text::{REPOSITORY, SEARCH, calls};
use super::{Configurations, Here};
use crate::terraform::facts::Argument;
use crate::terraform::paths::is_outside;
use crate::terraform::service::says_cosmos;
use crate::terraform::value::Value;

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lost {
    pub file: usize,
    /// The path's expression.
    pub start: usize,
    pub end: usize,
    /// Why, as the end of a sentence about the path.
    pub why: String,
}

impl Lost {
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Configurations<'_> {
    /// All of them. `read` says whether a file was read, understood or not; `known` whether any of a folder were; `near`
    /// whether a key comes near a file. Code that no key comes near is left out, and so are dependencies that do not
    /// speak of Cosmos DB, and what is told elsewhere.
    pub fn lost(
        &self,
        read: impl Fn(&str) -> bool,
        known: impl Fn(&str) -> bool,
        near: impl Fn(usize) -> bool,
    ) -> BTreeSet<Lost> {
        let mut lost = BTreeSet::new();
        for (here, argument, path) in self.named_files() {
            let why = match self.file(here, path) {
                None => Some(self.not_worked_out(here, path)),
                // Such a file is one that could not be read.
                Some(file) if is_outside(&file) || read(&file) => None,
                Some(file) => Some(format!("leads to `{file}`, which is not among the files read")),
            };
            lost.extend(self.place(here, argument, why));
        }
        let near = |here: Here<'_>| self.by_path.get(here.file).is_some_and(|(file, _)| near(*file));
        let [depended, run] = self.depended_and_run().map(Vec::into_iter);
        let code = run.map(|(here, it)| (here, it, self.code(here, &it.value), near(here)));
        let configs = depended.map(|(here, it)| (here, it, self.config(here, &it.value), false));
        for (here, argument, folder, near) in code.chain(configs) {
            let searches = !calls(&argument.value, &[SEARCH, REPOSITORY[0], REPOSITORY[1]]).is_empty();
            let why = match folder {
                None if searches => Some(self.not_worked_out(here, &argument.value)),
                Some(folder) if !known(&folder) => (near || says_cosmos(&folder))
                    .then(|| format!("leads to `{folder}`, and no files of it were read")),
                None | Some(_) => None,
            };
            lost.extend(self.place(here, argument, why));
        }
        lost
    }

    fn place(&self, here: Here<'_>, argument: &Argument, why: Option<String>) -> Option<Lost> {
        let (file, _) = self.by_path.get(here.file)?;
        Some(Lost { file: *file, start: argument.span.start, end: argument.span.end, why: why? })
    }

    fn not_worked_out(&self, here: Here<'_>, path: &Value) -> String {
        let mut searches = calls(path, &[SEARCH]).into_iter();
        let failed = searches.find(|arguments| self.call(here, SEARCH, arguments, 0).is_none());
        match failed {
            Some([]) => format!("searches the folders above ({SEARCH}) and finds no file there"),
            Some([Value::Text(name), ..]) => {
                format!("searches the folders above for `{name}` ({SEARCH}) and finds none")
            }
            Some(_) | None => "is not known from the text".to_owned(),
        }
    }
}

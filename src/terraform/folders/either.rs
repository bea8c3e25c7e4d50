//! Names that stand for one account or another, by a condition.
//!
//! Where the condition's value is written in the tree, the name stands for the one that it picks. Elsewhere both may be
//! meant, and whoever reads a key by that name has to ask whether they are one account.

use super::{Folders, Followed};
use crate::terraform::chooser::known;
use crate::terraform::either::Either;
use crate::terraform::facts::{Choice, Object, OneOrOther};
use crate::terraform::naming::At;
use crate::terraform::parse::Parsed;
use crate::terraform::value::Value;

impl<'f> Folders<'f> {
    /// Settles for which of two accounts each name stands, where that is known.
    pub(super) fn decide(&mut self, facts: &'f [Parsed]) {
        let mut all = Vec::new();
        for (file, facts) in facts.iter().enumerate() {
            let either = facts.iter().flat_map(|facts| &facts.either);
            for one_or_other in either {
                for folder in self.homes(file).iter().copied() {
                    all.push((file, folder, one_or_other, self.is_first(folder, file, one_or_other)));
                }
            }
        }
        for (_, folder, OneOrOther { binding, one, other }, first) in all {
            let Some((cell, [])) = self.readable(folder, binding) else { continue };
            match first {
                Some(true) => {}
                Some(false) => {
                    let aliases = self.aliases.entry(cell).or_default();
                    let own = |(at, object): &&mut (&str, &Object)| {
                        *at == folder && object.base == one.base && object.steps.len() == one.steps.len() + 1
                    };
                    aliases.iter_mut().filter(own).for_each(|alias| alias.1 = other);
                }
                None => self.either.entry(cell).or_default().push((folder, other)),
            }
        }
    }

    /// Whether the first of two accounts is meant; absent where that is not known.
    fn is_first(&self, folder: &str, file: usize, meant: &OneOrOther) -> Option<bool> {
        let either = self.condition(folder, &meant.binding)?;
        let choice = Choice {
            number: 0,
            by: either.by.clone(),
            span: 0..0,
            beside: Vec::new(),
            branches: Vec::new(),
            takes: either.takes,
            turned: Vec::new(),
            whole: None,
            of: None,
            keys: Vec::new(),
        };
        let seen = known(self.sources, &self.evaluator(), &At::folder(folder), file, &choice)?.seen()?;
        let [holds, denied] = &either.when;
        match (holds.is(&seen), denied.is(&seen)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    /// What stands there, where that is one thing or the other.
    fn condition(&self, folder: &str, binding: &[String]) -> Option<&'f Either> {
        let words: Vec<&str> = binding.iter().map(String::as_str).collect();
        let (block, argument) = match words.as_slice() {
            ["locals", name] => (&words[..1], *name),
            ["output", _, "value"] => (&words[..2], "value"),
            ["module", _, name] => (&words[..2], *name),
            _ => return None,
        };
        let mut values = self.blocks_at(folder, block).filter_map(|(_, block)| block.argument(argument));
        match (values.next().map(|argument| &argument.value), values.next()) {
            (Some(Value::Either(either)), None) => Some(either),
            _ => None,
        }
    }

    /// The other accounts that a name may stand for, where it is not known which it is.
    pub fn others(&self, name: &Followed) -> Vec<Followed> {
        let Some((cell, _)) = self.cell_of(&name.folder, &name.object) else { return Vec::new() };
        let others = self.either.get(&cell).into_iter().flatten();
        others.map(|(folder, object)| self.end(folder, object)).collect()
    }
}

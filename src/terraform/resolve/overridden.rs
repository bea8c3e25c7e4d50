//! Arguments that a file replaces whose name says that it overrides others: what they were before is read by nobody.

use super::Resolver;
use crate::terraform::naming::overrides;
use crate::terraform::reference::{OpaqueRead, Reference, Role};

impl Resolver<'_> {
    /// Which of several values is used is told of none of them.
    pub(super) fn overridden(&mut self) {
        let replaced = |(at, reference): (usize, &Reference)| Some((at, self.replaced(reference)?));
        let untested = self.references.iter().enumerate().filter(|(_, it)| it.role != Role::Tested);
        let replaced: Vec<(usize, (String, String))> = untested.filter_map(replaced).collect();
        for (at, (argument, path)) in replaced {
            let reference = &mut self.references[at];
            // Another place decides.
            reference.role = Role::Relay;
            let why = format!(
                "`{argument}` is replaced where `{path}` overrides it, and the key that stands here is not used"
            );
            let (file, span) = (reference.file, reference.span.clone());
            let (account, access) = (Some(reference.account), Some(reference.access));
            self.opaque.push(OpaqueRead { file, span, position: reference.position, account, access, why });
        }
    }

    /// The argument that a reference stands in, and the file that replaces it.
    fn replaced(&self, reference: &Reference) -> Option<(String, String)> {
        let words = match reference.binding.first().map(String::as_str)? {
            "resource" | "data" | "ephemeral" => 3,
            "module" | "output" => 2,
            "locals" => 1,
            _ => return None,
        };
        let (block, rest) = reference.binding.split_at_checked(words)?;
        let argument = rest.first()?;
        let own = self.sources[reference.file].path();
        let block: Vec<&str> = block.iter().map(String::as_str).collect();
        let mut others = self.folders.blocks_at(reference.home(), &block).filter(|(file, other)| {
            let path = self.sources[*file].path();
            let later = !overrides(own) || own < path;
            let nested =
                |name: &str| name.strip_prefix(argument.as_str()).is_some_and(|it| it.starts_with('.'));
            overrides(path)
                && later
                && other.arguments.iter().any(|it| it.name == *argument || nested(&it.name))
        });
        let (file, _) = others.next()?;
        Some((argument.clone(), self.sources[file].path().to_owned()))
    }
}

//! Circles in graphs of folders: modules that use each other.

use std::collections::{BTreeMap, BTreeSet};

/// The folders that lie in a circle, or from which the way leads into one: what is left when those that lead nowhere
/// are taken away, again and again. Modules do not nest deep, so this ends soon.
pub fn leading_into_circles<'f>(
    mut uses: BTreeMap<&'f str, BTreeSet<&'f str>>,
) -> BTreeMap<&'f str, BTreeSet<&'f str>> {
    loop {
        let known: BTreeSet<&str> = uses.keys().copied().collect();
        uses.values_mut().for_each(|targets| targets.retain(|target| known.contains(target)));
        uses.retain(|_, targets| !targets.is_empty());
        if uses.len() == known.len() {
            return uses;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_is_taken_away() {
        for (uses, left) in [
            (&[("a", "b"), ("b", "c"), ("c", "d")][..], &[][..]),
            (&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "d")], &["a", "b"]),
            (&[("root", "a"), ("a", "b"), ("b", "a"), ("other", "c")], &["a", "b", "root"]),
            (&[("a", "a")], &["a"]),
        ] {
            let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for (from, to) in uses {
                graph.entry(from).or_default().insert(to);
            }
            let found: Vec<&str> = leading_into_circles(graph).into_keys().collect();
            assert_eq!(found, left, "{uses:?}");
        }
    }
}

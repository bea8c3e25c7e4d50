//! Copies of modules that a tool installed: looked into for keys, and no part of the tree.
//!
//! What of them cannot be read, or does not parse, hides nothing: whoever is asked for is the module, where it comes from.

use std::path::{Path, PathBuf};

use super::walk::{self, Gathered};
use super::{Seen, Shortcuts, read};
use crate::terraform::{self, Copied, Failures, Links};

/// Of the copies in some folders, those that read keys.
pub fn copied(root: &Path, copies: &[PathBuf], shortcuts: Shortcuts) -> Vec<Copied> {
    let mut all = Gathered::default();
    // Tools install copies in copies.
    let mut open = copies.to_vec();
    while let Some(copy) = open.pop() {
        let mut found = walk::below(root, &copy, shortcuts);
        open.append(&mut found.copies);
        all.join(found);
    }
    if all.seen.is_empty() {
        return Vec::new();
    }
    all.seen.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let seen = Seen::kept(all.seen, shortcuts.keep_all(all.total));
    let tree = read(root, None, seen, Vec::new(), Links::default(), Failures::ThatMatter);
    terraform::copied(&tree)
}

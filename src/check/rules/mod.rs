//! One rule a file, named after its id.

pub(super) mod branches_disagree;
mod mixed_slots;
mod opaque_read;
mod parse_error;

use super::rule::Rule;

/// All rules, by id.
pub const RULES: &[Rule] =
    &[branches_disagree::RULE, mixed_slots::RULE, opaque_read::RULE, parse_error::RULE];

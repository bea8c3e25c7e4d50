//! One rule a file, named after its id.

pub(super) mod branches_disagree;
mod bypasses_key_vault;
mod frozen_key;
mod ignored_value;
mod mixed_slots;
mod module_cycle;
mod module_outside_tree;
mod opaque_read;
mod output_not_sensitive;
mod parse_error;
mod published_key;
mod write_only_version;
pub(super) mod write_only_version_not_raised;

use super::rule::Rule;

/// All rules, by id.
pub const RULES: &[Rule] = &[
    branches_disagree::RULE,
    bypasses_key_vault::RULE,
    frozen_key::RULE,
    ignored_value::RULE,
    mixed_slots::RULE,
    module_cycle::RULE,
    module_outside_tree::RULE,
    opaque_read::RULE,
    output_not_sensitive::RULE,
    parse_error::RULE,
    published_key::RULE,
    write_only_version::RULE,
    write_only_version_not_raised::RULE,
];

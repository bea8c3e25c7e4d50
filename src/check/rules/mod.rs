//! One rule a file, named after its id.

pub(super) mod branches_disagree;
mod bypasses_key_vault;
mod deprecated_attribute;
mod frozen_key;
mod ignored_value;
mod installed_copy;
mod literal_key;
mod mirror_without_counterpart;
pub(super) mod misleading_name;
mod mixed_slots;
mod module_cycle;
mod module_outside_tree;
mod one_sided_output;
mod opaque_read;
mod order_dependent_connection_strings;
mod output_not_sensitive;
mod parse_error;
mod path_not_found;
mod possibly_mixed_slots;
mod published_key;
pub(super) mod silence_without_reason;
pub(super) mod silence_without_rule;
mod takes_both_slots;
mod unreadable_file;
mod unused_declaration;
pub(super) mod unused_silence;
mod write_only_version;
pub(super) mod write_only_version_not_raised;

use super::rule::Rule;

/// All rules, by id.
pub const RULES: &[Rule] = &[
    branches_disagree::RULE,
    bypasses_key_vault::RULE,
    deprecated_attribute::RULE,
    frozen_key::RULE,
    ignored_value::RULE,
    installed_copy::RULE,
    literal_key::RULE,
    mirror_without_counterpart::RULE,
    misleading_name::RULE,
    mixed_slots::RULE,
    module_cycle::RULE,
    module_outside_tree::RULE,
    one_sided_output::RULE,
    opaque_read::RULE,
    order_dependent_connection_strings::RULE,
    output_not_sensitive::RULE,
    parse_error::RULE,
    path_not_found::RULE,
    possibly_mixed_slots::RULE,
    published_key::RULE,
    silence_without_reason::RULE,
    silence_without_rule::RULE,
    takes_both_slots::RULE,
    unreadable_file::RULE,
    unused_declaration::RULE,
    unused_silence::RULE,
    write_only_version::RULE,
    write_only_version_not_raised::RULE,
];

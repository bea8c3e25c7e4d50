//! One rule a file, named after its id.

mod deprecated_attribute;
mod literal_key;
mod misleading_name;
mod mixed_slots;
mod opaque_read;
mod order_dependent_connection_strings;
mod parse_error;
pub(super) mod silence_without_reason;
pub(super) mod silence_without_rule;
pub(super) mod unused_silence;

use super::rule::Rule;

/// All rules, by id.
pub const RULES: &[Rule] = &[
    deprecated_attribute::RULE,
    literal_key::RULE,
    misleading_name::RULE,
    mixed_slots::RULE,
    opaque_read::RULE,
    order_dependent_connection_strings::RULE,
    parse_error::RULE,
    silence_without_reason::RULE,
    silence_without_rule::RULE,
    unused_silence::RULE,
];

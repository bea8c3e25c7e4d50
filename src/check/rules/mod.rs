//! One rule a file, named after its id.

mod mixed_slots;
mod opaque_read;
mod parse_error;

use super::rule::Rule;

/// All rules, by id.
pub const RULES: &[Rule] = &[mixed_slots::RULE, opaque_read::RULE, parse_error::RULE];

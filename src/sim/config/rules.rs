//! What the base branch demands besides reviews and the check. The default world demands nothing more.

use std::time::Duration;

use serde::Serialize;

/// The rules of the base branch. They stand in a ruleset, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct RulesConfig {
    /// Classic protection, besides the ruleset. The strictest wins.
    pub classic: Option<ClassicConfig>,
    /// One of them must approve; nobody has to where there are none.
    pub code_owners: Vec<String>,
    /// A push takes every approval back.
    pub dismiss_stale: bool,
    /// Somebody else than who pushed last must approve what was pushed last.
    pub last_push: bool,
    /// Every conversation must be resolved.
    pub conversations: bool,
    /// The branch must be up to date with its base.
    pub strict: bool,
    /// The base branch has a merge queue, which takes so long.
    pub queue: Option<Duration>,
    /// Kinds of rules that no pull request of this world can fulfil.
    pub others: Vec<String>,
    /// No rule requires the check.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional_check: bool,
    /// Who may read the repository and not write to it: their reviews do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<String>,
    /// The repository allows no auto-merge.
    pub no_auto_merge: bool,
    /// A wish to have it merged is turned away where nothing but the queue holds it: whoever wants it there puts it there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub queue_is_joined: bool,
    /// Kinds of rules of the branches that keyslot makes (`fix/*`), which stand in a ruleset of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<String>,
    /// Its rulesets are not passed by keyslot's account, by what they say of it; else they are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unpassed: bool,
    /// No rule keeps people from moving branches by force, as GitHub allows where none does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forced_pushes: bool,
}

/// Classic branch protection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassicConfig {
    pub reviews: u32,
    /// Checks that it demands besides the world's own; nobody ever reports them.
    pub checks: Vec<String>,
    /// Whether keyslot's token may read it.
    pub readable: bool,
}

impl RulesConfig {
    pub(super) fn is_default(&self) -> bool {
        *self == RulesConfig::default()
    }
}

//! `keyslot check --output json`, version 1.
//!
//! Structs of their own, so that the model can change without the format. Within version 1 fields are only
//! added. Columns count characters from 1; `start` and `end` count bytes of the file from 0. The schema that
//! `keyslot schema check` prints comes from these structs and their comments.

use schemars::JsonSchema;
use serde::Serialize;

use super::finding_json::{FindingJson, finding_json};
use super::flow_json::{FlowJson, flow_json};
use crate::check::{Finding, Severity};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Counterpart, JoinReason, Reference, Role, Symbol, Tree, mask};

/// The version that is written.
pub const VERSION: u32 = 1;

/// What `keyslot check --output json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot check", extend("$id" = "keyslot:check:1"))]
pub struct CheckJson {
    pub kind: KindJson,
    /// Of this format. Within a version fields are only added.
    pub version: u32,
    /// Cosmos DB accounts that occur in the Terraform.
    pub accounts: Vec<AccountJson>,
    /// Places that read a key.
    pub references: Vec<ReferenceJson>,
    /// Where the key of each reference goes.
    pub flows: Vec<FlowJson>,
    /// What is wrong.
    pub findings: Vec<FindingJson>,
    /// Findings that a comment or a baseline silences: they do not count.
    pub silenced: Vec<FindingJson>,
    /// How many there are of each.
    pub summary: SummaryJson,
}

/// Tells the document from that of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindJson {
    Check,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountJson {
    pub id: String,
    /// The slot that is read, of both accesses together.
    pub slot: SlotJson,
    pub by_access: ByAccessJson,
    /// The names that stand for it, as `FOLDER:ADDRESS`.
    pub symbols: Vec<String>,
    /// Why they are taken for one account.
    pub joined: Vec<JoinedJson>,
}

/// Two names of one account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JoinedJson {
    pub one: String,
    pub other: String,
    pub because: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ByAccessJson {
    pub read_write: SlotJson,
    pub read_only: SlotJson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SlotJson {
    Primary,
    Secondary,
    /// Both are read.
    Mixed,
    /// No key is read.
    None,
    /// Something hides what is read.
    Unknown,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ReferenceJson {
    pub file: String,
    /// First byte of the word that carries the slot.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    pub line: usize,
    pub column: usize,
    /// The `id` of its account.
    pub account: String,
    pub attribute: String,
    pub slot: SlotJson,
    pub access: AccessJson,
    pub role: RoleJson,
    /// The word that would read the other slot; null where none is known.
    pub other: Option<String>,
    /// What is known of that word.
    pub counterpart: CounterpartJson,
}

/// Whether the other slot's name exists. An assumed one is that of an output of code or of a state that is not here:
/// where there is none, the next plan fails; where it is masked, something else would be taken without an error. Absent: a
/// root in the tree that may have written the state has no output of that name, or a variable's type leaves it out.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CounterpartJson {
    Known,
    Assumed,
    Masked,
    Absent,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessJson {
    ReadWrite,
    ReadOnly,
}

/// What a flip does with the reference: it changes consumers, leaves definitions and relays, changes the value that
/// takes a chosen branch, stops at choices, and leaves what is only tested (`… != ""`): no key goes anywhere from there.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleJson {
    Consumer,
    Definition,
    Relay,
    Chosen,
    Unchosen,
    Choice,
    Tested,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SummaryJson {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
    pub silenced: usize,
}

/// The document for a tree and what was found in it.
pub fn check_json(tree: &Tree, findings: &[Finding]) -> CheckJson {
    let some = |silenced: bool| {
        let findings = findings.iter().filter(move |finding| finding.silenced.is_some() == silenced);
        findings.map(|finding| finding_json(tree, finding)).collect()
    };
    CheckJson {
        kind: KindJson::Check,
        version: VERSION,
        accounts: (0..tree.accounts.len()).map(|account| account_json(tree, account)).collect(),
        references: tree.references.iter().map(|reference| reference_json(tree, reference)).collect(),
        flows: tree.flows().iter().map(|flow| flow_json(tree, flow)).collect(),
        findings: some(false),
        silenced: some(true),
        summary: summary(findings),
    }
}

/// How many findings there are, for every format that counts them.
pub fn summary(findings: &[Finding]) -> SummaryJson {
    let counting = |severity: Severity| {
        findings
            .iter()
            .filter(|finding| finding.silenced.is_none() && finding.rule.severity == severity)
            .count()
    };
    SummaryJson {
        errors: counting(Severity::Error),
        warnings: counting(Severity::Warning),
        notes: counting(Severity::Note),
        silenced: findings.iter().filter(|finding| finding.silenced.is_some()).count(),
    }
}

fn account_json(tree: &Tree, account: usize) -> AccountJson {
    let [read_write, read_only] = Access::ALL.map(|access| tree.slot_use(account, access));
    AccountJson {
        id: tree.accounts[account].key.to_string(),
        slot: overall(read_write, read_only).into(),
        by_access: ByAccessJson { read_write: read_write.into(), read_only: read_only.into() },
        symbols: tree.accounts[account].symbols.iter().map(ToString::to_string).collect(),
        joined: tree.accounts[account].joined.iter().map(joined_json).collect(),
    }
}

fn joined_json((one, other, reason): &(Symbol, Symbol, JoinReason)) -> JoinedJson {
    JoinedJson { one: one.to_string(), other: other.to_string(), because: reason.to_string() }
}

/// Both accesses in one word; the accesses stand beside it for whoever cares.
fn overall(a: SlotUse, b: SlotUse) -> SlotUse {
    match (a, b) {
        (SlotUse::Unknown, _) | (_, SlotUse::Unknown) => SlotUse::Unknown,
        (SlotUse::None, other) | (other, SlotUse::None) => other,
        (SlotUse::Only(a), SlotUse::Only(b)) if a == b => SlotUse::Only(a),
        (SlotUse::Only(_) | SlotUse::Mixed, SlotUse::Only(_) | SlotUse::Mixed) => SlotUse::Mixed,
    }
}

impl From<SlotUse> for SlotJson {
    fn from(reads: SlotUse) -> SlotJson {
        match reads {
            SlotUse::Only(slot) => slot.into(),
            SlotUse::Mixed => SlotJson::Mixed,
            SlotUse::None => SlotJson::None,
            SlotUse::Unknown => SlotJson::Unknown,
        }
    }
}

impl From<Slot> for SlotJson {
    fn from(slot: Slot) -> SlotJson {
        match slot {
            Slot::Primary => SlotJson::Primary,
            Slot::Secondary => SlotJson::Secondary,
        }
    }
}

impl From<Access> for AccessJson {
    fn from(access: Access) -> AccessJson {
        match access {
            Access::ReadWrite => AccessJson::ReadWrite,
            Access::ReadOnly => AccessJson::ReadOnly,
        }
    }
}

fn reference_json(tree: &Tree, reference: &Reference) -> ReferenceJson {
    ReferenceJson {
        file: tree.shown(reference.file),
        start: reference.span.start,
        end: reference.span.end,
        line: reference.position.line,
        column: reference.position.column,
        account: tree.accounts[reference.account].key.to_string(),
        attribute: mask(&reference.attribute).into_owned(),
        slot: reference.slot.into(),
        access: reference.access.into(),
        role: match reference.role {
            Role::Consumer => RoleJson::Consumer,
            Role::Definition => RoleJson::Definition,
            Role::Relay => RoleJson::Relay,
            Role::Chosen => RoleJson::Chosen,
            Role::Unchosen => RoleJson::Unchosen,
            Role::Choice => RoleJson::Choice,
            Role::Tested => RoleJson::Tested,
        },
        other: reference.other.as_deref().map(|other| mask(other).into_owned()),
        counterpart: match reference.counterpart {
            Counterpart::Known => CounterpartJson::Known,
            Counterpart::Assumed => CounterpartJson::Assumed,
            Counterpart::Masked => CounterpartJson::Masked,
            Counterpart::Absent => CounterpartJson::Absent,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overall_slot_is_never_better_than_its_parts() {
        let primary = SlotUse::Only(Slot::Primary);
        let secondary = SlotUse::Only(Slot::Secondary);
        for (a, b, both) in [
            (primary, primary, primary),
            (primary, SlotUse::None, primary),
            (primary, secondary, SlotUse::Mixed),
            (SlotUse::Mixed, SlotUse::None, SlotUse::Mixed),
            (SlotUse::None, SlotUse::None, SlotUse::None),
            (SlotUse::Unknown, SlotUse::None, SlotUse::Unknown),
            (SlotUse::Unknown, SlotUse::Mixed, SlotUse::Unknown),
        ] {
            assert_eq!(overall(a, b), both);
            assert_eq!(overall(b, a), both);
        }
    }
}

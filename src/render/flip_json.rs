//! `keyslot flip --output json`, version 1.
//!
//! Structs of their own, so that the model can change without the format. Within version 1 fields are only added. Columns
//! count characters from 1; `start` and `end` count bytes of the file from 0. Keys that are written out are left out.

use schemars::JsonSchema;
use serde::Serialize;

use super::check_json::AccessJson;
use super::flip_human::what_changes;
use crate::check::Misled;
use crate::model::{Access, Slot};
use crate::terraform::{Flip, Refusal, Tree, mask};

/// The version that is written.
pub const VERSION: u32 = 1;

/// What `keyslot flip --output json` prints, also where it refuses.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot flip", extend("$id" = "keyslot:flip:1"))]
pub struct FlipJson {
    pub kind: FlipKindJson,
    /// Of this format. Within a version fields are only added.
    pub version: u32,
    pub to: TargetJson,
    pub access: AccessJson,
    pub outcome: OutcomeJson,
    /// The accounts that are meant. Empty where it is refused.
    pub accounts: Vec<FlippedAccountJson>,
    /// By file and place. Empty where it is refused.
    pub edits: Vec<FlipEditJson>,
    /// Names that say the slot that was left, and now hold the other's key. Empty where it is refused.
    pub misleading: Vec<MisleadingJson>,
    /// Why nothing is changed; empty where it is not refused.
    pub refusals: Vec<RefusalJson>,
}

/// Tells the document from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlipKindJson {
    Flip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetJson {
    Primary,
    Secondary,
}

/// `planned` without `--write`; `nothing` where the Terraform is on that slot already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeJson {
    Planned,
    Written,
    Nothing,
    Refused,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct FlippedAccountJson {
    /// As in the accounts of `keyslot check`.
    pub id: String,
    /// Whether it was on that slot before.
    pub settled: bool,
}

/// One word that changes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FlipEditJson {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// First byte of the word, before any edit.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    pub old: String,
    pub new: String,
    /// In a few words, what it is.
    pub what: String,
    /// Whether nobody here knows that the new name exists: it is that of an output of code or a state that is not here.
    pub assumed: bool,
}

/// A name that misleads after the flip and did not before it. The place is one of the changed file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MisleadingJson {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// As the rule `misleading-name` says it.
    pub message: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct RefusalJson {
    pub reason: ReasonJson,
    /// Null where it is about no file.
    pub file: Option<String>,
    /// Null where it is about no place in a file.
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub message: String,
    /// What to do about it.
    pub remedies: Vec<String>,
}

/// Why it is refused. Within a version reasons may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonJson {
    NoAccount,
    SeveralAccounts,
    UnknownAccount,
    NoReference,
    Unparsed,
    Unread,
    Opaque,
    ChosenElsewhere,
    AlsoDecides,
    Vendored,
    Outside,
    NoCounterpart,
    NotExported,
    NotKnownToExist,
    Dropped,
    BothTogether,
    ReadForAnother,
    Ignored,
    PairCollapses,
    VersionNotRaised,
    FileChanged,
    NotAsMeant,
}

/// The document for a flip that is worked out, with the names that mislead after it.
pub fn flip_json(tree: &Tree, flip: &Flip, misled: &[Misled], written: bool) -> FlipJson {
    let settled: Vec<usize> = flip.settled(tree).collect();
    let account = |at: &usize| FlippedAccountJson {
        id: tree.accounts[*at].key.to_string(),
        settled: settled.contains(at),
    };
    FlipJson {
        accounts: flip.accounts.iter().map(account).collect(),
        edits: edits(tree, flip),
        misleading: misled.iter().map(misleading).collect(),
        ..empty(
            flip.to,
            flip.access,
            match (flip.edits.is_empty(), written) {
                (true, _) => OutcomeJson::Nothing,
                (false, true) => OutcomeJson::Written,
                (false, false) => OutcomeJson::Planned,
            },
        )
    }
}

/// The document for a flip that is refused, each reason with its remedies.
pub fn refused_json(to: Slot, access: Access, refusals: &[(Refusal, Vec<String>)]) -> FlipJson {
    let refusals = refusals.iter().map(|(refusal, remedies)| refusal_json(refusal, remedies)).collect();
    FlipJson { refusals, ..empty(to, access, OutcomeJson::Refused) }
}

fn empty(to: Slot, access: Access, outcome: OutcomeJson) -> FlipJson {
    FlipJson {
        kind: FlipKindJson::Flip,
        version: VERSION,
        to: match to {
            Slot::Primary => TargetJson::Primary,
            Slot::Secondary => TargetJson::Secondary,
        },
        access: access.into(),
        outcome,
        accounts: Vec::new(),
        edits: Vec::new(),
        misleading: Vec::new(),
        refusals: Vec::new(),
    }
}

fn misleading(misled: &Misled) -> MisleadingJson {
    MisleadingJson {
        file: misled.path.clone(),
        line: misled.position.line,
        column: misled.position.column,
        message: misled.message.clone(),
    }
}

fn edits(tree: &Tree, flip: &Flip) -> Vec<FlipEditJson> {
    let assumed: Vec<_> = flip.assumed(tree).map(|it| (it.file, it.span.start)).collect();
    let told = what_changes(tree, flip).into_iter().zip(&flip.edits);
    told.filter_map(|(what, edit)| {
        let file = tree.file_at(&edit.path)?;
        let position = tree.sources[file].position(edit.span.start);
        Some(FlipEditJson {
            file: tree.shown(file),
            line: position.line,
            column: position.column,
            start: edit.span.start,
            end: edit.span.end,
            old: mask(&edit.old).into_owned(),
            new: mask(&edit.new).into_owned(),
            what: mask(&what).into_owned(),
            assumed: assumed.contains(&(file, edit.span.start)),
        })
    })
    .collect()
}

fn refusal_json(refusal: &Refusal, remedies: &[String]) -> RefusalJson {
    let (file, line, column) = refusal.place().map_or((None, None, None), located);
    RefusalJson {
        reason: reason(refusal),
        file,
        line,
        column,
        message: mask(&refusal.to_string()).into_owned(),
        remedies: remedies.to_vec(),
    }
}

/// The parts of `path:line:column`, or of a path alone.
fn located(place: &str) -> (Option<String>, Option<usize>, Option<usize>) {
    let mut parts = place.rsplitn(3, ':');
    let mut number = || parts.next().and_then(|part| part.parse().ok());
    match (number(), number(), parts.next()) {
        (Some(column), Some(line), Some(path)) => (Some(path.to_owned()), Some(line), Some(column)),
        _ => (Some(place.to_owned()), None, None),
    }
}

fn reason(refusal: &Refusal) -> ReasonJson {
    match refusal {
        Refusal::NoAccount => ReasonJson::NoAccount,
        Refusal::SeveralAccounts { .. } => ReasonJson::SeveralAccounts,
        Refusal::UnknownAccount { .. } => ReasonJson::UnknownAccount,
        Refusal::NoReference { .. } => ReasonJson::NoReference,
        Refusal::Unparsed { .. } => ReasonJson::Unparsed,
        Refusal::Unread { .. } => ReasonJson::Unread,
        Refusal::Opaque { .. } => ReasonJson::Opaque,
        Refusal::ChosenElsewhere { .. } => ReasonJson::ChosenElsewhere,
        Refusal::AlsoDecides { .. } => ReasonJson::AlsoDecides,
        Refusal::Vendored { .. } => ReasonJson::Vendored,
        Refusal::Outside { .. } => ReasonJson::Outside,
        Refusal::NoCounterpart { .. } => ReasonJson::NoCounterpart,
        Refusal::NotExported { .. } => ReasonJson::NotExported,
        Refusal::NotKnownToExist { .. } => ReasonJson::NotKnownToExist,
        Refusal::Dropped { .. } => ReasonJson::Dropped,
        Refusal::BothTogether { .. } => ReasonJson::BothTogether,
        Refusal::ReadForAnother { .. } => ReasonJson::ReadForAnother,
        Refusal::Ignored { .. } => ReasonJson::Ignored,
        Refusal::PairCollapses { .. } => ReasonJson::PairCollapses,
        Refusal::VersionNotRaised { .. } => ReasonJson::VersionNotRaised,
        Refusal::Edit(_) => ReasonJson::FileChanged,
        Refusal::NotAsMeant(_) => ReasonJson::NotAsMeant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_from_a_path() {
        for (place, parts) in [
            ("a/b.tf:3:14", (Some("a/b.tf".to_owned()), Some(3), Some(14))),
            ("C:/a.tf:3:14", (Some("C:/a.tf".to_owned()), Some(3), Some(14))),
            ("a/b.tf", (Some("a/b.tf".to_owned()), None, None)),
            ("a:b.tf", (Some("a:b.tf".to_owned()), None, None)),
        ] {
            assert_eq!(located(place), parts);
        }
    }

    #[test]
    fn a_key_that_is_written_out_is_left_out() {
        let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
        let text = format!("locals {{\n  a = {{ \"{key}\" = azurerm_cosmosdb_account.x.primary_key }}\n}}\n");
        let tree = Tree::read(&[("a.tf", text)]);
        let flip = crate::terraform::plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
        let told = serde_json::to_string(&flip_json(&tree, &flip, &[], false)).unwrap();
        assert!(told.contains("\"planned\"") && !told.contains("aB3aB3"), "{told}");
    }
}

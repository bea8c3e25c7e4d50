//! The words of a proposal: commit message, title and body in Markdown.
//!
//! Teams can replace each by a template of their own; what stands for what is [`PLACEHOLDERS`].

use std::collections::BTreeMap;

use crate::model::{BranchName, KeyKind, Policy};
use crate::rotation::{Leg, Opened, Phase, Step};

/// Below whatever keyslot writes and keeps up to date.
pub const FOOT: &str = "<sub>kept up to date by keyslot; `keyslot explain` says more</sub>";

/// What a forge and a commit are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub title: String,
    pub body: String,
    pub commit_message: String,
}

/// The names that a template may hold in braces, and what stands there then.
pub const PLACEHOLDERS: [(&str, &str); 11] = [
    ("account", "the account's name"),
    ("back", "how to go back"),
    ("by", "who began the rotation"),
    ("diff", "what changes, as a unified diff"),
    ("environment", "the environment's name"),
    ("facts", "a table of rotation, environment and proposer"),
    ("from", "the key that goes"),
    ("rotation", "the rotation's id"),
    ("steps", "what follows after the merge"),
    ("to", "the key that everybody reads afterwards"),
    ("why", "why the change is made"),
];

/// Characters of a title.
const LONGEST_TITLE: usize = 256;

const BODY: &str = "{why}\n\n{facts}\n\n{diff}What follows after the merge:\n\n{steps}\n{back}\n";

/// The names in braces that stand for nothing.
pub fn unknown_placeholders(template: &str) -> Vec<String> {
    let known = |name: &str| PLACEHOLDERS.iter().any(|(known, _)| *known == name);
    pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Name(name) if !known(name) => Some(name.to_owned()),
            Piece::Name(_) | Piece::Text(_) => None,
        })
        .collect()
}

/// The words for a step of this rotation; `diff` is what it changes, where it proposes.
pub fn words(opened: &Opened, step: &Step, policy: &Policy, diff: &str) -> Words {
    let leg = leg_of(step);
    let kind = |slot| KeyKind { slot, access: opened.access };
    let (from, to) = (kind(leg.target(opened.from).other()), kind(leg.target(opened.from)));
    let account = &opened.account;
    let what = format!("Read the {to} key of {account}");
    let why = match leg {
        _ if agrees(step) => format!(
            "Everybody reads the {to} key of Cosmos DB account `{account}`, the live release too, and this branch was \
             changed back to the {from} key. Whatever is built from it next would take everybody back there. This change \
             brings it to the {to} key once more; no key is regenerated for it."
        ),
        Leg::Out => format!(
            "The {from} key of Cosmos DB account `{account}` is being retired without downtime. This change moves every \
             reader to the {to} key; the {from} key is regenerated only when nobody uses it any more."
        ),
        Leg::Back => format!(
            "The {to} key of Cosmos DB account `{account}` is new. This change goes back to it; no key is \
             regenerated for it."
        ),
    };
    let values = BTreeMap::from([
        ("account", account.to_string()),
        ("back", back(leg, step).to_owned()),
        ("by", opened.by.clone()),
        ("diff", fenced(diff)),
        ("environment", opened.environment.to_string()),
        ("facts", facts(opened)),
        ("from", from.to_string()),
        ("rotation", opened.rotation.to_string()),
        ("steps", steps(leg, step, policy)),
        ("to", to.to_string()),
        ("why", why),
    ]);
    let own = &policy.words;
    let title = match (&own.title, onto(step)) {
        // What a rule wants at its beginning stays there.
        (Some(title), _) => filled(title.trim(), &values),
        (None, Some(release)) => format!("[{release}] {what}"),
        (None, None) => what.clone(),
    };
    let message = match &own.commit {
        Some(message) => filled(message.trim(), &values),
        None => filled(&format!("{what}\n\n{{why}}"), &values),
    };
    let commit_message = format!("{}\n\nKeyslot-Rotation: {}\n", message.trim_end(), opened.rotation);
    let body = filled(own.body.as_deref().unwrap_or(BODY), &values);
    Words { title: one_line(&title), body, commit_message }
}

/// As much of a title as forges take.
fn one_line(title: &str) -> String {
    title.replace(['\r', '\n'], " ").chars().take(LONGEST_TITLE).collect()
}

fn leg_of(step: &Step) -> Leg {
    match step {
        Step::PushProposal { leg, .. }
        | Step::OpenPull { leg, .. }
        | Step::DressPull { leg, .. }
        | Step::AutoMerge { leg, .. }
        | Step::MergePull { leg, .. }
        | Step::Promote { leg, .. }
        | Step::PushPromotion { leg, .. }
        | Step::OpenPromotion { leg, .. }
        | Step::StartValidation { leg, .. }
        | Step::WithdrawMerge { leg, .. }
        | Step::PushAgreement { leg, .. }
        | Step::OpenAgreement { leg, .. }
        | Step::Deploy { leg, .. }
        | Step::WriteSecret { leg, .. }
        | Step::Restart { leg, .. } => *leg,
        Step::Regenerate { .. } => Leg::Out,
    }
}

/// The release branch that a promotion is proposed to.
fn onto(step: &Step) -> Option<&BranchName> {
    match step {
        Step::OpenPromotion { base, .. } => Some(base),
        _ => None,
    }
}

fn back(leg: Leg, step: &Step) -> &'static str {
    match leg {
        _ if agrees(step) => "There is nothing to go back to: the other key is another one by now.",
        Leg::Out => "To go back before the key is regenerated: close this, or revert the merge.",
        Leg::Back => "To go back: close this, or revert the merge.",
    }
}

fn facts(opened: &Opened) -> String {
    format!(
        "| | |\n| --- | --- |\n| rotation | `{}` |\n| environment | {} |\n| proposed by | {} |",
        opened.rotation, opened.environment, opened.by
    )
}

/// Whether it is for a base branch that was changed back after the old key had gone.
fn agrees(step: &Step) -> bool {
    matches!(step, Step::PushAgreement { .. } | Step::OpenAgreement { .. })
}

fn steps(leg: Leg, step: &Step, policy: &Policy) -> String {
    if agrees(step) {
        return format!("- **{}**: {}\n", Phase::Reconcile, Phase::Reconcile.title());
    }
    let first = if onto(step).is_some() { Phase::Promote } else { Phase::Merge };
    let mut text = String::new();
    for phase in following(leg, first) {
        text.push_str(&format!("- **{phase}**: {}\n", phase.title()));
    }
    if !policy.skip_stages.is_empty() {
        let stages = policy.skip_stages.join(", ");
        text.push_str(&format!("\nThe release pipeline runs without these stages: {stages}.\n"));
    }
    text
}

fn following(leg: Leg, after: Phase) -> Vec<Phase> {
    Phase::ALL
        .into_iter()
        .filter(|phase| *phase > after && *phase < Phase::FlipBack)
        .filter(|phase| leg == Leg::Out || !matches!(phase, Phase::Regenerate | Phase::Confirm))
        .collect()
}

/// A block of code with an empty line behind it; nothing where there is no diff. The fence is longer than any in it.
fn fenced(diff: &str) -> String {
    if diff.is_empty() {
        return String::new();
    }
    let longest = diff.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}diff\n{}\n{fence}\n\n", diff.trim_end())
}

/// A template's parts.
enum Piece<'a> {
    Text(&'a str),
    /// What stood in braces: lower-case letters and nothing else.
    Name(&'a str),
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), template);
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        let inside = from.get(1..).unwrap_or_default();
        let end = inside.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(inside.len());
        let (name, after) = inside.split_at(end);
        match after.strip_prefix('}').filter(|_| !name.is_empty()) {
            Some(after) => {
                pieces.extend([Piece::Text(before), Piece::Name(name)]);
                rest = after;
            }
            None => {
                let (brace, inside) = from.split_at(1);
                pieces.extend([Piece::Text(before), Piece::Text(brace)]);
                rest = inside;
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn filled(template: &str, values: &BTreeMap<&str, String>) -> String {
    pieces(template)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Name(name) => values.get(name).cloned().unwrap_or_else(|| format!("{{{name}}}")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_filled_and_other_braces_stay() {
        let values = BTreeMap::from([("to", "secondary".to_owned()), ("by", "ann".to_owned())]);
        let text = "{by}: read {to} {{ ${var.x} {} {To} {unknown}";
        assert_eq!(filled(text, &values), "ann: read secondary {{ ${var.x} {} {To} {unknown}");
        assert_eq!(unknown_placeholders(text), ["unknown"]);
        assert!(unknown_placeholders(BODY).is_empty());
    }

    #[test]
    fn every_placeholder_of_the_list_has_a_value() {
        let all: String = PLACEHOLDERS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
        assert!(unknown_placeholders(&all).is_empty());
    }

    #[test]
    fn a_fence_is_longer_than_any_within() {
        assert_eq!(fenced(""), "");
        assert_eq!(fenced("-a\n+b\n"), "```diff\n-a\n+b\n```\n\n");
        assert!(fenced("+ ```` four").starts_with("`````diff\n"));
    }
}

//! The words of a proposal: commit message, title and body in Markdown.

use crate::model::{KeyKind, Policy};
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

/// The words for a step of this rotation.
pub fn words(opened: &Opened, step: &Step, policy: &Policy) -> Words {
    let leg = match step {
        Step::PushProposal { leg, .. }
        | Step::OpenPull { leg, .. }
        | Step::DressPull { leg, .. }
        | Step::AutoMerge { leg, .. }
        | Step::MergePull { leg, .. }
        | Step::Promote { leg, .. }
        | Step::Deploy { leg, .. }
        | Step::WriteSecret { leg, .. }
        | Step::Restart { leg, .. } => *leg,
        Step::Regenerate { .. } => Leg::Out,
    };
    let kind = |slot| KeyKind { slot, access: opened.access };
    let (from, to) = (kind(opened.from), kind(leg.target(opened.from)));
    let title = format!("Read the {to} key of {}", opened.account);
    let why = match leg {
        Leg::Out => format!(
            "The {from} key of Cosmos DB account `{}` is being retired without downtime. This change moves every \
             reader to the {to} key; the {from} key is regenerated only when nobody uses it any more.",
            opened.account
        ),
        Leg::Back => format!(
            "The {to} key of Cosmos DB account `{}` is new. This change goes back to it; no key is \
             regenerated for it.",
            opened.account
        ),
    };
    let mut body = format!("{why}\n\n| | |\n| --- | --- |\n");
    body.push_str(&format!("| rotation | `{}` |\n", opened.rotation));
    body.push_str(&format!("| environment | {} |\n", opened.environment));
    body.push_str(&format!("| proposed by | {} |\n\n", opened.by));
    body.push_str("What follows after the merge:\n\n");
    for phase in following(leg) {
        body.push_str(&format!("- **{phase}**: {}\n", phase.title()));
    }
    if !policy.skip_stages.is_empty() {
        body.push_str(&format!(
            "\nThe release pipeline runs without these stages: {}.\n",
            policy.skip_stages.join(", ")
        ));
    }
    body.push_str("\nTo go back before the key is regenerated: close this, or revert the merge.\n");
    let commit_message = format!("{title}\n\n{why}\n\nKeyslot-Rotation: {}\n", opened.rotation);
    Words { title, body, commit_message }
}

fn following(leg: Leg) -> Vec<Phase> {
    Phase::ALL
        .into_iter()
        .filter(|phase| *phase > Phase::Merge && *phase < Phase::FlipBack)
        .filter(|phase| leg == Leg::Out || !matches!(phase, Phase::Regenerate | Phase::Confirm))
        .collect()
}

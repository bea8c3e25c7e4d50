//! What a tree claims, in the words of the decision core: which slot it reads, and why it could not be flipped.

use super::flip::{refusals, select};
use super::refusal::Refusal;
use super::tree::Tree;
use crate::model::{Access, SlotUse, TreeClaim};

/// The claim of a tree given as files. `account` may be left out where only one account's keys are read.
pub fn claim<P: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(P, B)],
    account: Option<&str>,
    access: Access,
) -> TreeClaim {
    claim_of(&Tree::read(files), account, access)
}

/// The claim of a tree that is read already.
pub fn claim_of(tree: &Tree, account: Option<&str>, access: Access) -> TreeClaim {
    match select(tree, account, access) {
        Ok(account) => TreeClaim {
            reads: tree.slot_use(account, access),
            references: tree.consumers(account, access).count(),
            problems: refusals(tree, account, access).iter().map(Refusal::to_string).collect(),
        },
        Err(refusal) => {
            let nothing = matches!(refusal, Refusal::NoAccount) && !tree.has_gaps();
            let reads = if nothing { SlotUse::None } else { SlotUse::Unknown };
            TreeClaim { reads, references: 0, problems: vec![refusal.to_string()] }
        }
    }
}

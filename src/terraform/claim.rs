//! What a tree claims, in the words of the decision core: which slot it reads, and why it could not be flipped.

use std::collections::BTreeMap;

use super::declared::Declared;
use super::delivery::elsewhere;
use super::flip::plan;
use super::hindrance::refusals;
use super::links::Links;
use super::refusal::Refusal;
use super::select::select;
use super::tree::Tree;
use crate::model::{Access, Slot, SlotUse, TreeClaim};

/// The claim of a tree given as files. `account` may be left out where only one account's keys are read.
pub fn claim<P: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(P, B)],
    account: Option<&str>,
    access: Access,
) -> TreeClaim {
    claim_of(&Tree::read(files), account, access)
}

/// What a rotation asks of trees: whose key, and what people declare about the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The account's name, taken where an account of the tree answers to it. Code that does not spell its account's
    /// name may have one account only.
    pub account: Option<String>,
    pub declared: Declared,
    /// The Key Vault secret that carries the key, by its access; where none is named, nobody asks where else the key goes.
    pub secrets: BTreeMap<Access, String>,
}

impl Question {
    /// What a tree claims of the account.
    pub fn claim(&self, tree: &Tree, access: Access) -> TreeClaim {
        let claim = claim_of(tree, self.named(tree), access);
        let Some(secret) = self.secrets.get(&access) else { return claim };
        let account = select(tree, self.named(tree), access).ok();
        let elsewhere = account.map(|account| elsewhere(tree, account, access, secret)).unwrap_or_default();
        TreeClaim { elsewhere, ..claim }
    }

    /// The new content of the files that change when the tree moves to a slot.
    pub fn flip(
        &self,
        tree: &Tree,
        access: Access,
        to: Slot,
    ) -> Result<Vec<(String, Vec<u8>)>, Vec<Refusal>> {
        let account = select(tree, self.named(tree), access)?;
        plan(tree, account, access, to).map(|flip| flip.files)
    }

    /// The tree of some files, with what is declared about it.
    pub fn tree<P: AsRef<str>, B: AsRef<[u8]>>(&self, files: &[(P, B)], links: Links) -> Tree {
        let tree = Tree::read_linked(files, links);
        if self.declared == Declared::default() { tree } else { tree.declaring(self.declared.clone()) }
    }

    fn named(&self, tree: &Tree) -> Option<&str> {
        self.account.as_deref().filter(|account| !tree.accounts_called(account).is_empty())
    }
}

/// The claim of a tree that is read already.
pub fn claim_of(tree: &Tree, account: Option<&str>, access: Access) -> TreeClaim {
    match select(tree, account, access) {
        Ok(account) => TreeClaim {
            problems: refusals(tree, account, access).iter().map(Refusal::to_string).collect(),
            ..TreeClaim::of(tree.slot_use(account, access), tree.consumers(account, access).count())
        },
        Err(refusals) => {
            let nothing = matches!(refusals.as_slice(), [Refusal::NoAccount]);
            let reads = if nothing { SlotUse::None } else { SlotUse::Unknown };
            let problems = refusals.iter().map(Refusal::to_string).collect();
            TreeClaim { problems, ..TreeClaim::of(reads, 0) }
        }
    }
}

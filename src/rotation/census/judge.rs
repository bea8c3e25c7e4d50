//! What becomes of a reader when the key dies: it has moved, it is signed off as gone, or it holds.
//!
//! Nobody is gone for being silent: that is a person's to say, by name, for a time, in the committed configuration. A
//! use after that makes it void.

use jiff::Timestamp;

use crate::model::{AccountView, Caller, Identity, Policy, StampName, Validity};

/// Whether a reader needs somebody's attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// It was seen with the other slot's key later than with this one, and not long before it too.
    Moved,
    /// Signed off, in a way that counts.
    Gone,
    Holds,
    /// It was given the keys, and nobody can tell whether it kept them. No gate waits for it: whoever plans or applies the
    /// code has them listed, and who uses one is seen by that.
    MayHold,
}

impl Attachment {
    pub fn as_str(self) -> &'static str {
        match self {
            Attachment::Moved => "moved",
            Attachment::Gone => "gone",
            Attachment::Holds => "holds",
            Attachment::MayHold => "may-hold",
        }
    }
}

/// Somebody whom the configuration knows, so that other gates look after it or nobody has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    Stamp(StampName),
    Automation,
}

/// A sign-off that speaks of a reader, by its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    pub place: usize,
    pub validity: Validity,
}

/// In whose light readers are judged.
#[derive(Clone, Copy)]
pub struct Lens<'a> {
    pub policy: &'a Policy,
    pub account: Option<&'a AccountView>,
    pub now: Timestamp,
}

impl Lens<'_> {
    /// The sign-off that speaks of it: one that counts, before those that do not.
    pub(super) fn signed(
        &self,
        identity: Option<&Identity>,
        caller: &Caller,
        last: Timestamp,
    ) -> Option<Signed> {
        let all = self.policy.sign_offs.iter().enumerate();
        let covering = all.filter(|(_, sign_off)| sign_off.covers(identity, caller));
        let signed = covering
            .map(|(place, sign_off)| Signed { place, validity: sign_off.validity(last, self.now) })
            .collect::<Vec<_>>();
        let good = signed.iter().find(|signed| signed.validity == Validity::Good);
        good.or(signed.first()).copied()
    }

    /// Where a row names who signed in, and it is said under whose name a stamp's pods do, the address alone makes nobody known:
    /// whatever else runs there has an identity of its own, and no other gate looks after it.
    pub(super) fn known(&self, identity: &Identity, address: &str) -> Option<Known> {
        if identity.is_among(&self.policy.automation) {
            return Some(Known::Automation);
        }
        let by_name = self.policy.stamps.iter().find(|stamp| identity.is_among(&stamp.identities));
        let nameless = identity.names().next().is_none();
        let of_others = |name: &StampName| {
            let mut stamps = self.policy.stamps.iter();
            !nameless && stamps.any(|stamp| stamp.name == *name && !stamp.identities.is_empty())
        };
        let by_address = || self.policy.stamp_at(address).filter(|name| !of_others(name));
        by_name.map(|stamp| &stamp.name).or_else(by_address).cloned().map(Known::Stamp)
    }
}

pub(super) fn attachment(moved: bool, signed: Option<Signed>) -> Attachment {
    match signed {
        _ if moved => Attachment::Moved,
        Some(Signed { validity: Validity::Good, .. }) => Attachment::Gone,
        Some(_) | None => Attachment::Holds,
    }
}

//! Who takes the key beside the secret, in words.

use super::some;
use crate::model::{Slot, Taker};
use crate::rotation::Subject;

/// What the code does with the key, and what comes of it.
pub(super) fn words(subject: &Subject, slot: Slot, taker: Taker, arguments: &[String]) -> String {
    let by = match arguments {
        [] => String::new(),
        all => format!(" ({})", some(all)),
    };
    match taker {
        Taker::Secret => format!(
            "writes the key into the secret {subject}, too: keyslot does not look at that one, and whoever has read it may keep \
             the {slot} key"
        ),
        Taker::Resource => format!(
            "gives the key to {subject}{by} past the secret: it keeps the {slot} one until its own apply, and nothing here \
             tells when that was"
        ),
        Taker::Output => format!(
            "hands the key out as {subject}: a state or a pipeline that takes it from there keeps the {slot} one until its \
             own next run"
        ),
        Taker::Code => format!(
            "hands the key on to {subject}{by}, and nothing here tells where it ends: whoever gets it there may keep the {slot} one"
        ),
    }
}

/// What to do about it.
pub(super) fn remedy(taker: Taker) -> &'static str {
    match taker {
        Taker::Secret => {
            "see that it holds the key of the other slot, and restart who reads it; then accept it by name, or have \
             them read the secret that keyslot.toml names"
        }
        Taker::Resource => {
            "apply it, see that it has the key of the other slot, and accept it by name; or have it read the Key Vault secret"
        }
        Taker::Output | Taker::Code => {
            "find out who takes the key from there, and give each that of the other slot; then accept it by name, or hand \
             none out there"
        }
    }
}

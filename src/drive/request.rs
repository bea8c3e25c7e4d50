//! What is asked for when a rotation is opened, whether the open one is that, and what came of it.

use jiff::Timestamp;

use super::DriveError;
use crate::model::{Access, AccountId, EnvironmentName, FlipBack, Route, Slot};
use crate::rotation::{Opened, Pair};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    pub environment: EnvironmentName,
    pub account: AccountId,
    /// What was asked for; without it, the open rotation's access, or that of the secret which is looked at.
    pub access: Option<Access>,
    pub retire: Option<Slot>,
    pub route: Route,
    /// What was asked for; without it, the open rotation's, or what the policy says.
    pub flip_back: Option<FlipBack>,
    pub by: String,
    /// Begin another one although the last has just ended.
    pub again: bool,
    /// Retire the keys in both slots, one after the other.
    pub both: bool,
}

impl OpenRequest {
    /// Whether the open rotation is what was asked for: what is settled when one is opened stays so.
    ///
    /// # Errors
    /// It is another one, or goes on otherwise at its end.
    pub(super) fn fits(&self, open: &Opened) -> Result<(), DriveError> {
        let (mut asked, back) = (self.of_another(open), self.of_another_end(open));
        if asked.is_empty() {
            return match back {
                Some(asked) => Err(DriveError::Settled { open: open.approval_name(), asked }),
                None => Ok(()),
            };
        }
        asked.extend(back);
        let (open, retiring) = (open.rotation.to_string(), open.retires().to_string());
        Err(DriveError::AnotherIsOpen { open, retiring, asked })
    }

    /// The options by which another key goes than by the open rotation.
    fn of_another(&self, open: &Opened) -> Vec<String> {
        // Asked for both, one slot names the pair.
        let second = self.both && open.pair == Pair::Second;
        let of_pair = |retire| second && retire == open.to();
        let retire = self.retire.filter(|retire| *retire != open.from && !of_pair(*retire));
        let access = self.access.filter(|access| *access != open.access);
        let both = self.both && open.pair == Pair::Alone;
        let retire = retire.map(|retire| format!("--retire {retire}: it retires the key in {}", open.from));
        let access = access.map(|access| format!("--access {access}: it is of the {} keys", open.access));
        let both = both.then(|| "--both-slots: it is of one slot alone".to_owned());
        retire.into_iter().chain(access).chain(both).collect()
    }

    /// The option by which its end would be another one.
    pub(super) fn of_another_end(&self, open: &Opened) -> Option<String> {
        let asked = self.flip_back.filter(|back| *back != open.flip_back)?;
        let why = match open.pair {
            Pair::Alone => "",
            Pair::First | Pair::Second => ", as where both keys go everybody ends where they began",
        };
        Some(format!("--flip-back {asked}: --flip-back {} is in force{why}", open.flip_back))
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    Opened,
    /// The rotation asked for was open already.
    Continued,
    /// It has just been done; nothing is left to do.
    JustDone {
        at: Timestamp,
        from: Slot,
    },
}

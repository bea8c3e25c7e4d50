//! Sign-offs: somebody says, by name and for a time, that a reader of the key is gone.
//!
//! They stand in the committed configuration, so that somebody else has looked at them. A sign-off covers those whom
//! all of its patterns fit; what a row does not tell (requests name no identity, the activity log no agent) fits no
//! pattern. Whether one still holds is judged against what was seen: a use after it makes it void.

use jiff::Timestamp;

use super::pattern::matches_any_case;
use super::{Caller, Identity, Network};

/// One reader, or several that are alike, signed off as gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOff {
    /// Names, ids: a pattern.
    pub identity: Option<String>,
    pub address: Option<Network>,
    /// A pattern.
    pub agent: Option<String>,
    pub because: String,
    /// Who says so.
    pub by: String,
    /// Since when it is gone.
    pub gone: Timestamp,
    /// Afterwards somebody has to look again.
    pub until: Timestamp,
}

/// Whether a sign-off counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    Good,
    Expired,
    /// It was seen later than it was gone.
    SeenSince,
}

impl SignOff {
    /// Whether it speaks of this one.
    pub fn covers(&self, identity: Option<&Identity>, caller: &Caller) -> bool {
        let by_identity = |pattern: &String| {
            identity.is_some_and(|identity| identity.names().any(|name| matches_any_case(pattern, name)))
        };
        let some = self.identity.is_some() || self.address.is_some() || self.agent.is_some();
        some && self.identity.as_ref().is_none_or(by_identity)
            && self.address.is_none_or(|network| network.holds(&caller.address))
            && self
                .agent
                .as_ref()
                .is_none_or(|pattern| !caller.agent.is_empty() && matches_any_case(pattern, &caller.agent))
    }

    /// Whether it counts for one that was last seen then.
    pub fn validity(&self, last: Timestamp, now: Timestamp) -> Validity {
        match (last > self.gone, now >= self.until) {
            (true, _) => Validity::SeenSince,
            (false, true) => Validity::Expired,
            (false, false) => Validity::Good,
        }
    }

    /// Whom it speaks of, as it is written.
    pub fn whom(&self) -> String {
        let address = self.address.map(|network| network.to_string());
        let parts = [self.identity.clone(), address, self.agent.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn sign_off() -> SignOff {
        SignOff {
            identity: None,
            address: None,
            agent: None,
            because: "switched off".to_owned(),
            by: "ada".to_owned(),
            gone: at(100),
            until: at(1000),
        }
    }

    #[test]
    fn all_of_its_patterns_must_fit_and_what_is_not_told_fits_none() {
        let caller = Caller { address: "192.0.2.7".to_owned(), agent: "python/3".to_owned() };
        let identity = Identity { name: "ada@acme.example".to_owned(), ..Identity::default() };
        let address: Network = "192.0.2.0/24".parse().unwrap();
        assert!(!sign_off().covers(Some(&identity), &caller), "no pattern covers nobody");
        let by_address = SignOff { address: Some(address), ..sign_off() };
        assert!(by_address.covers(None, &caller));
        let both = SignOff { agent: Some("java*".to_owned()), ..by_address.clone() };
        assert!(!both.covers(None, &caller));
        let named = SignOff { identity: Some("ada@*".to_owned()), ..by_address };
        assert!(named.covers(Some(&identity), &caller));
        assert!(!named.covers(None, &caller), "a request tells no identity");
        let any_agent = SignOff { agent: Some("*".to_owned()), ..sign_off() };
        assert!(!any_agent.covers(None, &Caller { agent: String::new(), ..caller }));
    }

    #[test]
    fn it_ends_with_its_time_and_with_the_next_use() {
        assert_eq!(sign_off().validity(at(100), at(999)), Validity::Good);
        assert_eq!(sign_off().validity(at(50), at(1000)), Validity::Expired);
        assert_eq!(sign_off().validity(at(101), at(2000)), Validity::SeenSince);
    }
}

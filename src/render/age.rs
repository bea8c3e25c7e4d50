//! `keyslot check --max-age` for people and as workflow commands: how old every key is, and which are due.

use std::time::Duration;

use jiff::Timestamp;

use super::span;
use crate::model::AccountId;
use crate::rotation::{AgeVerdict, Holders, KeyAge, Unseen};

/// What was seen of one account.
#[derive(Clone, Debug)]
pub struct Ages {
    pub account: AccountId,
    pub keys: Vec<KeyAge>,
    pub unseen: Vec<Unseen>,
    /// The most that a key in use may be old.
    pub most: Duration,
    pub at: Timestamp,
}

impl Ages {
    pub fn findings(&self) -> impl Iterator<Item = &KeyAge> {
        self.keys.iter().filter(|key| key.verdict(self.most, self.at).is_finding())
    }

    /// Whether it is known of every key whether it is in use.
    pub fn is_complete(&self) -> bool {
        let unseen = |key: &KeyAge| key.verdict(self.most, self.at) == AgeVerdict::Unseen;
        self.unseen.is_empty() && !self.keys.iter().any(unseen)
    }

    /// One line about one key.
    pub fn line(&self, key: &KeyAge) -> String {
        let age = match (key.generated, key.age(self.at)) {
            (Some(generated), Some(age)) => {
                format!("generated {} ago ({})", span::duration(age), span::rfc3339(generated))
            }
            _ => "age unknown: Azure tells no generation time, so it was not regenerated since the account was created, \
                  or last before 2022-06-18"
                .to_owned(),
        };
        let held = match &key.holders {
            Holders::Stamps(stamps) => {
                let names: Vec<&str> = stamps.iter().map(|stamp| stamp.as_str()).collect();
                format!("in use by {}", names.join(", "))
            }
            Holders::Nobody => "in no vault".to_owned(),
            Holders::Unknown => "perhaps in use: nobody could see what every vault holds".to_owned(),
        };
        let due = match key.verdict(self.most, self.at) {
            AgeVerdict::TooOld => format!("; OLDER than {}", span::duration(self.most)),
            AgeVerdict::Unknown => "; a finding, since it may be of any age".to_owned(),
            AgeVerdict::Young | AgeVerdict::Spare | AgeVerdict::Unseen => String::new(),
        };
        format!("{} key: {age}; {held}{due}", key.kind)
    }
}

/// For people.
pub fn ages(ages: &Ages) -> String {
    let mut lines = vec![format!("asked Azure about the keys of {}:", ages.account.name)];
    lines.extend(ages.keys.iter().map(|key| ages.line(key)));
    lines.extend(ages.unseen.iter().map(|unseen| format!("not seen: {}: {}", unseen.what, unseen.blind.why)));
    lines.push(match (ages.findings().count(), ages.is_complete()) {
        (0, true) => format!("no key in use is older than {}", span::duration(ages.most)),
        (0, false) => "nobody can say that no key in use is too old".to_owned(),
        (_, _) => {
            "a rotation is due: `keyslot rotate` retires the slot in use, `keyslot plan` shows how".to_owned()
        }
    });
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// For GitHub's annotations: findings are errors, what was not seen is a warning. They have no place in a file.
pub fn age_commands(ages: &Ages) -> String {
    let findings = ages.findings().map(|key| command("error", &ages.line(key)));
    let unseen = ages
        .unseen
        .iter()
        .map(|unseen| command("warning", &format!("not seen: {}: {}", unseen.what, unseen.blind.why)));
    findings.chain(unseen).collect()
}

fn command(level: &str, text: &str) -> String {
    format!("::{level} title=key-age::{}\n", super::github::message(text))
}

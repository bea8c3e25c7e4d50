//! `keyslot census` for people: who used which key, who read the secret, who had the keys listed; who of them has moved,
//! is gone or holds; and what nobody can know.

use super::{matrix::columns, span};
use crate::model::{SignOff, Validity};
use crate::rotation::{Attachment, Census, Known, Lister, SecretReader, Signature, User};

/// The tables and the judgement. `sign_offs` are those of the policy that the census was made under.
pub fn census(census: &Census, sign_offs: &[SignOff]) -> String {
    let mut text = users(census);
    text.push_str(&readers(census));
    text.push_str(&listers(census));
    for stranger in strangers(census) {
        text.push_str(&format!("{stranger}\n"));
    }
    for signature in &census.signatures {
        if let Some(sign_off) = sign_offs.get(signature.place) {
            text.push_str(&format!("{}\n", signed(*signature, sign_off)));
        }
    }
    for unknown in &census.unknowns {
        text.push_str(&format!("not known: {unknown}\n"));
    }
    let newest = match census.newest {
        Some(newest) => format!("the newest row of a request is of {}", span::rfc3339(newest)),
        None => "no row of a request was seen".to_owned(),
    };
    text.push_str(&format!("since {}; {newest}\n", span::rfc3339(census.since)));
    text.push_str(&verdict(census));
    text
}

/// What the exit code says, as a line.
fn verdict(census: &Census) -> String {
    let known = match (census.strangers(), census.unknowns.is_empty()) {
        (0, true) => return "nobody but those who are known has a key\n".to_owned(),
        (0, false) => "whether anybody but those who are known has a key cannot be said".to_owned(),
        (1, _) => "1 of the above has a key, or may have, and is nobody who is known".to_owned(),
        (many, _) => format!("{many} of the above have a key, or may have, and are nobody who is known"),
    };
    let open = if census.unknowns.is_empty() { "" } else { "; the lines “not known” say what is open" };
    format!("{known}{open}\n")
}

/// How a reader stands. Of whom the configuration knows, other gates look after, so nobody has to move it by hand.
fn standing(attachment: Attachment, is_known: bool) -> String {
    match attachment {
        Attachment::Holds if is_known => "known".to_owned(),
        other => other.as_str().to_owned(),
    }
}

fn head<const N: usize>(names: [&str; N]) -> [String; N] {
    names.map(str::to_owned)
}

fn users(census: &Census) -> String {
    let all: Vec<&User> = census.users.iter().chain(&census.unnamed).collect();
    if all.is_empty() {
        return match census.newest {
            Some(_) => "nobody used a key, as far as the logs tell\n".to_owned(),
            None => "who used a key is not known: there is no row of a request\n".to_owned(),
        };
    }
    let line = |user: &&User| {
        [
            user.kind.map_or_else(|| "not named".to_owned(), |kind| kind.to_string()),
            user.stamp.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            user.count.to_string(),
            span::rfc3339(user.last),
            user.kind
                .map_or_else(|| "unknown".to_owned(), |_| standing(user.attachment, user.stamp.is_some())),
            user.caller.to_string(),
        ]
    };
    let titles = head(["KEY", "STAMP", "REQUESTS", "LAST", "", "WHO"]);
    columns(&std::iter::once(titles).chain(all.iter().map(line)).collect::<Vec<_>>())
}

fn readers(census: &Census) -> String {
    if census.readers.is_empty() {
        return String::new();
    }
    let line = |reader: &SecretReader| {
        [
            reader.vault.to_string(),
            known(reader.known.as_ref()),
            reader.count.to_string(),
            span::rfc3339(reader.last),
            reader.slot.map_or_else(|| reader.got.as_str().to_owned(), |slot| slot.to_string()),
            standing(reader.attachment, reader.known.is_some()),
            format!("{} at {}", reader.identity, reader.caller),
        ]
    };
    let titles = head(["VAULT", "KNOWN AS", "READS", "LAST", "GOT", "", "WHO"]);
    let lines: Vec<_> = std::iter::once(titles).chain(census.readers.iter().map(line)).collect();
    format!("\n{}", columns(&lines))
}

fn listers(census: &Census) -> String {
    if census.listers.is_empty() {
        return String::new();
    }
    let line = |lister: &Lister| {
        [
            lister.deeds.deed.as_str().to_owned(),
            known(lister.known.as_ref()),
            lister.deeds.count.to_string(),
            span::rfc3339(lister.deeds.last),
            lister.attachment.map_or("-", |attachment| attachment.as_str()).to_owned(),
            format!("{} at {}", lister.deeds.identity, place(&lister.deeds.address)),
        ]
    };
    let titles = head(["KEYS", "KNOWN AS", "TIMES", "LAST", "", "WHO"]);
    let lines: Vec<_> = std::iter::once(titles).chain(census.listers.iter().map(line)).collect();
    format!("\n{}", columns(&lines))
}

fn place(address: &str) -> &str {
    if address.is_empty() { "an unknown address" } else { address }
}

/// As the configuration knows it.
pub(super) fn known(known: Option<&Known>) -> String {
    match known {
        Some(Known::Stamp(stamp)) => stamp.to_string(),
        Some(Known::Automation) => "automation".to_owned(),
        None => "-".to_owned(),
    }
}

fn strangers(census: &Census) -> Vec<String> {
    let users = census.users.iter().filter(|user| user.is_stranger());
    let users = users.map(|user| format!("{} uses a key and belongs to no known stamp", user.caller));
    let readers = census.readers.iter().filter(|reader| reader.is_stranger());
    let readers = readers.map(|reader| {
        format!("{} reads the secret from the vault of {} and is not known", reader.identity, reader.vault)
    });
    let listers = census.listers.iter().filter(|lister| lister.is_stranger());
    let listers =
        listers.map(|lister| format!("{} had the keys listed and is not known", lister.deeds.identity));
    users.chain(readers).chain(listers).collect()
}

fn signed(signature: Signature, sign_off: &SignOff) -> String {
    let SignOff { because, by, gone, until, .. } = sign_off;
    let state = match (signature.covers, signature.validity) {
        (0, Validity::Expired) => "matches nobody, and has expired: take it out".to_owned(),
        (0, _) => "matches nobody: take it out, or correct it".to_owned(),
        (_, Validity::Good) => format!("counts for {} of the above", signature.covers),
        (_, Validity::Expired) => "has expired, so they hold again".to_owned(),
        (_, Validity::SeenSince) => "is void: one of them was seen later, so it holds again".to_owned(),
    };
    format!(
        "signed off as gone since {} by {by}, until {} ({}): {because}; {state}",
        span::rfc3339(*gone),
        span::rfc3339(*until),
        sign_off.whom()
    )
}

/// How a sign-off stands, in one word.
pub(super) fn validity(covers: usize, validity: Validity) -> &'static str {
    match (covers, validity) {
        (_, Validity::Expired) => "expired",
        (0, _) => "unused",
        (_, Validity::Good) => "good",
        (_, Validity::SeenSince) => "seen-since",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{Caller, KeyKind, Slot, StampName};
    use crate::rotation::Got;

    fn empty(newest: Option<Timestamp>, unknowns: &[&str]) -> Census {
        Census {
            since: Timestamp::UNIX_EPOCH,
            newest,
            users: Vec::new(),
            unnamed: Vec::new(),
            readers: Vec::new(),
            listers: Vec::new(),
            signatures: Vec::new(),
            unknowns: unknowns.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn where_no_row_is_nobody_is_said_to_use_no_key() {
        let text = census(&empty(None, &["who used the account's keys: no logs"]), &[]);
        assert!(!text.contains("nobody used a key") && !text.contains("never"), "{text}");
        assert!(text.contains("who used a key is not known") && text.contains("cannot be said"), "{text}");
        let text = census(&empty(Some(Timestamp::UNIX_EPOCH), &[]), &[]);
        assert!(text.contains("nobody used a key, as far as the logs tell"), "{text}");
        assert!(text.ends_with("nobody but those who are known has a key\n"), "{text}");
    }

    #[test]
    fn whom_the_configuration_knows_holds_nothing() {
        let user = |stamp: Option<&str>| User {
            kind: Some(KeyKind::read_write(Slot::Primary)),
            caller: Caller { address: "10.0.0.1".to_owned(), agent: String::new() },
            stamp: stamp.map(StampName::new),
            regions: Default::default(),
            count: 1,
            first: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            attachment: Attachment::Holds,
            both: false,
            signed: None,
        };
        let reader = SecretReader {
            identity: crate::model::Identity { name: "terraform".to_owned(), ..Default::default() },
            caller: Caller { address: "10.0.0.2".to_owned(), agent: String::new() },
            vault: StampName::new("east"),
            known: Some(Known::Automation),
            got: Got::Older,
            slot: None,
            count: 1,
            first: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            attachment: Attachment::Holds,
            signed: None,
        };
        let of = |users| Census {
            users,
            readers: vec![reader.clone()],
            ..empty(Some(Timestamp::UNIX_EPOCH), &[])
        };
        let text = census(&of(vec![user(Some("east"))]), &[]);
        assert!(!text.contains("holds") && text.contains("known"), "{text}");
        let text = census(&of(vec![user(None)]), &[]);
        assert!(text.contains("holds") && text.contains("1 of the above has a key"), "{text}");
    }
}

//! Keys written out in text: where they stand, and text without them.
//!
//! A key of a Cosmos DB account is 64 bytes, in base64 86 characters and `==`. Keys of storage accounts have the
//! same form, so this says “a key”, never whose. What is masked is wider than what is reported: whatever follows
//! `AccountKey=` is hidden, be it a key or not.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

/// Characters before the padding of 64 bytes in base64.
const KEY_CHARACTERS: usize = 86;
/// Shorter values behind `AccountKey=` are placeholders.
const SHORTEST_VALUE: usize = 16;
const ACCOUNT_KEY: &[u8] = b"accountkey=";
/// The keys of the emulators of Cosmos DB and of storage, which are the same everywhere and published.
const EMULATORS: &[&str] = &[
    "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
];
const MASK: u8 = b'*';

/// Where keys stand in a text, in order, without those of emulators.
pub fn key_literals(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = bare_keys(text.as_bytes())
        .into_iter()
        .chain(account_keys(text.as_bytes()).into_iter().filter(|span| is_value(&text[span.clone()])))
        .filter(|span| !EMULATORS.contains(&&text[span.clone()]))
        .collect();
    found.sort_by_key(|span| (span.start, span.end));
    found.dedup_by(|later, earlier| later.start < earlier.end);
    found
}

/// The text with every key replaced, one mark for each of its bytes, so that places stay what they are.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut spans = bare_keys(text.as_bytes());
    spans.extend(account_keys(text.as_bytes()));
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        bytes[span].fill(MASK);
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether bytes hold anything that [`mask`] would hide or [`key_literals`] would tell.
pub fn may_hold_key(bytes: &[u8]) -> bool {
    !bare_keys(bytes).is_empty() || !account_keys(bytes).is_empty()
}

/// Runs of exactly 86 characters of base64 before their padding. Longer ones are something else, and so are the
/// checksums that `sha512-` announces.
fn bare_keys(bytes: &[u8]) -> Vec<Range<usize>> {
    paddings(bytes)
        .filter_map(|padding| {
            let mut start = padding;
            for _ in 0..KEY_CHARACTERS {
                start = character_before(bytes, start)?;
            }
            let end = padding_end(bytes, padding)?;
            let alone = character_before(bytes, start).is_none()
                && character_at(bytes, end).is_none()
                && bytes.get(end) != Some(&b'=');
            let checksum = [&b"sha512-"[..], b"sha512:"].iter().any(|name| bytes[..start].ends_with(name));
            (alone && !checksum).then_some(start..end)
        })
        .collect()
}

/// Where a padding begins.
fn paddings(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let plain = memmem::find_iter(bytes, b"==");
    let in_urls = memmem::find_iter(bytes, b"%3D%3D").chain(memmem::find_iter(bytes, b"%3d%3d"));
    let in_json =
        memmem::find_iter(bytes, br"\u003d\u003d").chain(memmem::find_iter(bytes, br"\u003D\u003D"));
    plain.chain(in_urls).chain(in_json)
}

fn padding_end(bytes: &[u8], start: usize) -> Option<usize> {
    [2, 6, 12]
        .into_iter()
        .map(|width| start + width)
        .zip([b'=', b'%', b'\\'])
        .find_map(|(end, first)| (bytes.get(start) == Some(&first)).then_some(end))
}

/// `+` and `/` as they stand in URLs and in JSON of some writers.
const ESCAPED: &[&[u8]] =
    &[b"%2B", b"%2b", b"%2F", b"%2f", br"\/", br"\u002B", br"\u002b", br"\u002F", br"\u002f"];

/// Where the character of base64 begins that ends before `end`.
fn character_before(bytes: &[u8], end: usize) -> Option<usize> {
    let before = &bytes[..end];
    if let Some(escaped) = ESCAPED.iter().find(|escaped| before.ends_with(escaped)) {
        return Some(end - escaped.len());
    }
    before.last().filter(|byte| is_base64(**byte)).map(|_| end - 1)
}

fn character_at(bytes: &[u8], start: usize) -> Option<usize> {
    let after = bytes.get(start..)?;
    if let Some(escaped) = ESCAPED.iter().find(|escaped| after.starts_with(escaped)) {
        return Some(start + escaped.len());
    }
    after.first().filter(|byte| is_base64(**byte)).map(|_| start + 1)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// Where `AccountKey=` stands, however it is cased.
fn names(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let ends = memmem::find_iter(bytes, b"ey=").chain(memmem::find_iter(bytes, b"EY="));
    ends.filter_map(|at| {
        let start = (at + 3).checked_sub(ACCOUNT_KEY.len())?;
        bytes.get(start..at + 3)?.eq_ignore_ascii_case(ACCOUNT_KEY).then_some(at + 3)
    })
}

/// What follows `AccountKey=` up to the end of the value. An interpolation is no value.
fn account_keys(bytes: &[u8]) -> Vec<Range<usize>> {
    let ends = |byte: &u8| {
        matches!(byte, b';' | b'"' | b'\'' | b'$' | b'<' | b'&' | b'`') || byte.is_ascii_whitespace()
    };
    names(bytes)
        .map(|start| {
            let length = bytes[start..].iter().take_while(|byte| !ends(byte) && byte.is_ascii()).count();
            start..start + length
        })
        .filter(|span| !span.is_empty())
        .collect()
}

/// Whether what stands behind `AccountKey=` is meant as a key.
fn is_value(value: &str) -> bool {
    let all_one = value.bytes().all(|byte| Some(&byte) == value.as_bytes().first());
    let plain = value.bytes().all(|byte| is_base64(byte) || matches!(byte, b'=' | b'%' | b'\\'));
    plain && !all_one && value.len() >= SHORTEST_VALUE && value.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> String {
        format!("{}+/x9==", "aB3".repeat(27) + "Z")
    }

    #[track_caller]
    fn found(text: &str) -> Vec<&str> {
        key_literals(text).into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn keys_are_found_wherever_they_stand() {
        let key = key();
        assert_eq!(key.len(), 88);
        let in_url = key.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let in_json = key.replace('/', "\\/").replace('=', "\\u003d");
        for (text, expected) in [
            (format!("k = \"{key}\""), &key),
            (format!("# was {key}"), &key),
            (format!("AccountEndpoint=https://x/;AccountKey={key};"), &key),
            (format!("mongodb://x:{in_url}@x.mongo.cosmos.azure.com:10255/"), &in_url),
            (format!("{{\"k\": \"{in_json}\"}}"), &in_json),
        ] {
            assert_eq!(found(&text), [expected], "{text}");
            assert!(may_hold_key(text.as_bytes()), "{text}");
        }
        assert_eq!(found(&format!("{key} {key}")).len(), 2);
    }

    #[test]
    fn other_text_of_base64_is_no_key() {
        let key = key();
        for text in [
            format!("h1:{}a{key}", ""),
            format!("sha512-{key}"),
            format!("{key}="),
            format!("{key}A"),
            key.trim_end_matches('=').to_owned(),
            "AccountKey=${azurerm_cosmosdb_account.x.primary_key};".to_owned(),
            "AccountKey=<your key goes here>".to_owned(),
            "AccountKey=xxxxxxxxxxxxxxxxxxxxxxxx;".to_owned(),
            EMULATORS[0].to_owned(),
            "a == b ? \"==\" : 1".to_owned(),
        ] {
            assert_eq!(found(&text), [""; 0], "{text}");
        }
    }

    #[test]
    fn keys_of_other_lengths_are_told_by_their_name() {
        assert_eq!(found("ACCOUNTKEY=c2hvcnRlciB0aGFuIGEga2V5;"), ["c2hvcnRlciB0aGFuIGEga2V5"]);
    }

    #[test]
    fn masks_keep_every_place() {
        let key = key();
        let text = format!("é = \"AccountKey={key};\" # {key} AccountKey=hunter2");
        let masked = mask(&text);
        assert_eq!(masked.len(), text.len());
        assert!(!masked.contains(&key[..20]) && !masked.contains("hunter2"), "{masked}");
        assert!(masked.starts_with("é = \"AccountKey=****") && masked.contains("*;\" # *"), "{masked}");
        assert!(matches!(mask("nothing == here"), Cow::Borrowed(_)));
        assert!(mask(EMULATORS[0]).starts_with('*'));
    }
}

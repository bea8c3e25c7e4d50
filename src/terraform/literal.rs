//! Keys written out in text: where they stand, and text without them.
//!
//! A key of a Cosmos DB account is 64 bytes, in base64 86 characters and `==`. Keys of storage accounts have the
//! same form, so this says “a key”, never whose. What is masked is wider than what is reported: whatever follows
//! `AccountKey=` is hidden, be it a key or not, and so is all that is as long as a key.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed;

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
    let mut found: Vec<Range<usize>> = hidden(text.as_bytes())
        .filter(|(kind, span)| match kind {
            Kind::Bare => true,
            Kind::Named => is_value(&text[span.clone()]),
            Kind::Long => false,
        })
        .map(|(_, span)| span)
        .filter(|span| !EMULATORS.contains(&&text[span.clone()]))
        .collect();
    found.sort_by_key(|span| (span.start, span.end));
    found.dedup_by(|later, earlier| later.start < earlier.end);
    found
}

/// The text with every key replaced, one mark for each of its bytes, so that places stay what they are.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut spans = hidden(text.as_bytes()).map(|(_, span)| span).peekable();
    if spans.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        bytes[span].fill(MASK);
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether bytes hold anything that [`key_literals`] could tell.
pub fn may_hold_key(bytes: &[u8]) -> bool {
    hidden(bytes).any(|(kind, _)| kind != Kind::Long)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Told by its form: 86 characters and their padding, alone.
    Bare,
    /// As long or longer, or glued to something: a checksum, a certificate, or a key within other text.
    Long,
    /// What stands behind `AccountKey=`, whatever it is.
    Named,
}

/// Everything that is hidden, in one pass over the bytes: every key ends with padding or begins after `=`.
fn hidden(bytes: &[u8]) -> impl Iterator<Item = (Kind, Range<usize>)> {
    signs(bytes).filter_map(|at| hidden_at(bytes, at))
}

fn hidden_at(bytes: &[u8], at: usize) -> Option<(Kind, Range<usize>)> {
    let bare = || run(bytes, at);
    let named = || named_key(bytes, at).map(|span| (Kind::Named, span));
    match (bytes[at], bytes.get(at + 1)?, bytes.get(at.wrapping_sub(1))) {
        (b'=', b'=', _) => bare().or_else(named),
        (b'%', b'3', _) | (b'\\', b'u', _) => bare(),
        (b'=', _, Some(b'y' | b'Y')) => named(),
        _ => None,
    }
}

/// How padding begins, and how `AccountKey=` ends. `=` alone stands on nearly every line.
const SIGNS: [&str; 5] = ["==", "%3", "\\u", "y=", "Y="];

static TOGETHER: LazyLock<Option<packed::Searcher>> = LazyLock::new(|| packed::Searcher::new(SIGNS));

/// Where a key may end, or the one behind `AccountKey=` begins: at the byte that stands for `=`. They are told once each
/// though signs may overlap: behind `=`, another `=` begins no padding.
fn signs(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let together = TOGETHER.as_ref();
    // Processors without the instructions for that take one byte at a time.
    let alone = if together.is_some() { &[] } else { bytes };
    let found = together.into_iter().flat_map(|signs| signs.find_iter(bytes));
    let equals = |start: usize| start + usize::from(matches!(bytes[start], b'y' | b'Y'));
    found.map(move |it| equals(it.start())).chain(memchr::memchr3_iter(b'=', b'%', b'\\', alone))
}

/// The characters of base64 before the padding that begins here, and the padding, if they are enough for a key.
/// `sha512-` announces a checksum of the same length.
fn run(bytes: &[u8], padding: usize) -> Option<(Kind, Range<usize>)> {
    let width = PADDINGS.iter().find(|it| starts(bytes, padding, it)).map(|it| it.len())?;
    let (mut start, mut count) = (padding, 0);
    while let Some(before) = character_before(bytes, start) {
        (start, count) = (before, count + 1);
    }
    if count < KEY_CHARACTERS {
        return None;
    }
    let end = padding + width;
    let glued = character_at(bytes, end).is_some() || bytes.get(end) == Some(&b'=');
    let checksum = [&b"sha512-"[..], b"sha512:"].iter().any(|name| bytes[..start].ends_with(name));
    let kind = if count > KEY_CHARACTERS || glued || checksum { Kind::Long } else { Kind::Bare };
    Some((kind, start..end))
}

/// Two `=`, as they stand in plain text, in URLs, and in JSON of some writers. Compared without regard to case.
const PADDINGS: [&[u8]; 3] = [b"==", b"%3d%3d", br"\u003d\u003d"];
/// `+` and `/` as they stand there.
const ESCAPED: [&[u8]; 5] = [b"%2b", b"%2f", br"\/", br"\u002b", br"\u002f"];

fn starts(bytes: &[u8], at: usize, with: &[u8]) -> bool {
    bytes.get(at..at + with.len()).is_some_and(|found| found.eq_ignore_ascii_case(with))
}

/// Where the character of base64 begins that ends before `end`.
fn character_before(bytes: &[u8], end: usize) -> Option<usize> {
    let start = |escaped: &&&[u8]| end.checked_sub(escaped.len());
    let escaped = ESCAPED.iter().find(|it| start(it).is_some_and(|start| starts(bytes, start, it)));
    match escaped {
        Some(escaped) => end.checked_sub(escaped.len()),
        None => end.checked_sub(1).filter(|before| is_base64(bytes[*before])),
    }
}

/// Where the character of base64 ends that begins here.
fn character_at(bytes: &[u8], start: usize) -> Option<usize> {
    let escaped = ESCAPED.iter().find(|it| starts(bytes, start, it)).map(|it| start + it.len());
    escaped.or_else(|| bytes.get(start).filter(|byte| is_base64(**byte)).map(|_| start + 1))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// What follows `AccountKey=`, whose last byte is given, up to the end of the value. An interpolation is no value.
fn named_key(bytes: &[u8], equals: usize) -> Option<Range<usize>> {
    let start = equals + 1;
    if !starts(bytes, start.checked_sub(ACCOUNT_KEY.len())?, ACCOUNT_KEY) {
        return None;
    }
    let length = bytes[start..].iter().take_while(|byte| is_of_value(**byte)).count();
    let value = &bytes[start..start + length];
    (length > 0 && !holds_place(value)).then_some(start..start + length)
}

/// Fewer characters of base64 on end say nothing of a key that they may be of.
const TOO_FEW: usize = 8;

/// Whether something else is put there before it is a key: it begins as none can, with a verb of `format` or a mark
/// (`@@KEY@@`, `{{key}}`), and nothing in it is long enough for a part of one.
fn holds_place(value: &[u8]) -> bool {
    let marked = match value {
        [b'%', rest @ ..] => !rest.starts_with(b"%") && !rest.iter().take(2).all(u8::is_ascii_hexdigit),
        [first, ..] => b"@{[(#*".contains(first),
        [] => false,
    };
    let runs = || value.split(|byte| !is_base64(*byte)).map(<[u8]>::len);
    marked && runs().sum::<usize>() < 2 * TOO_FEW && runs().all(|run| run < TOO_FEW)
}

fn is_of_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b";\"'$<&`".contains(&byte)
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

    /// Looking only where a sign is found loses nothing, however signs run into each other.
    #[test]
    fn signs_are_found_wherever_a_key_may_end() {
        let key = key();
        let unpadded = key.trim_end_matches('=');
        let padding = ["=", "==", "%3D", "%", "\\u003d", "\\", "u"];
        let pieces = [&padding[..], &["y", "AccountKey=", "ACCOUNTKEY=", "a", &key, unpadded, ";"]].concat();
        let mut seed = 7_usize;
        let mut told = [0; 3];
        for _ in 0..1000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text += pieces[(seed >> 33) % pieces.len()];
            }
            let bytes = text.as_bytes();
            let everywhere: Vec<_> = (0..bytes.len()).filter_map(|at| hidden_at(bytes, at)).collect();
            assert_eq!(hidden(bytes).collect::<Vec<_>>(), everywhere, "{text}");
            everywhere.iter().for_each(|(kind, _)| told[*kind as usize] += 1);
        }
        // Of each kind enough that the comparison says something.
        assert!(told.iter().all(|count| *count > 100), "{told:?}");
    }

    #[test]
    fn what_holds_the_place_of_a_key_is_none() {
        for text in ["%s", "%[1]s", "%v,rest", "@@KEY@@", "{{key}}", "#{KEY}#", "[key]"] {
            let text = format!("AccountEndpoint=https://x/;AccountKey={text};");
            assert!(matches!(mask(&text), Cow::Borrowed(_)), "{text}");
            assert!(!may_hold_key(text.as_bytes()), "{text}");
        }
        let key = key();
        // An escape, what is glued to a verb, and what a mark stands around.
        for value in
            ["%2Babc", "%2B%2B", "%sabcdefgh", "@@abc+/12345", "{abcd,efgh,ijkl,mnop}", "hunter2", &key]
        {
            let text = format!("AccountKey={value};");
            assert_eq!(mask(&text), format!("AccountKey={};", "*".repeat(value.len())), "{text}");
        }
        for mark in ["%s", "@@", "{{"] {
            assert!(!mask(&format!("AccountKey={mark}{key}")).contains(&key[..8]), "{mark}");
        }
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
        for glued in [format!("x{key}"), format!("{key}x"), format!("{key}="), format!("sha512-{key}")] {
            assert!(!mask(&glued).contains(&key[..86]), "{glued}");
        }
    }
}

//! Keys that are told apart by a number or a letter behind their name, the primary one first: `cosmos-key-1` and `-2`.

/// What a name ends with before a number, or a letter, that tells keys of one account apart. Else it tells apart who reads.
const NUMBERED: [&str; 14] = [
    "key",
    "connectionstring",
    "connection",
    "connstr",
    "conn",
    "cosmos",
    "cosmosdb",
    "mongo",
    "mongodb",
    "password",
    "secret",
    "uri",
    "url",
    "token",
];

/// The name of the secondary key, where a part of this name is a numbered primary one's: `cosmos-key-1`, `cosmos-key-01`,
/// `cosmos-key-a`.
fn next_in_number(name: &str) -> Option<String> {
    let end = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let (stem, next) = match &name[end.len()..] {
        "" => match name.char_indices().next_back()? {
            (at, 'a') if name[..at].ends_with(['-', '_', '.']) => (&name[..at], "b".to_owned()),
            (at, 'A') => (&name[..at], "B".to_owned()),
            _ => return None,
        },
        digits => {
            let next = digits.parse::<u32>().ok()?.checked_add(1)?;
            (end, format!("{next:0width$}", width = digits.len()))
        }
    };
    let plain: String = stem.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    NUMBERED.iter().any(|word| plain.ends_with(word)).then(|| format!("{stem}{next}"))
}

/// Whether a name says the number of a key.
pub fn is_numbered(name: &str) -> bool {
    let end = name.len() - name.chars().next_back().map_or(0, char::len_utf8);
    let first = match &name[end..] {
        "b" => format!("{}a", &name[..end]),
        "B" => format!("{}A", &name[..end]),
        _ => name.to_owned(),
    };
    next_in_number(&first).is_some()
}

/// The places of the secondary keys that a place may be counted with: its words from one on are taken one by one, or all
/// together. What is said of a word stands behind a blank.
pub fn places_in_number(binding: &[String], from: usize) -> Vec<Vec<String>> {
    let next = |word: &String| {
        let parts: Vec<&str> = word.split(' ').collect();
        let at = parts.iter().position(|part| next_in_number(part).is_some())?;
        let part = |(it, part): (usize, &&str)| match it == at {
            true => next_in_number(part).unwrap_or_default(),
            false => (*part).to_owned(),
        };
        Some(parts.iter().enumerate().map(part).collect::<Vec<_>>().join(" "))
    };
    let next: Vec<Option<String>> =
        binding.iter().enumerate().map(|(at, word)| next(word).filter(|_| at >= from)).collect();
    let with = |put: &dyn Fn(usize) -> bool| -> Vec<String> {
        let words = binding.iter().zip(&next).enumerate();
        words.map(|(at, (word, next))| next.as_ref().filter(|_| put(at)).unwrap_or(word).clone()).collect()
    };
    let numbered: Vec<usize> = (0..binding.len()).filter(|at| next[*at].is_some()).collect();
    let mut places: Vec<Vec<String>> = numbered.iter().map(|at| with(&|it| it == *at)).collect();
    if numbered.len() > 1 {
        places.push(with(&|_| true));
    }
    places
}

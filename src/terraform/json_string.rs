//! What a string of a JSON file says, without moving any of its bytes.
//!
//! Offsets in the text that the template parser gets must be offsets in the file, so an escape of two characters
//! becomes two characters: the one that it stands for and a blank on the side where a blank means nothing. That is
//! possible for quotes and white space within `${…}`, which is where expressions have them.

/// Where the scan stands, seen from the string's start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `${` or `%{`
    Expression,
    /// `{` of an expression
    Braces,
    /// A quoted text of an expression.
    Text,
}

/// The string with its escapes undone, as long as it was. Absent where one of them cannot be.
pub fn unescaped(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut inside: Vec<Inside> = Vec::new();
    let mut rest = raw;
    while let Some(next) = rest.chars().next() {
        let (taken, put) = match next {
            '\\' => escape(&rest[1..], text.chars().last(), &mut inside)?,
            '$' | '%' => opening(rest, &mut inside),
            '{' if matches!(inside.last(), Some(Inside::Expression | Inside::Braces)) => {
                inside.push(Inside::Braces);
                (1, "{")
            }
            '}' => {
                inside.pop_if(|last| *last != Inside::Text);
                (1, "}")
            }
            other => (other.len_utf8(), &rest[..other.len_utf8()]),
        };
        text.push_str(put);
        rest = &rest[taken..];
    }
    Some(text)
}

/// `$${` is text.
fn opening<'r>(rest: &'r str, inside: &mut Vec<Inside>) -> (usize, &'r str) {
    let in_text = matches!(inside.last(), None | Some(Inside::Text));
    if in_text && (rest.starts_with("$${") || rest.starts_with("%%{")) {
        return (3, &rest[..3]);
    }
    if in_text && rest[1..].starts_with('{') {
        inside.push(Inside::Expression);
        return (2, &rest[..2]);
    }
    (1, &rest[..1])
}

/// What stands for the escape whose backslash was taken: how many bytes it has, and as many instead.
fn escape(rest: &str, before: Option<char>, inside: &mut Vec<Inside>) -> Option<(usize, &'static str)> {
    let escaped = rest.chars().next()?;
    match (inside.last(), escaped) {
        (Some(Inside::Text), '"') => {
            inside.pop();
            Some((2, "\" "))
        }
        (Some(Inside::Expression | Inside::Braces), '"') => {
            inside.push(Inside::Text);
            Some((2, " \""))
        }
        (Some(Inside::Expression | Inside::Braces), 'n' | 'r' | 't') => Some((2, "  ")),
        (Some(Inside::Expression | Inside::Braces), 'u') => Some((6, operator(rest.get(1..5)?, before)?)),
        // Text around expressions: what it says does not matter, but that it is as long as before; and that no expression
        // begins there.
        (None, 'u') => rest.get(1..5).filter(|code| !is_sign(code)).map(|_| (6, "......")),
        (None, _) => Some((2, "..")),
        (Some(_), _) => None,
    }
}

/// The signs by which an expression begins, or is kept from beginning.
fn is_sign(code: &str) -> bool {
    ["0024", "0025", "007b", "007d", "005c"].contains(&code.to_ascii_lowercase().as_str())
}

/// The signs that some writers of JSON spell as escapes, with blanks on the side where no other part of an operator stands.
fn operator(code: &str, before: Option<char>) -> Option<&'static str> {
    match (code.to_ascii_lowercase().as_str(), before) {
        ("0026", Some('&')) => Some("&     "),
        ("0026", _) => Some("     &"),
        ("003c", _) => Some("     <"),
        ("003e", Some('=')) => Some(">     "),
        ("003e", _) => Some("     >"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_white_space_of_expressions_keep_their_places() {
        for (raw, text) in [
            ("plain", Some("plain")),
            (r#"${a[\"x\"].b}"#, Some(r#"${a[ "x" ].b}"#)),
            (r#"k=\"${a}\"\n"#, Some("k=..${a}....")),
            (r#"${f(\"${a[\"x\"]}\")}"#, Some(r#"${f( "${a[ "x" ]}" )}"#)),
            (r#"${\n { a = \"}\" }.a}"#, Some("${   { a =  \"}\"  }.a}")),
            (r#"$${a[\"x\"]}"#, Some("$${a[..x..]}")),
            (r#"\u00e9 ${a}"#, Some("...... ${a}")),
            (r#"${a[\"\\\"\"]}"#, None),
            (r#"${a[\"\u0061\"]}"#, None),
            (r#"${a \u0026\u0026 b}"#, Some("${a      &&      b}")),
            (r#"${a \u003e= b}"#, Some("${a      >= b}")),
            (r#"${{for k in a : k =\u003e k}}"#, Some("${{for k in a : k =>      k}}")),
            (r#"\u0024{a}"#, None),
            (r#"$\u007Ba}"#, None),
        ] {
            let found = unescaped(raw);
            assert_eq!(found.as_deref(), text, "{raw}");
            assert!(found.is_none_or(|found| found.len() == raw.len()), "{raw}");
        }
    }
}

//! A name as far as it is known: text, and parts that stay open.
//!
//! Compares names by what is known of them and by what is not. Works nothing out.

use std::fmt;

use crate::model::matches;

/// A part of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    Text(String),
    /// Not known: the expression, and the folder that gives it its meaning.
    Open {
        folder: String,
        text: String,
    },
}

/// A name as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Vec<Piece>);

impl Name {
    pub fn text(text: &str) -> Name {
        Name(vec![Piece::Text(text.to_owned())])
    }

    pub fn open(folder: &str, text: impl Into<String>) -> Name {
        Name(vec![Piece::Open { folder: folder.to_owned(), text: text.into() }])
    }

    /// The whole name, where all of it is known.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether letters of the name itself are known, so that the same expression in another folder means the same.
    pub fn is_specific(&self) -> bool {
        self.0.iter().any(|piece| match piece {
            Piece::Text(text) => text.chars().any(char::is_alphanumeric),
            Piece::Open { .. } => false,
        })
    }

    /// Whether both may come to the same text, whatever stands for what is not known.
    pub fn may_be(&self, other: &Name) -> bool {
        match (self.as_literal(), other.as_literal()) {
            (Some(one), Some(other)) => one == other,
            (Some(text), None) => other.may_spell(text),
            (None, Some(text)) => self.may_spell(text),
            (None, None) => {
                let begin = |one: &str, other: &str| one.starts_with(other);
                let end = |one: &str, other: &str| one.ends_with(other);
                fit(self.0.first(), other.0.first(), begin) && fit(self.0.last(), other.0.last(), end)
            }
        }
    }

    /// Whether both are known to come to different texts: what they have in common is the same in both, and the rest is
    /// known to differ.
    pub fn differs(&self, other: &Name) -> bool {
        let alike = |pair: &(&Piece, &Piece)| pair.0 == pair.1;
        let before = self.0.iter().zip(&other.0).take_while(alike).count();
        let (one, two) = (&self.0[before..], &other.0[before..]);
        let behind = one.iter().rev().zip(two.iter().rev()).take_while(alike).count();
        let rest = |pieces: &[Piece]| Name(pieces[..pieces.len() - behind].to_vec());
        let (one, two) = (rest(one), rest(two));
        let text = |name: &Name| match name.0.as_slice() {
            [] => Some(String::new()),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        };
        match (text(&one), text(&two)) {
            (Some(one), Some(two)) => one != two,
            _ => !one.may_be(&two),
        }
    }

    fn may_spell(&self, text: &str) -> bool {
        matches(&self.pattern(), text)
    }

    /// The name with a star for each part that is not known.
    pub fn pattern(&self) -> String {
        let pattern = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Open { .. } => "*".to_owned(),
        };
        self.0.iter().map(pattern).collect()
    }

    pub fn join(parts: impl IntoIterator<Item = Name>) -> Name {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in parts.into_iter().flat_map(|part| part.0) {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (_, piece) => pieces.push(piece),
            }
        }
        Name(pieces)
    }

    /// What stands behind the last of these words, up to a slash. The case of letters does not count, as in Azure's ids.
    pub fn behind(&self, words: &str) -> Option<Name> {
        let last = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_ascii_lowercase().rfind(&words.to_ascii_lowercase()),
            Piece::Open { .. } => None,
        };
        let (at, found) = self.0.iter().enumerate().rev().find_map(|(at, it)| Some((at, last(it)?)))?;
        let mut pieces = Vec::new();
        for (number, piece) in self.0.iter().enumerate().skip(at) {
            let Piece::Text(text) = piece else {
                pieces.push(piece.clone());
                continue;
            };
            let text = if number == at { &text[found + words.len()..] } else { text };
            let end = text.find('/');
            let text = &text[..end.unwrap_or(text.len())];
            pieces.extend((!text.is_empty()).then(|| Piece::Text(text.to_owned())));
            if end.is_some() {
                break;
            }
        }
        (!pieces.is_empty()).then_some(Name(pieces))
    }

    /// Whether a slash is known to be in it.
    pub fn is_path(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('/')))
    }

    /// What belongs to that of which this is the name, as far as it is not known.
    pub fn belonging(self, what: &str) -> Name {
        self.map(str::to_owned, what)
    }

    pub(super) fn map(self, change: impl Fn(&str) -> String, function: &str) -> Name {
        match self.as_literal() {
            Some(text) => Name::text(&change(text)),
            None => Name(
                self.0
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => Piece::Text(change(&text)),
                        Piece::Open { folder, text } => {
                            Piece::Open { folder, text: format!("{function}({text})") }
                        }
                    })
                    .collect(),
            ),
        }
    }
}

/// Whether what both names begin or end with can be that of one text.
fn fit(one: Option<&Piece>, other: Option<&Piece>, holds: impl Fn(&str, &str) -> bool) -> bool {
    match (one, other) {
        (Some(Piece::Text(one)), Some(Piece::Text(other))) => holds(one, other) || holds(other, one),
        _ => true,
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Open { text, .. } => write!(f, "${{{text}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_word_ends_at_a_slash() {
        let id = |text: &str| Name::text(text).behind("/databaseAccounts/");
        assert_eq!(id("/x/databaseAccounts/a"), Some(Name::text("a")));
        assert_eq!(id("/x/databaseaccounts/a/sqlDatabases/b"), Some(Name::text("a")));
        assert_eq!(id("/x/storageAccounts/a"), None);
        assert_eq!(id("/x/databaseAccounts/"), None);
        let open = Name::open("", "var.x");
        let text = Name::text;
        let whole =
            Name::join([open.clone(), text("/databaseAccounts/b-"), open.clone(), text("-c/d"), text("e")]);
        assert_eq!(
            whole.behind("/databaseAccounts/"),
            Some(Name::join([text("b-"), open.clone(), text("-c")]))
        );
        assert_eq!(open.behind("/databaseAccounts/"), None);
    }

    #[test]
    fn names_differ_where_what_is_known_of_them_does() {
        let open = |text: &str| Name::open("a", text);
        let name = |before: Name, after: &str| Name::join([before, Name::text(after)]);
        for (one, other, differs) in [
            (Name::text("a"), Name::text("b"), true),
            (Name::text("a"), Name::text("a"), false),
            (open("var.x"), open("var.y"), false),
            (open("var.x"), Name::text("a"), false),
            (name(open("var.x"), "-eu"), name(open("var.x"), "-us"), true),
            (name(open("var.x"), "-eu"), name(open("var.y"), "-eu"), false),
            (name(open("var.x"), "-eu"), name(open("var.y"), "-us"), true),
            (name(open("var.x"), "-eu"), name(open("var.y"), "-a-eu"), false),
            (
                Name::join([Name::text("a-"), open("var.x")]),
                Name::join([Name::text("b-"), open("var.y")]),
                true,
            ),
            (
                Name::join([Name::text("a-"), open("var.x")]),
                Name::join([Name::text("a-b-"), open("var.y")]),
                false,
            ),
            (name(open("var.x"), "-eu"), open("var.x"), true),
            (name(open("var.x"), "-eu"), Name::text("shop-us"), true),
        ] {
            assert_eq!(one.differs(&other), differs, "{one} {other}");
            assert_eq!(other.differs(&one), differs, "{other} {one}");
        }
    }
}

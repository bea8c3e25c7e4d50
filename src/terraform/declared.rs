//! What people declare about a tree because the code alone does not tell it: accounts with several names, and places
//! that read both slots on purpose. Where declarations are written is not known here.

use super::account::Symbol;

/// An account as a person declares it: its name, and the symbols that stand for it. `*` stands for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredAccount {
    pub name: String,
    pub symbols: Vec<String>,
}

/// What a person declares about a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub accounts: Vec<DeclaredAccount>,
    /// Places that read both slots on purpose, as `FOLDER:PLACE`, the place as `keyslot check` names it after “in”.
    pub mirrors: Vec<String>,
    /// The tree's root, as folders in patterns are written; empty where they start at it.
    pub root: String,
}

impl Declared {
    /// Whether both slots are read on purpose where a value is bound like this.
    pub fn is_mirror(&self, folder: &str, binding: &[String]) -> bool {
        let place = format!("{}:{}", self.folder(folder), binding.join("."));
        self.mirrors.iter().any(|pattern| matches(pattern, &place))
    }

    fn folder(&self, folder: &str) -> String {
        match (self.root.is_empty(), folder.is_empty()) {
            (true, _) => folder.to_owned(),
            (false, true) => self.root.clone(),
            (false, false) => format!("{}/{folder}", self.root),
        }
    }

    /// Whether a symbol stands for a declared account.
    pub(super) fn means(&self, account: &DeclaredAccount, symbol: &Symbol) -> bool {
        account.means(&Symbol { folder: self.folder(&symbol.folder), ..symbol.clone() })
    }
}

impl DeclaredAccount {
    fn means(&self, symbol: &Symbol) -> bool {
        let (full, address) = (symbol.to_string(), symbol.address());
        self.symbols.iter().any(|pattern| matches(pattern, &full) || matches(pattern, &address))
    }
}

/// Whether a text is as a pattern says, in which `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_any_text_at_their_stars() {
        for (pattern, text, means) in [
            ("a:b", "a:b", true),
            ("a:*", "a:b", true),
            ("*.main", "x:azurerm_cosmosdb_account.main", true),
            ("a*c*e", "abcde", true),
            ("a*c", "abcd", false),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), means, "{pattern} {text}");
        }
    }
}

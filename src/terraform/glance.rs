//! A look at a file's bytes that decides whether the file must be parsed, at several gigabytes a second.
//!
//! Owns the words by which a file matters of itself ([`SEEDS`]). Everything that keyslot reports starts in a file
//! that holds one of them; what lies between there and here is asked for later (see [`super::demand`]). Must
//! never be right by luck: a word may be missing here only if no fact can begin without another one.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind, packed};

use super::balance::adds_up;
use super::literal::may_hold_key;
use super::syntax::{Syntax, is_deployment, must_be_named};

/// A file that holds one of these is parsed, whatever else is in the tree. They are compared byte by byte: where
/// Azure ignores the case of a name, the spellings in use stand here, without a first letter that varies.
const SEEDS: &[&str] = &[
    // Every account: `azurerm_cosmosdb_account`, and names that people give; `cosmodb` is in use, too.
    "cosmo",
    "Cosmo",
    "COSMO",
    // `Microsoft.DocumentDB/databaseAccounts`, and the endpoint of an account.
    "ocumentdb",
    "ocumentDB",
    "ocuments.azure",
    // The part of a connection string that holds it.
    "ccountEndpoint=",
    "ccountendpoint=",
    // `listKeys`, as an action and as a function of ARM templates.
    "istKeys",
    "istkeys",
    // A key in an answer of `listKeys`, wherever it is read.
    "MasterKey",
    // Names that no other service's keys have, which modules and states hand out as they are.
    "_master_key",
    "_readonly_key",
    "_mongodb_connection_string",
    "_sql_connection_string",
    // Keys that come out of these are read by the name of the type, wherever that is.
    "azapi_resource_action",
    "template_deployment",
    // Comments that silence a finding.
    "keyslot:",
    // An escape that spells a letter: any word could hide behind it.
    "\\u00",
    "\\U00",
];

/// Words that make a file matter once something else is known.
const WAYPOINTS: &[(&str, Waypoint)] =
    &[("terraform_remote_state", Waypoint::RemoteState), ("backend", Waypoint::Backend)];

/// How the path of a local module starts, or is.
const PATHS: &[&str] = &["\"./", "\"../", "\".\"", "\"..\""];

/// What a file may hand on from one root to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waypoint {
    RemoteState,
    /// Where a root's state lies, by which others find it.
    Backend,
}

/// What a file's bytes say without being parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Whether the file matters of itself.
    pub matters: bool,
    /// Whether brackets and quotes add up. Where they do not, the file is parsed to see what is wrong.
    pub adds_up: bool,
    /// Quoted relative paths, as they are written.
    pub(super) paths: Vec<String>,
    pub(super) waypoints: Vec<Waypoint>,
}

impl Glance {
    /// `path` gives the syntax. Files that are few by nature are not looked into: they always matter.
    pub fn of(path: &str, bytes: &[u8]) -> Glance {
        let mut glance = Glance { adds_up: adds_up(bytes), ..Glance::default() };
        match Syntax::of(path) {
            // JSON can spell anything in another way, and Terragrunt hands on whole objects.
            Some(Syntax::Json) => glance.matters = true,
            Some(Syntax::Terragrunt) => glance.matters = !must_be_named(path),
            Some(Syntax::Native) if is_deployment(path) => glance.matters = true,
            Some(Syntax::Native | Syntax::Variables | Syntax::VariablesJson) => glance.search(bytes),
            None => {}
        }
        glance
    }

    fn search(&mut self, bytes: &[u8]) {
        self.matters |= may_hold_key(bytes);
        WORDS.each(bytes, |pattern, end| {
            if pattern < SEEDS.len() {
                self.matters = true;
            } else if let Some((_, waypoint)) = WAYPOINTS.get(pattern - SEEDS.len()) {
                if !self.waypoints.contains(waypoint) {
                    self.waypoints.push(*waypoint);
                }
            } else {
                let start = end - PATHS[pattern - SEEDS.len() - WAYPOINTS.len()].len();
                self.path(&bytes[start + 1..]);
            }
        });
    }

    /// `rest` starts at the path's first byte.
    fn path(&mut self, rest: &[u8]) {
        let Some(length) = memchr::memchr2(b'"', b'\n', rest) else { return };
        let path = &rest[..length];
        // `$${` and `\` stand for other characters: only the parser can say for which.
        self.matters |= path.contains(&b'\\') || memchr::memmem::find(path, b"$${").is_some();
        if let Ok(path) = std::str::from_utf8(path)
            && !path.contains("${")
            && !self.paths.iter().any(|known| known == path)
        {
            self.paths.push(path.to_owned());
        }
    }
}

static WORDS: LazyLock<Words> = LazyLock::new(Words::new);

/// All words above, in their order. Paths are looked for in a pass of their own: they are so short, and begin so much like
/// any other text, that with them the search for the others takes three times as long as both passes.
enum Words {
    Packed {
        long: packed::Searcher,
        paths: packed::Searcher,
    },
    /// For processors without the instructions that these need.
    Automaton(AhoCorasick),
    /// Neither could be made: every file matters.
    Unsearchable,
}

impl Words {
    fn new() -> Words {
        let packed = |words: Vec<&str>| packed::Searcher::new(words);
        if let (Some(long), Some(paths)) = (packed(long_words().collect()), packed(PATHS.to_vec())) {
            return Words::Packed { long, paths };
        }
        match AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words()) {
            Ok(automaton) => Words::Automaton(automaton),
            Err(_) => Words::Unsearchable,
        }
    }

    /// The number of each word found and where it ends.
    fn each(&self, bytes: &[u8], mut found: impl FnMut(usize, usize)) {
        match self {
            Words::Packed { long, paths } => {
                long.find_iter(bytes).for_each(|it| found(it.pattern().as_usize(), it.end()));
                let before = SEEDS.len() + WAYPOINTS.len();
                paths.find_iter(bytes).for_each(|it| found(before + it.pattern().as_usize(), it.end()));
            }
            Words::Automaton(words) => {
                words.find_iter(bytes).for_each(|it| found(it.pattern().as_usize(), it.end()));
            }
            Words::Unsearchable => found(0, 0),
        }
    }
}

fn words() -> impl Iterator<Item = &'static str> {
    long_words().chain(PATHS.iter().copied())
}

fn long_words() -> impl Iterator<Item = &'static str> {
    SEEDS.iter().copied().chain(WAYPOINTS.iter().map(|(word, _)| *word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(text: &str) -> Glance {
        Glance::of("a.tf", text.as_bytes())
    }

    #[test]
    fn a_file_matters_by_any_of_its_words() {
        for text in SEEDS.iter().chain(&[
            "x = azurerm_cosmosdb_account.a.primary_key",
            "type = \"Microsoft.DocumentDB/databaseAccounts@2023-04-15\"",
            "resource \"azurerm_\\u0063osmosdb_account\" \"x\" {}",
            "# keyslot: ignore[mixed-slots] because",
        ]) {
            assert!(glance(text).matters, "{text}");
        }
        for text in ["x = azurerm_search_service.a.primary_key", "regex = \"\\\\d+\"", ""] {
            assert!(!glance(text).matters, "{text}");
        }
    }

    /// Matches do not overlap, so a word that ends as another begins could take its place.
    #[test]
    fn no_word_hides_another() {
        let words: Vec<&str> = words().collect();
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        for (at, first) in words.iter().enumerate() {
            for (other, second) in words.iter().enumerate() {
                let both_seeds = at < SEEDS.len() && other < SEEDS.len();
                // A quote that closes one path opens no other.
                let both_paths = first.starts_with("\".") && second.starts_with("\".");
                let hidden = (1..first.len()).any(|from| {
                    // What is looked for is a word of its own.
                    let within_a_word = letter(first.as_bytes()[from - 1]) && letter(second.as_bytes()[0]);
                    second.starts_with(&first[from..]) && !within_a_word
                });
                assert!(both_seeds || both_paths || !hidden, "{first} hides {second}");
                assert!(at == other || both_seeds || !first.contains(second), "{first} holds {second}");
            }
        }
    }

    #[test]
    fn module_paths_are_collected() {
        let text = "module \"a\" {\n  source = \"./a\"\n}\nmodule \"b\" { source = \"../b//c\" }\n\
                    x = file(\"./${var.x}\")\ny = \"..\"\nz = \"./open\nw = \"./a\"";
        assert_eq!(glance(text).paths, ["./a", "../b//c", "..", "./open"]);
        assert!(glance("source = \"./a$${b}\"").matters);
        assert!(glance("source = \"./a\\tb\"").matters);
    }

    #[test]
    fn waypoints_are_noticed() {
        assert_eq!(glance("data \"terraform_remote_state\" \"x\" {}").waypoints, [Waypoint::RemoteState]);
    }

    #[test]
    fn files_that_are_few_always_matter() {
        for (path, matters) in [
            ("a.tf.json", true),
            ("terragrunt.hcl", true),
            ("env.hcl", false),
            ("a.tfvars", false),
            ("a.tfvars.json", false),
        ] {
            assert_eq!(Glance::of(path, b"").matters, matters, "{path}");
        }
    }
}

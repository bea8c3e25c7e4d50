//! `literal-key`: a key is written out in the source.
//!
//! Comments count too: what is committed is known to all who can read the repository. The text of a key never
//! leaves: messages name its place and its length, and excerpts are masked where they are made.
//!
//! Keys of other services have the same form. Whose a key is, the names around it tell: the nearest that speaks of a
//! service decides, and where none does it is found.

use std::ops::Range;

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Argument, Block, Source, Tree, key_literals, says_another, says_cosmos};

pub const RULE: Rule = Rule {
    id: "literal-key",
    severity: Severity::Error,
    summary: "A key is written out in the source.",
    why: "Everybody who can read the repository, or could at any time since, has the key. It also stays behind when \
          the key is regenerated: no flip reaches it.",
    remedy: "Read the key from the account (`data \"azurerm_cosmosdb_account\"`) or from a Key Vault, then regenerate \
             the key: it is known, and removing the text does not change that.",
    before: r#"locals {
  cosmos_key = "bm90IGEga2V5LCBidXQgaXQgaXMgYXMgbG9uZyBhcyBvbmUgYW5kIGxvb2tzIGxpa2Ugb25lIHRvIGtleXNsbw=="
}
"#,
    after: r#"data "azurerm_cosmosdb_account" "orders" {
  name                = "orders-db"
  resource_group_name = "shop"
}

locals {
  cosmos_key = data.azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let files = tree.sources.iter().enumerate();
    let keys = |(file, source)| keys(tree, file, source).map(move |span| place(file, source, span));
    files.flat_map(keys).collect()
}

/// Places in the text, without the keys of other services where the text says that they are that.
fn keys<'t>(tree: &'t Tree, file: usize, source: &'t Source) -> impl Iterator<Item = Range<usize>> + 't {
    let text = source.text();
    key_literals(text).into_iter().filter(move |span| {
        !is_of_storage(&text[around(text, span)]) && !is_of_another(tree, file, source, span)
    })
}

/// Whether the nearest name that speaks of a service at all speaks of another one.
fn is_of_another(tree: &Tree, file: usize, source: &Source, span: &Range<usize>) -> bool {
    let text = source.text();
    let mut names: Vec<&str> = entry(text, span).into_iter().collect();
    match argument(tree, file, &source.to_file(span.clone())) {
        Some((block, argument)) if is_of_backend(block, argument) => return true,
        Some((block, argument)) => {
            names.push(&argument.name);
            names.extend(block.argument("name").and_then(|name| name.value.as_text()));
            names.extend(speaking(&block.words.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        None => names.extend(header(text, span)),
    }
    let speaks = |name: &&&str| says_cosmos(name) || says_another(name);
    names.iter().find(speaks).is_some_and(|name| says_another(name))
}

/// The argument that a place stands in, of a block that is known.
fn argument<'t>(tree: &'t Tree, file: usize, span: &Range<usize>) -> Option<(&'t Block, &'t Argument)> {
    let holds = |argument: &&Argument| argument.span.start <= span.start && span.end <= argument.span.end;
    let mut blocks = tree.blocks().filter(|(at, _)| *at == file);
    blocks.find_map(|(_, block)| Some((block, block.arguments.iter().find(holds)?)))
}

/// States lie in storage accounts, and the setting for their key is called `access_key` alone.
fn is_of_backend(block: &Block, argument: &Argument) -> bool {
    match block.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["terraform"] => argument.name.starts_with("backend."),
        ["data", "terraform_remote_state", _] => argument.name == "config",
        _ => false,
    }
}

fn place(file: usize, source: &Source, span: Range<usize>) -> Place {
    let message = format!(
        "a key is written out here ({} characters of the form of a Cosmos DB account's key)",
        span.len()
    );
    Place::new(file, source.to_file(span), message)
}

/// The string or the line that a place stands in.
fn around(text: &str, span: &Range<usize>) -> Range<usize> {
    let ends = ['"', '\n'];
    let start = text[..span.start].rfind(ends).map_or(0, |end| end + 1);
    let end = text[span.end..].find(ends).map_or(text.len(), |end| span.end + end);
    start..end
}

/// What the string is called on its line: `storage_key = "…"`, `"storage-key": "…"`, also in a comment.
fn entry<'t>(text: &'t str, span: &Range<usize>) -> Option<&'t str> {
    let before = text[..around(text, span).start].strip_suffix('"')?;
    let line = before.rfind('\n').map_or(before, |newline| &before[newline + 1..]);
    let name = line.trim_end().strip_suffix(['=', ':'])?.trim_end();
    match name.strip_suffix('"') {
        Some(quoted) => quoted.rfind('"').map(|quote| &quoted[quote + 1..]),
        None => {
            let of_name = |c: char| c.is_alphanumeric() || "_-".contains(c);
            Some(name.rsplit(|c| !of_name(c)).next().unwrap_or(name))
        }
    }
}

/// The words of a block that say whose key it is given, the nearest first: what a resource or a module is called says what
/// it is, and not what it is given.
fn speaking<'w>(words: &[&'w str]) -> Vec<&'w str> {
    match words {
        ["resource" | "ephemeral", kind, name] if kind.ends_with("_secret") => vec![name, kind],
        ["resource" | "data" | "ephemeral", kind, _] => vec![kind],
        ["variable" | "output", name] => vec![name],
        _ => Vec::new(),
    }
}

/// The same of the block that a place stands in, as files are laid out: blocks begin their line.
fn header<'t>(text: &'t str, span: &Range<usize>) -> Vec<&'t str> {
    let begins =
        |line: &&str| line.starts_with(|c: char| c.is_alphabetic()) && line.trim_end().ends_with('{');
    let line = text[..span.start].lines().rev().find(begins).unwrap_or_default();
    let words: Vec<&str> = line.split(['"', ' ', '{']).filter(|word| !word.is_empty()).collect();
    speaking(&words)
}

fn is_of_storage(connection_string: &str) -> bool {
    let text = connection_string.to_ascii_lowercase();
    text.contains("accountname=") && !text.contains("accountendpoint=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::check::tests::{check_rule, check_text};

    fn key() -> &'static str {
        RULE.before.split('"').nth(1).unwrap()
    }

    #[test]
    fn keys_are_found_in_strings_comments_and_files_that_do_not_parse() {
        assert_eq!(key().len(), 88);
        check_text(&format!("locals {{\n  # was {}\n  a = 1\n}}\n", key()), &[("literal-key", 2)]);
        check_text(
            &format!("locals {{\n  a = \"AccountEndpoint=https://x/;AccountKey={};\"\n}}\n", key()),
            &[("literal-key", 2)],
        );
        check_text(&format!("locals {{\n  a = \"{}\n}}\n", key()), &[("parse-error", 2), ("literal-key", 2)]);
    }

    #[test]
    fn keys_of_storage_accounts_are_not() {
        let text = format!(
            "locals {{\n  a = \"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={}\"\n}}\n",
            key()
        );
        check_text(&text, &[]);
    }

    #[test]
    fn keys_that_a_name_gives_to_another_service_are_not_either() {
        for text in [
            "storage_account_key = \"KEY\"\n",
            "locals {\n  eventhub_key = \"Endpoint=x;SharedAccessKey=KEY\"\n}\n",
            "locals {\n  keys = { a = 1, \"search-key\" = \"KEY\" }\n}\n",
            "locals {\n  storage = {\n    account_key = \"KEY\"\n  }\n}\n",
            "locals {\n  # storage_key = \"KEY\"\n}\n",
            "resource \"azurerm_key_vault_secret\" \"x\" {\n  name = \"storage-key\"\n  value = \"KEY\"\n}\n",
            "resource \"azurerm_key_vault_secret\" \"redis\" {\n  name = var.name\n  value = \"KEY\"\n}\n",
            "variable \"servicebus_key\" {\n  default = \"KEY\"\n}\n",
            "resource \"azurerm_storage_thing\" \"x\" {\n  key = \"KEY\"\n}\n",
            "terraform {\n  backend \"azurerm\" {\n    access_key = \"KEY\"\n  }\n}\n",
            "data \"terraform_remote_state\" \"x\" {\n  config = {\n    access_key = \"KEY\"\n  }\n}\n",
        ] {
            check_rule(RULE.id, &text.replace("KEY", key()), &[]);
        }
    }

    #[test]
    fn the_nearest_name_that_speaks_of_a_service_decides() {
        for (text, line) in [
            ("locals {\n  ssh = \"KEY\"\n}\n", 2),
            ("locals {\n  storage = {\n    cosmos_key = \"KEY\"\n  }\n}\n", 3),
            ("locals {\n  storage_of_cosmos = \"KEY\"\n}\n", 2),
            ("locals {\n  storage_key = var.x\n  y = \"KEY\"\n}\n", 3),
            ("locals {\n  keys = { storage = 1, b = \"KEY\" }\n}\n", 2),
            ("resource \"azurerm_linux_web_app\" \"search_api\" {\n  k = \"KEY\"\n}\n", 2),
            ("module \"redis_worker\" {\n  db_key = \"KEY\"\n}\n", 2),
            ("locals {\n  research = { account_key = \"KEY\" }\n}\n", 2),
            (
                "resource \"azurerm_key_vault_secret\" \"storage\" {\n  name = \"cosmos-key\"\n  value = \"KEY\"\n}\n",
                3,
            ),
            (
                "resource \"azurerm_storage_thing\" \"x\" {\n}\nresource \"a\" \"b\" {\n  key = \"KEY\"\n}\n",
                4,
            ),
            ("terraform {\n  backend \"azurerm\" {}\n}\nlocals {\n  access_key = \"KEY\"\n}\n", 5),
        ] {
            check_rule(RULE.id, &text.replace("KEY", key()), &[line]);
        }
    }

    #[test]
    fn the_message_tells_the_length_and_not_the_key() {
        let text = format!("locals {{\n  a = \"{}\"\n}}\n", key());
        let message = check(&Tree::read(&[("a.tf", text)])).remove(0).message;
        assert!(message.contains("88 characters") && !message.contains(&key()[..12]), "{message}");
    }
}

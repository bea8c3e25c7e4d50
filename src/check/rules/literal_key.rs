//! `literal-key`: a key is written out in the source.
//!
//! Comments count too: what is committed is known to all who can read the repository. The text of a key never
//! leaves: messages name its place and its length, and excerpts are masked where they are made.

use std::ops::Range;

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Source, Tree, key_literals};

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
    files.flat_map(|(file, source)| keys(source).map(move |span| place(file, source, span))).collect()
}

/// Places in the text, without the keys of storage accounts where the text says that they are that.
fn keys(source: &Source) -> impl Iterator<Item = Range<usize>> {
    let text = source.text();
    key_literals(text).into_iter().filter(move |span| !is_of_storage(around(text, span)))
}

fn place(file: usize, source: &Source, span: Range<usize>) -> Place {
    let message = format!(
        "a key is written out here ({} characters of the form of a Cosmos DB account's key)",
        span.len()
    );
    Place::new(file, source.to_file(span), message)
}

/// The string or the line that a place stands in.
fn around<'t>(text: &'t str, span: &Range<usize>) -> &'t str {
    let ends = ['"', '\n'];
    let start = text[..span.start].rfind(ends).map_or(0, |end| end + 1);
    let end = text[span.end..].find(ends).map_or(text.len(), |end| span.end + end);
    &text[start..end]
}

fn is_of_storage(connection_string: &str) -> bool {
    let text = connection_string.to_ascii_lowercase();
    text.contains("accountname=") && !text.contains("accountendpoint=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::check::tests::check_text;

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
    fn the_message_tells_the_length_and_not_the_key() {
        let text = format!("locals {{\n  a = \"{}\"\n}}\n", key());
        let message = check(&Tree::read(&[("a.tf", text)])).remove(0).message;
        assert!(message.contains("88 characters") && !message.contains(&key()[..12]), "{message}");
    }
}

//! `keyslot check` for people: findings with their lines, then each account with its slot and its references.

use std::fmt::Write as _;

use anstyle::Style;

use super::check_json::{SummaryJson, summary};
use super::claim::{claims, role_words, slot_colored};
use super::count::counted;
use super::excerpt::render_finding;
use super::rules::color;
use super::trace::of_runs;
use crate::check::{Finding, Severity};
use crate::terraform::{Account, JoinReason, Reference, Symbol, Tree, mask};

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The findings that count, each with its lines.
pub fn render_findings(tree: &Tree, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.silenced.is_none()) {
        text.push_str(&render_finding(tree, finding));
        text.push_str("\n\n");
    }
    text
}

pub fn render_check(tree: &Tree, findings: &[Finding]) -> String {
    let mut text = render_findings(tree, findings);
    for (at, account) in tree.accounts.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&render_account(tree, at, account));
    }
    let counts = render_summary(findings);
    if !counts.is_empty() {
        let gap = if tree.accounts.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{gap}{counts}");
    }
    // Names of people's own stand in it, and a name may hold anything.
    mask(&text).into_owned()
}

/// `2 errors, 1 warning, 3 silenced`; empty where there is nothing to count.
pub fn render_summary(findings: &[Finding]) -> String {
    let SummaryJson { errors, warnings, notes, silenced } = summary(findings);
    let of = |count: usize, severity: Severity| {
        let style = color(severity).on_default();
        (count > 0).then(|| format!("{style}{}{style:#}", counted(count, severity.as_str())))
    };
    let counts = [of(errors, Severity::Error), of(warnings, Severity::Warning), of(notes, Severity::Note)];
    let silenced = (silenced > 0).then(|| format!("{DIM}{silenced} silenced{DIM:#}"));
    counts.into_iter().chain([silenced]).flatten().collect::<Vec<_>>().join(", ")
}

fn render_account(tree: &Tree, at: usize, account: &Account) -> String {
    let mut text = format!("{NAME}{}{NAME:#}\n", account.key);
    for symbol in &account.symbols {
        text.push_str(&render_symbol(account, symbol));
    }
    for (access, reads) in claims(tree, at) {
        let _ = writeln!(text, "  {:<11} {}", access.as_str(), slot_colored(reads));
        let mine = |reference: &&Reference| reference.account == at && reference.access == access;
        for reference in tree.references.iter().filter(mine) {
            text.push_str(&render_reference(tree, reference));
        }
    }
    text
}

/// Another name of the account, and why it is taken for one. What it was joined with is named where that is not the
/// account's own name.
fn render_symbol(account: &Account, symbol: &Symbol) -> String {
    let of_this = |(one, other, reason): &(Symbol, Symbol, JoinReason)| {
        let with = if other == symbol { one } else { other };
        let is_later = account.symbols.iter().position(|known| known == with)
            < account.symbols.iter().position(|known| known == symbol);
        let with = match with.to_string() {
            with if with == account.key.as_str() => String::new(),
            with => format!(" ({with})"),
        };
        ((one == symbol || other == symbol) && is_later).then(|| format!("{reason}{with}"))
    };
    let reasons: Vec<String> = account.joined.iter().filter_map(of_this).collect();
    let own = symbol.to_string() == account.key.as_str();
    match (own, reasons.is_empty()) {
        (true, true) => String::new(),
        (_, true) => format!("  {DIM}also {symbol}{DIM:#}\n"),
        (_, false) => format!("  {DIM}also {symbol}: {}{DIM:#}\n", reasons.join("; ")),
    }
}

fn render_reference(tree: &Tree, reference: &Reference) -> String {
    let role = role_words(reference).map_or_else(String::new, |words| format!("  ({words})"));
    format!(
        "    {}  {}  {DIM}in {}{}{DIM:#}{role}\n",
        tree.place(reference.file, reference.span.start),
        reference.attribute,
        reference.binding.join("."),
        of_runs(reference)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::terraform::{Declared, DeclaredAccount};

    fn plain(tree: &Tree) -> String {
        anstream::adapter::strip_str(&render_check(tree, &check(tree))).to_string()
    }

    #[test]
    fn every_symbol_of_an_account_is_shown_with_what_joined_it() {
        let lookup = |name: &str| {
            format!(
                "data \"azurerm_cosmosdb_account\" \"{name}\" {{\n  name = var.{name}\n}}\nlocals {{\n  \
                     {name} = data.azurerm_cosmosdb_account.{name}.primary_key\n}}\n"
            )
        };
        let tree = Tree::read(&[("a.tf", ["a", "b", "c"].map(lookup).concat())]);
        let declared = |name: &str| Declared {
            accounts: vec![DeclaredAccount {
                name: name.to_owned(),
                symbols: vec!["data.azurerm_cosmosdb_account.*".to_owned()],
            }],
            ..Declared::default()
        };
        let text = plain(&tree.declaring(declared("orders")));
        let head: Vec<&str> = text.lines().take(5).collect();
        assert_eq!(
            head,
            [
                "orders",
                "  also data.azurerm_cosmosdb_account.a",
                "  also data.azurerm_cosmosdb_account.b: declared to be one account \
                 (data.azurerm_cosmosdb_account.a)",
                "  also data.azurerm_cosmosdb_account.c: declared to be one account \
                 (data.azurerm_cosmosdb_account.b)",
                "  read-write  primary",
            ]
        );
    }

    #[test]
    fn an_account_of_one_name_says_nothing_more() {
        let tree = Tree::read(&[("a.tf", "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n}\n")]);
        assert!(plain(&tree).starts_with("azurerm_cosmosdb_account.x\n  read-write  primary\n"));
    }

    #[test]
    fn an_account_whose_keys_are_offered_in_pairs_is_not_called_unread() {
        let pair = "locals {\n  keys = {\n    primary   = azurerm_cosmosdb_account.x.primary_key\n    secondary = \
                    azurerm_cosmosdb_account.x.secondary_key\n  }\n}\n";
        let text = plain(&Tree::read(&[("a.tf", pair)]));
        assert!(
            text.contains("read-write  both by design\n") && text.contains("read-only   not read\n"),
            "{text}"
        );
        let asked = "locals {\n  k = azurerm_cosmosdb_account.x.primary_key != \"\"\n}\n";
        assert!(plain(&Tree::read(&[("a.tf", asked)])).contains("read-write  not read\n"));
    }

    #[test]
    fn a_key_that_is_tried_after_another_says_so() {
        let code = "locals {\n  k = coalesce(azurerm_cosmosdb_account.x.primary_key, \
                    azurerm_cosmosdb_account.x.secondary_key)\n}\n";
        let text = plain(&Tree::read(&[("a.tf", code)]));
        assert!(
            text.contains("secondary_key  in locals.k  (taken where what stands before it is not there)"),
            "{text}"
        );
        assert!(text.contains("primary_key  in locals.k\n"), "{text}");
    }
}

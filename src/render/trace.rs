//! `keyslot check --trace`: which secret gets which slot, through which names, as a tree for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::claim::{claims, role_words, slot_colored};
use crate::terraform::{Flow, Hop, Reference, Role, Sink, SinkKind, Tree};

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const SECRET: Style = AnsiColor::Green.on_default().bold();

/// One tree an account: the slot in use, its references, the names that their keys pass, the places where they end.
/// What is not chosen, or not known to be, says so; an account of which nothing is known by name is there too.
pub fn render_trace(tree: &Tree) -> String {
    let mut text = String::new();
    for (at, account) in tree.accounts.iter().enumerate() {
        let references: Vec<usize> =
            (0..tree.references.len()).filter(|index| tree.references[*index].account == at).collect();
        if !text.is_empty() {
            text.push('\n');
        }
        let claims = claims(tree, at).map(|(access, reads)| format!("{access} {}", slot_colored(reads)));
        let _ = writeln!(text, "{NAME}{}{NAME:#}  {}", account.key, claims.join(", "));
        for (index, reference) in references.iter().enumerate() {
            let last = index + 1 == references.len();
            let (branch, below) = branches(last);
            let _ = writeln!(text, "{branch}{}", reference_line(tree, &tree.references[*reference]));
            let flows: Vec<&Flow> = tree.flows().iter().filter(|flow| flow.reference == *reference).collect();
            write_flows(tree, &flows, 0, below, &mut text);
        }
    }
    text
}

fn branches(last: bool) -> (&'static str, &'static str) {
    if last { ("└─ ", "   ") } else { ("├─ ", "│  ") }
}

/// The name that it is bound to is the one that `mirrors` in keyslot.toml take.
fn reference_line(tree: &Tree, reference: &Reference) -> String {
    let role = role_words(reference).map_or_else(String::new, |words| format!("  ({words})"));
    let runs = of_runs(reference);
    let quiet = if reference.role == Role::Unchosen { DIM } else { Style::new() };
    format!(
        "{quiet}{} {}  {}{quiet:#}  {DIM}in {}{DIM:#}{role}  {DIM}{}{runs}{DIM:#}",
        reference.slot,
        reference.access,
        reference.attribute,
        reference.binding.join("."),
        tree.place(reference.file, reference.span.start)
    )
}

/// The runs of a module's code that are meant, where others read a key of another account.
pub fn of_runs(reference: &Reference) -> String {
    let runs: Vec<String> = reference.runs().iter().map(ToString::to_string).collect();
    if runs.is_empty() { String::new() } else { format!("  of {}", runs.join(", ")) }
}

/// Flows with equal beginnings share their lines.
fn write_flows(tree: &Tree, flows: &[&Flow], depth: usize, margin: &str, text: &mut String) {
    let mut groups: Vec<(Option<&Hop>, Vec<&Flow>)> = Vec::new();
    for flow in flows {
        let hop = flow.hops.get(depth);
        match groups.iter_mut().find(|(known, _)| hop.is_some() && *known == hop) {
            Some((_, group)) => group.push(flow),
            None => groups.push((hop, vec![flow])),
        }
    }
    let count = groups.len();
    for (index, (hop, group)) in groups.into_iter().enumerate() {
        let (branch, below) = branches(index + 1 == count);
        match hop {
            Some(hop) => {
                let place = tree.place(hop.file, hop.span.start);
                let _ = writeln!(text, "{margin}{branch}{}  {DIM}{place}{DIM:#}", hop.name);
                write_flows(tree, &group, depth + 1, &format!("{margin}{below}"), text);
            }
            None => {
                for flow in group {
                    let sink = &flow.sink;
                    let place = tree.place(sink.file, sink.span.start);
                    let _ = writeln!(text, "{margin}{branch}{}  {DIM}{place}{DIM:#}", sink_words(sink));
                    for (index, back) in sink.read_back.iter().enumerate() {
                        let (branch, _) = branches(index + 1 == sink.read_back.len());
                        let place = tree.place(back.file, back.span.start);
                        let to = back.binding.join(".");
                        let _ = writeln!(
                            text,
                            "{margin}{below}{branch}read back as {}  {DIM}in {to}  {place}{DIM:#}",
                            back.name
                        );
                    }
                }
            }
        }
    }
}

fn sink_words(sink: &Sink) -> String {
    match sink.kind {
        SinkKind::KeyVaultSecret => format!("{SECRET}Key Vault secret {}{SECRET:#}", sink.name),
        _ => format!("{} {}", sink_kind(sink.kind), sink.name),
    }
}

/// What a sink is, in words.
pub fn sink_kind(kind: SinkKind) -> &'static str {
    match kind {
        SinkKind::KeyVaultSecret => "Key Vault secret",
        SinkKind::Argument => "argument",
        SinkKind::Setting => "setting",
        SinkKind::RootOutput => "leaves the tree as output",
        SinkKind::Input => "input of code that is not here",
        SinkKind::Unread => "read by nobody:",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_tree;

    fn plain(text: &str) -> String {
        let mut plain = String::new();
        let mut escape = false;
        for letter in text.chars() {
            match (escape, letter) {
                (false, '\u{1b}') => escape = true,
                (true, 'm') => escape = false,
                (false, letter) => plain.push(letter),
                (true, _) => {}
            }
        }
        plain
    }

    #[test]
    fn the_example_shows_its_secret_under_the_names_that_lead_to_it() {
        let text = plain(&render_trace(&Tree::read(&example_tree())));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(
            lines[0].ends_with("azurerm_cosmosdb_account.main  read-write primary, read-only not read"),
            "{text}"
        );
        let first = "└─ primary read-write  primary_key  in locals.secrets.CosmosDb-ApiKey  ";
        assert!(lines[1].starts_with(first), "{text}");
        assert!(lines[2].starts_with("   └─ local.secrets[\"CosmosDb-ApiKey\"]  "), "{text}");
        assert!(lines[3].starts_with("      └─ Key Vault secret CosmosDb-ApiKey  "), "{text}");
    }

    #[test]
    fn ways_that_part_share_what_they_have_in_common() {
        let tree = Tree::read(&[(
            "a.tf",
            "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n  m = { a = local.k, b = local.k }\n}\noutput \
             \"o\" {\n  value = local.k\n}\n",
        )]);
        let text = plain(&render_trace(&tree));
        assert_eq!(text.lines().filter(|line| line.starts_with("└─")).count(), 1, "{text}");
        assert_eq!(text.lines().filter(|line| line.contains("local.k  ")).count(), 3, "{text}");
    }

    fn traced(text: &str) -> String {
        plain(&render_trace(&Tree::read(&[("a.tf", text)])))
    }

    #[test]
    fn branches_say_whether_they_are_chosen_or_nobody_knows() {
        let choice = "locals {\n  k = var.slot == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : \
                      azurerm_cosmosdb_account.x.secondary_key\n}\n";
        let known = traced(&format!("variable \"slot\" {{\n  default = \"primary\"\n}}\n{choice}"));
        let lines: Vec<&str> = known.lines().collect();
        assert!(lines[0].ends_with("read-write primary, read-only not read"), "{known}");
        assert!(lines[1].contains("primary_key  in locals.k  (chosen by a value)"), "{known}");
        assert!(lines[3].contains("secondary_key  in locals.k  (not chosen)"), "{known}");
        let unknown = traced(choice);
        assert!(unknown.lines().next().unwrap().contains("read-write unknown"), "{unknown}");
        assert_eq!(unknown.matches("(unknown: chosen at run time)").count(), 2, "{unknown}");
    }

    #[test]
    fn an_account_of_which_no_key_is_named_is_unknown_and_there() {
        let text = traced("locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n");
        assert_eq!(text, "azurerm_cosmosdb_account.x  read-write unknown, read-only unknown\n");
    }

    #[test]
    fn names_that_nothing_reads_are_spelt_as_declarations_take_them() {
        let text = traced("locals {\n  a = { b = azurerm_cosmosdb_account.x.primary_key }\n}\n");
        assert!(text.contains("in locals.a.b  ") && text.contains("read by nobody: locals.a.b  "), "{text}");
    }
}

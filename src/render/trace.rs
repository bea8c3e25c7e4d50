//! `keyslot check --trace`: which secret gets which slot, through which names, as a tree for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::terraform::{Flow, Hop, Reference, Sink, SinkKind, Tree};

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const SECRET: Style = AnsiColor::Green.on_default().bold();

/// One tree an account: its references, the names that their keys pass, the places where they end.
pub fn render_trace(tree: &Tree) -> String {
    let mut text = String::new();
    for (at, account) in tree.accounts.iter().enumerate() {
        let references: Vec<usize> =
            (0..tree.references.len()).filter(|index| tree.references[*index].account == at).collect();
        if references.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{NAME}{}{NAME:#}", account.key);
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

fn reference_line(tree: &Tree, reference: &Reference) -> String {
    format!(
        "{} {}  {}  {DIM}{}{DIM:#}",
        reference.slot,
        reference.access,
        reference.attribute,
        tree.place(reference.file, reference.span.start)
    )
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
        SinkKind::RootOutput => "output of a root",
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
        assert!(lines[1].starts_with("└─ primary read-write  primary_key  "), "{text}");
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
}

//! `keyslot check --output mermaid`: accounts, references, names and sinks as a flowchart that forges draw.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::claim::{claims, role_words, slot_words};
use super::trace::sink_kind;
use crate::model::Slot;
use crate::terraform::{Reference, Role, SinkKind, Tree};

/// The flowchart, without the fence that a Markdown file puts around it.
pub fn render_mermaid(tree: &Tree) -> String {
    let mut chart = Chart::default();
    for account in 0..tree.accounts.len() {
        chart.node(format!("a{account}"), &account_label(tree, account), Shape::Account);
    }
    for flow in tree.flows() {
        let reference = &tree.references[flow.reference];
        let mut line = arrow(reference.role);
        let at = format!("r{}", flow.reference);
        let mut from = chart.node(at, &reference_label(tree, reference), reference_shape(reference));
        chart.arrow(&format!("a{}", reference.account), line, &from);
        for hop in &flow.hops {
            // One expression may read several names: each element of a map that is handed on whole.
            let id = format!("h{}x{}x{}", hop.file, hop.span.start, chart.number(&hop.name));
            let next = chart.node(id, &hop.name, Shape::Name);
            chart.arrow(&from, line, &next);
            // From here on, ways of several references may be one.
            line = SOLID;
            from = next;
        }
        let sink = &flow.sink;
        let label = format!("{} {}", sink_kind(sink.kind), sink.name);
        let shape = if sink.kind == SinkKind::KeyVaultSecret { Shape::Secret } else { Shape::Sink };
        let id = format!("s{}x{}x{}", sink.file, sink.span.start, chart.number(&label));
        let next = chart.node(id, &label, shape);
        chart.arrow(&from, line, &next);
    }
    chart.finish()
}

const SOLID: &str = "-->";
const DOTTED: &str = "-.->";

/// Keys that are not taken, that are only compared, or of which nobody knows, go along dotted lines.
fn arrow(role: Role) -> &'static str {
    match role {
        Role::Unchosen | Role::Choice | Role::Tested => DOTTED,
        Role::Consumer | Role::Definition | Role::Relay | Role::Chosen => SOLID,
    }
}

fn account_label(tree: &Tree, account: usize) -> String {
    let claims = claims(tree, account).map(|(access, reads)| format!("{access} {}", slot_words(reads)));
    format!("{} · {}", tree.accounts[account].key, claims.join(", "))
}

fn reference_label(tree: &Tree, reference: &Reference) -> String {
    let role = role_words(reference).map_or_else(String::new, |words| format!(" · {words}"));
    format!(
        "{} · {} · {}{role}",
        reference.attribute,
        reference.access,
        tree.place(reference.file, reference.span.start)
    )
}

#[derive(Clone, Copy)]
enum Shape {
    Account,
    Primary,
    Secondary,
    /// A reference that a known value does not choose.
    Unchosen,
    Name,
    Secret,
    Sink,
}

fn reference_shape(reference: &Reference) -> Shape {
    match (reference.role, reference.slot) {
        (Role::Unchosen, _) => Shape::Unchosen,
        (_, Slot::Primary) => Shape::Primary,
        (_, Slot::Secondary) => Shape::Secondary,
    }
}

#[derive(Default)]
struct Chart {
    nodes: BTreeMap<String, String>,
    /// In the order in which they are first met.
    lines: Vec<String>,
    arrows: Vec<String>,
    labels: BTreeMap<String, usize>,
}

impl Chart {
    /// A number for a label, the same for the same one.
    fn number(&mut self, label: &str) -> usize {
        let next = self.labels.len();
        *self.labels.entry(label.to_owned()).or_insert(next)
    }

    fn node(&mut self, id: String, label: &str, shape: Shape) -> String {
        if !self.nodes.contains_key(&id) {
            let label = escaped(label);
            let line = match shape {
                Shape::Account => format!("{id}[(\"{label}\")]"),
                Shape::Primary => format!("{id}[\"{label}\"]:::primary"),
                Shape::Secondary => format!("{id}[\"{label}\"]:::secondary"),
                Shape::Unchosen => format!("{id}[\"{label}\"]:::unchosen"),
                Shape::Name => format!("{id}(\"{label}\")"),
                Shape::Secret => format!("{id}{{{{\"{label}\"}}}}:::secret"),
                Shape::Sink => format!("{id}>\"{label}\"]"),
            };
            self.lines.push(line.clone());
            self.nodes.insert(id.clone(), line);
        }
        id
    }

    fn arrow(&mut self, from: &str, line: &str, to: &str) {
        let arrow = format!("{from} {line} {to}");
        if !self.arrows.contains(&arrow) {
            self.arrows.push(arrow);
        }
    }

    fn finish(self) -> String {
        let mut text = String::from("flowchart LR\n");
        for line in self.lines.iter().chain(&self.arrows) {
            let _ = writeln!(text, "  {line}");
        }
        text.push_str("  classDef primary fill:#dbeafe,stroke:#1d4ed8,color:#1e3a8a\n");
        text.push_str("  classDef secondary fill:#fef3c7,stroke:#b45309,color:#78350f\n");
        text.push_str("  classDef unchosen fill:#f3f4f6,stroke:#9ca3af,color:#6b7280\n");
        text.push_str("  classDef secret fill:#dcfce7,stroke:#15803d,color:#14532d\n");
        text
    }
}

/// Text between quotes: Mermaid has entities for what would end it.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '"' => "#quot;".to_owned(),
            '#' => "#35;".to_owned(),
            '<' => "#lt;".to_owned(),
            '>' => "#gt;".to_owned(),
            letter if letter.is_control() => " ".to_owned(),
            letter => letter.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_tree;

    #[test]
    fn the_example_is_a_chain_from_the_account_to_the_secret() {
        let text = render_mermaid(&Tree::read(&example_tree()));
        assert!(text.starts_with("flowchart LR\n"), "{text}");
        assert_eq!(text.matches(" --> ").count(), 3, "{text}");
        assert!(text.contains("Key Vault secret CosmosDb-ApiKey"), "{text}");
    }

    #[test]
    fn branches_that_are_not_taken_are_grey_and_dotted_and_claims_stand_at_the_account() {
        let choice = "locals {\n  k = var.slot == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : \
                      azurerm_cosmosdb_account.x.secondary_key\n  o = [azurerm_cosmosdb_account.y]\n}\n";
        let chart = |text: &str| render_mermaid(&Tree::read(&[("a.tf", text)]));
        let known = chart(&format!("variable \"slot\" {{\n  default = \"primary\"\n}}\n{choice}"));
        assert!(known.contains("x · read-write primary, read-only not read"), "{known}");
        assert!(known.contains("· chosen by a value\"]:::primary"), "{known}");
        assert!(known.contains("· not chosen\"]:::unchosen"), "{known}");
        assert!(known.contains("a0 --> r0") && known.contains("a0 -.-> r1"), "{known}");
        assert!(known.contains("a1[(\"azurerm_cosmosdb_account.y · read-write unknown"), "{known}");
        let unknown = chart(choice);
        assert_eq!(unknown.matches("-.->").count(), 4, "{unknown}");
    }

    #[test]
    fn names_that_are_read_at_one_place_stay_apart() {
        let text = "locals {\n  keys = {\n    a = azurerm_cosmosdb_account.x.primary_key\n    b = \
                    azurerm_cosmosdb_account.x.primary_readonly_key\n  }\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  \
                    for_each = local.keys\n  name     = each.key\n  value    = each.value\n}\n";
        let chart = render_mermaid(&Tree::read(&[("a.tf", text)]));
        for (name, secret) in [("a", "a"), ("b", "b")] {
            let node = format!("(\"local.keys[#quot;{name}#quot;]\")");
            let line = chart.lines().find(|line| line.ends_with(&node)).unwrap_or_else(|| panic!("{chart}"));
            let id = line.trim().strip_suffix(&node).unwrap();
            let onwards: Vec<&str> =
                chart.lines().filter_map(|line| line.trim().strip_prefix(&format!("{id} --> "))).collect();
            let [sink] = onwards.as_slice() else { panic!("{name}: {chart}") };
            let label = format!("{sink}{{{{\"Key Vault secret {secret}\"}}}}:::secret");
            assert!(chart.contains(&label), "{label}: {chart}");
        }
    }

    #[test]
    fn nothing_in_a_name_ends_its_quotes() {
        assert_eq!(escaped("a[\"b\"] #1 <x>"), "a[#quot;b#quot;] #35;1 #lt;x#gt;");
    }
}

//! `keyslot check --output mermaid`: accounts, references, names and sinks as a flowchart that forges draw.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::trace::sink_kind;
use crate::model::Slot;
use crate::terraform::{Reference, SinkKind, Tree};

/// The flowchart, without the fence that a Markdown file puts around it.
pub fn render_mermaid(tree: &Tree) -> String {
    let mut chart = Chart::default();
    for flow in tree.flows() {
        let reference = &tree.references[flow.reference];
        let account = tree.accounts[reference.account].key.to_string();
        let mut from = chart.node(format!("a{}", reference.account), &account, Shape::Account);
        let at = format!("r{}", flow.reference);
        let next = chart.node(at, &reference_label(tree, reference), slot_shape(reference.slot));
        chart.arrow(&from, &next);
        from = next;
        for hop in &flow.hops {
            let next = chart.node(format!("h{}x{}", hop.file, hop.span.start), &hop.name, Shape::Name);
            chart.arrow(&from, &next);
            from = next;
        }
        let sink = &flow.sink;
        let label = format!("{} {}", sink_kind(sink.kind), sink.name);
        let shape = if sink.kind == SinkKind::KeyVaultSecret { Shape::Secret } else { Shape::Sink };
        let id = format!("s{}x{}x{}", sink.file, sink.span.start, chart.number(&label));
        let next = chart.node(id, &label, shape);
        chart.arrow(&from, &next);
    }
    chart.finish()
}

fn reference_label(tree: &Tree, reference: &Reference) -> String {
    format!(
        "{} · {} · {}",
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
    Name,
    Secret,
    Sink,
}

fn slot_shape(slot: Slot) -> Shape {
    match slot {
        Slot::Primary => Shape::Primary,
        Slot::Secondary => Shape::Secondary,
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
                Shape::Name => format!("{id}(\"{label}\")"),
                Shape::Secret => format!("{id}{{{{\"{label}\"}}}}:::secret"),
                Shape::Sink => format!("{id}>\"{label}\"]"),
            };
            self.lines.push(line.clone());
            self.nodes.insert(id.clone(), line);
        }
        id
    }

    fn arrow(&mut self, from: &str, to: &str) {
        let arrow = format!("{from} --> {to}");
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
    fn nothing_in_a_name_ends_its_quotes() {
        assert_eq!(escaped("a[\"b\"] #1 <x>"), "a[#quot;b#quot;] #35;1 #lt;x#gt;");
    }
}

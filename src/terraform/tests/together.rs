//! Both keys in one list, or in one text.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{AllowedOpaque, Refusal, Tree, plan, plan_allowing};

const P: &str = "azurerm_cosmosdb_account.a.primary_key";
const S: &str = "azurerm_cosmosdb_account.a.secondary_key";

fn with_keys(expression: &str) -> String {
    let expression = expression.replace("$P", P).replace("$S", S);
    format!("resource \"x\" \"y\" {{\n  v = {expression}\n}}\n")
}

#[test]
fn a_byte_order_mark_makes_no_text_of_lines_one_expression() {
    let text = "resource \"x\" \"y\" {\n  script = <<-EOT\n    a=${azurerm_cosmosdb_account.x.primary_key}\n    b=${azurerm_cosmosdb_account.x.secondary_key}\n  EOT\n}\n";
    let refused = |text: &str| {
        let tree = Tree::read(&[("a.tf", text)]);
        plan(&tree, 0, Access::ReadWrite, Slot::Secondary).is_err()
    };
    assert_eq!(refused(text), refused(&format!("\u{feff}{text}")));
}

#[test]
fn one_of_both_keys_does_not_take_the_place_of_the_other() {
    for expression in [
        "[$P, $S]",
        "join(\",\", [$P, $S])",
        "jsonencode({ keys = [$P, $S] })",
        "[\"k=${$P}\", \"k=${$S}\"]",
        "\"${$P},${$S}\"",
        "coalesce($P, $S)",
        "coalesce(\n    $P,\n    $S,\n  )",
        "format(\"%s%s\",\n    $P,\n    $S)",
        "try($P, $S)",
        "<<-EOT\n    ${$P} ${$S}\n  EOT",
        "{ one = $P, two = $S }[\"one\"]",
        "{ one = $P, two = $S }.one",
        "{ primary = $P, secondary = $S }[\"primary\"]",
        "lookup({ one = $P, two = $S }, \"one\")",
        "element([{ k = $P }, { k = $S }], 0).k",
        "compact([$P, $S])",
        "compact([try($P, \"\"), try($S, \"\")])",
        "distinct([$P, $S])",
        "reverse([$P, $S])",
        "reverse([\"a\", $P, # two =\n    $S])",
        "reverse([\"a\", $P, /* two = */ $S])",
        "concat([try($P, \"\")], [try($S, \"\")])",
        "compact(concat([$P], [$S]))",
        "compact([$P, var.both ? $S : \"\"])",
        "[$P, var.both ? $S : \"\"]",
    ] {
        let text = with_keys(expression);
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed, "{expression}");
        for to in Slot::ALL {
            let refusals = plan(&tree, 0, Access::ReadWrite, to).unwrap_err();
            assert!(matches!(&refusals[..], [Refusal::BothTogether { .. }]), "{expression}: {refusals:?}");
        }
        let place = format!("a.tf:{}", tree.references[0].position.line);
        let allowed = AllowedOpaque(vec![place]);
        assert!(allowed.unused(&tree).is_empty(), "{expression}");
        let flip = plan_allowing(&tree, &[0], Access::ReadWrite, Slot::Secondary, &allowed).unwrap();
        assert_eq!(flip.edits.len(), 1, "{expression}");
    }
}

#[test]
fn what_goes_by_names_of_its_own_moves_one_by_one() {
    for expression in [
        "{ a = $P, b = $S }",
        "[{ k = $P }, { k = $S }]",
        "<<-EOT\n    A=${$P}\n    B=${$S}\n  EOT",
        "\"${$P}\"\n  w = \"${$S}\"",
        "[$P, $P]",
        "[$P, \"x\"]",
        "{ (var.a) = $P, (var.b) = $S }",
        "{ \"${var.a}-k\" = $P, \"${var.b}-k\" = $S }",
        "{ \"${var.a}-k\" : $P, \"${var.b}-k\" : $S }",
        "compact([$P, try($P, \"\")])",
    ] {
        let text = with_keys(expression);
        let tree = Tree::read(&[("a.tf", &text)]);
        let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
        assert!(!flip.edits.is_empty(), "{expression}");
        let place = AllowedOpaque(vec!["a.tf:2".to_owned()]);
        assert_eq!(place.unused(&tree), ["a.tf:2"], "{expression}");
    }
}

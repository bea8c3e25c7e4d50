//! What is known of the other slot's name, and what a flip makes of it.

use crate::model::{Access, Slot};
use crate::terraform::{AllowedOpaque, Counterpart, Refusal, Tree, plan, plan_allowing};

const MODULE: &str = "module \"cosmos\" {\n  source = \"Azure/cosmosdb/azurerm\"\n}\n";
const STATE: &str = "data \"terraform_remote_state\" \"cosmos\" {\n  backend = \"azurerm\"\n}\n";

fn reading(expression: &str) -> String {
    format!("resource \"a_b\" \"c\" {{\n  k = {expression}\n}}\n")
}

/// What is known of the first reference's counterpart.
fn known(path: &str, text: &str) -> Counterpart {
    let tree = Tree::read(&[(path, text)]);
    tree.references.first().unwrap_or_else(|| panic!("{text}")).counterpart
}

#[test]
fn the_other_name_of_an_output_that_is_not_here_is_assumed() {
    for (code, read) in [
        (MODULE, "module.cosmos.primary_key"),
        (MODULE, "module.cosmos.cosmosdb_primary_connection_string"),
        (STATE, "data.terraform_remote_state.cosmos.outputs.primary_key"),
        ("", "azurerm_template_deployment.cosmos.outputs[\"primaryKey\"]"),
    ] {
        let arm = "resource \"azurerm_template_deployment\" \"cosmos\" {\n  template_body = file(\"cosmos.json\")\n}\n";
        let text = reading(read) + code + if code.is_empty() { arm } else { "" };
        assert_eq!(known("a.tf", &text), Counterpart::Assumed, "{read}");
        let tree = Tree::read(&[("a.tf", &text)]);
        let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!((flip.edits.len(), flip.assumed(&tree).count()), (1, 1), "{read}");
    }
}

#[test]
fn a_name_that_somebody_reads_or_that_is_azures_own_is_known() {
    for (code, read) in [
        ("", "azurerm_cosmosdb_account.a.primary_key"),
        (MODULE, "module.cosmos.connection_strings[0]"),
        (MODULE, "module.cosmos.primary_key, secondary = module.cosmos.secondary_key"),
    ] {
        let text = reading(&format!("{{ primary = {read} }}")) + code;
        assert_eq!(known("a.tf", &text), Counterpart::Known, "{read}");
    }
    let dependency = |more: &str| {
        format!(
            "dependency \"cosmos\" {{\n  config_path = \"../cosmos\"\n  {more}\n}}\ninputs = {{\n  k = dependency.cosmos.outputs.primary_key\n}}\n"
        )
    };
    for (more, expected) in [
        ("", Counterpart::Assumed),
        ("mock_outputs = { primary_key = \"x\" }", Counterpart::Assumed),
        ("mock_outputs = { primary_key = \"x\", secondary_key = \"y\" }", Counterpart::Known),
        (
            "mock_outputs = { secondary_key = \"y\" }\n  mock_outputs_merge_strategy_with_state = \"shallow\"",
            Counterpart::Masked,
        ),
        (
            "mock_outputs = { secondary_key = \"y\" }\n  mock_outputs_merge_strategy_with_state = \"no_merge\"",
            Counterpart::Known,
        ),
    ] {
        assert_eq!(known("app/terragrunt.hcl", &dependency(more)), expected, "{more}");
    }
}

#[test]
fn what_would_go_by_in_silence_is_refused_until_a_person_vouches_for_it() {
    let defaults = "data \"terraform_remote_state\" \"cosmos\" {\n  defaults = { secondary_key = \"\" }\n}\n";
    for (code, read) in [
        (MODULE, "try(module.cosmos.primary_key, \"\")"),
        (MODULE, "\"k=${try(module.cosmos.primary_key, \"\")}\""),
        (STATE, "lookup(data.terraform_remote_state.cosmos.outputs, \"primary_key\", \"\")"),
        (defaults, "data.terraform_remote_state.cosmos.outputs.primary_key"),
    ] {
        let text = reading(read) + code;
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(known("a.tf", &text), Counterpart::Masked, "{read}");
        let refusals = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(
            matches!(&refusals[..], [Refusal::NotKnownToExist { name, .. }] if name == "secondary_key"),
            "{read}: {refusals:?}"
        );
        let place = tree.place(0, tree.references[0].span.start);
        let allowed = AllowedOpaque(vec![place]);
        assert!(allowed.unused(&tree).is_empty());
        let flip = plan_allowing(&tree, &[0], Access::ReadWrite, Slot::Secondary, &allowed).unwrap();
        assert_eq!(flip.edits.len(), 1, "{read}");
        // On the slot that is meant nothing changes, and nothing is asked.
        assert!(plan(&tree, 0, Access::ReadWrite, Slot::Primary).unwrap().edits.is_empty(), "{read}");
    }
    let strict = reading("lookup(data.terraform_remote_state.cosmos.outputs, \"primary_key\")") + STATE;
    assert_eq!(known("a.tf", &strict), Counterpart::Assumed);
}

#[test]
fn what_one_instance_hands_out_all_of_them_do() {
    let module = MODULE.replace("\n}", "\n  for_each = toset([\"eu\", \"us\"])\n}");
    let other = "locals {\n  k = module.cosmos[\"us\"].secondary_key\n}\n";
    let text = reading("module.cosmos[\"eu\"].primary_key") + &module;
    assert_eq!(known("a.tf", &text), Counterpart::Assumed);
    assert_eq!(known("a.tf", &(text + other)), Counterpart::Known);
}

#[test]
fn a_place_that_is_read_for_several_accounts_is_told_once() {
    let module = MODULE.replace("\n}", "\n  for_each = toset([\"eu\", \"us\"])\n}");
    let both = [0, 1];
    let text = reading("values(module.cosmos)[*].primary_key") + &module;
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(tree.accounts.len(), 2);
    let allowed = AllowedOpaque::default();
    let flip = plan_allowing(&tree, &both, Access::ReadWrite, Slot::Secondary, &allowed).unwrap();
    assert_eq!((flip.edits.len(), flip.changed.len(), flip.assumed(&tree).count()), (1, 2, 1));
    let text = reading("try(values(module.cosmos)[*].primary_key, [])") + &module;
    let tree = Tree::read(&[("a.tf", &text)]);
    let refusals = plan_allowing(&tree, &both, Access::ReadWrite, Slot::Secondary, &allowed).unwrap_err();
    assert!(
        matches!(&refusals[..], [Refusal::NotKnownToExist { of, .. }] if of == "module.cosmos"),
        "{refusals:?}"
    );
}

//! `one-sided-output`: a module hands out the key of one slot, and nothing of the other.
//!
//! A module is meant that is used from elsewhere: where its callers are in the tree, a flip changes the output's own
//! line and they follow.

use std::collections::BTreeMap;

use crate::check::{Place, Rule, Severity};
use crate::model::{Access, Slot};
use crate::terraform::{Flow, Reference, SinkKind, Tree};

pub const RULE: Rule = Rule {
    id: "one-sided-output",
    severity: Severity::Warning,
    summary: "A module hands out the key of one slot and nothing of the other.",
    why: "Whoever uses the module cannot move to the other slot without a new version of it. In a rotation that is a \
          release of the module, and then another one to go back, before the first consumer can move.",
    remedy: "Hand out both slots, each under a name of its own: callers then choose, and a rotation changes them alone.",
    before: r#"output "cosmos_key" {
  value     = azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}
"#,
    after: r#"output "cosmos_primary_key" {
  value     = azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}

output "cosmos_secondary_key" {
  value     = azurerm_cosmosdb_account.orders.secondary_key
  sensitive = true
}
"#,
    look,
};

/// The outputs of one folder that hand out keys of one account and access.
type Group<'t> = (&'t str, usize, Access);

fn look(tree: &Tree) -> Vec<Place> {
    let mut groups: BTreeMap<Group<'_>, Vec<&Flow>> = BTreeMap::new();
    let handed_out =
        |flow: &&Flow| flow.sink.kind == SinkKind::RootOutput && !tree.is_root_module(flow.sink.file);
    for flow in tree.flows().iter().filter(handed_out) {
        let reference = &tree.references[flow.reference];
        let group = (tree.sources[flow.sink.file].folder(), reference.account, reference.access);
        groups.entry(group).or_default().push(flow);
    }
    groups.into_iter().filter_map(|(group, flows)| one_sided(tree, group, &flows)).collect()
}

/// The finding stands at the first of the outputs.
fn one_sided(tree: &Tree, (folder, account, access): Group<'_>, flows: &[&Flow]) -> Option<Place> {
    let slot_of = |flow: &Flow| tree.references[flow.reference].slot;
    let first = flows.iter().min_by_key(|flow| (flow.sink.file, flow.sink.span.start))?;
    let slot = slot_of(first);
    if Slot::ALL.iter().all(|slot| flows.iter().any(|flow| slot_of(flow) == *slot)) {
        return None;
    }
    // Its reader may be known, as a configuration that depends on the module is.
    let offered = |reference: &Reference| {
        (reference.account, reference.access, reference.slot) == (account, access, slot.other())
            && reference.binding.first().is_some_and(|word| word == "output")
            && tree.sources[reference.file].folder() == folder
    };
    if tree.references.iter().any(offered) {
        return None;
    }
    let message = format!(
        "this module hands out the {slot} {access} key of {} as `{}` and nothing of the {} one",
        tree.accounts[account].key,
        first.sink.name,
        slot.other()
    );
    Some(Place::new(first.sink.file, first.sink.span.clone(), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::check_rule;

    const ID: &str = RULE.id;

    #[test]
    fn one_finding_tells_of_all_outputs_of_a_slot() {
        let outputs = "output \"a\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n\
             output \"b\" {\n  value = [azurerm_cosmosdb_account.x.secondary_sql_connection_string]\n}\n";
        check_rule(ID, outputs, &[1]);
        let both =
            format!("{outputs}output \"c\" {{\n  value = azurerm_cosmosdb_account.x.primary_key\n}}\n");
        check_rule(ID, &both, &[]);
        let read_only = both.replace("primary_key", "primary_readonly_key");
        check_rule(ID, &read_only, &[1, 7]);
    }

    #[test]
    fn an_output_that_is_read_through_a_dependency_is_on_offer_too() {
        let both = RULE.after;
        let files = [
            ("db/outputs.tf", both),
            (
                "app/terragrunt.hcl",
                "dependency \"db\" {\n  config_path = \"../db\"\n}\ninputs = {\n  key = dependency.db.outputs.cosmos_primary_key\n}\n",
            ),
        ];
        let found = crate::check::check(&Tree::read(&files));
        assert!(found.iter().all(|finding| finding.rule.id != ID), "{found:?}");
    }

    #[test]
    fn roots_and_modules_with_callers_are_not_meant() {
        check_rule(ID, &format!("provider \"azurerm\" {{\n  features {{}}\n}}\n{}", RULE.before), &[]);
        let called = [
            ("main.tf", "module \"m\" {\n  source = \"./m\"\n}\nlocals {\n  k = [module.m.cosmos_key]\n}\n"),
            ("m/outputs.tf", RULE.before),
        ];
        let found = crate::check::check(&Tree::read(&called));
        assert!(found.iter().all(|finding| finding.rule.id != ID), "{found:?}");
    }
}

//! Plans judged: what a rotation may do, and each thing that it may not.

use super::*;
use crate::model::{Access, example_tree};
use crate::terraform::Tree;
use crate::terraform::plan::{OutputChange, read_plan};

const ADDRESS: &str = "module.stamp[\"eastus2\"].azurerm_key_vault_secret.stamp[\"CosmosDb-ApiKey\"]";

fn change(kind: &str, actions: &[&str], attributes: &[&str]) -> ResourceChange {
    ResourceChange {
        address: format!("{kind}.x"),
        kind: kind.to_owned(),
        name: "x".to_owned(),
        index: None,
        data: false,
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        moved_from: None,
        imported: false,
        deposed: false,
        attributes: attributes
            .iter()
            .map(|path| Attribute { path: (*path).to_owned(), known: !FOLLOWING.contains(path) })
            .collect(),
        secret: None,
    }
}

/// The example's secret, as the stamp's `for_each` makes it.
fn secret(actions: &[&str], attributes: &[&str]) -> ResourceChange {
    ResourceChange {
        address: ADDRESS.to_owned(),
        name: "stamp".to_owned(),
        index: Some("CosmosDb-ApiKey".to_owned()),
        secret: Some("CosmosDb-ApiKey".to_owned()),
        ..change(KEY_VAULT_SECRET, actions, attributes)
    }
}

fn plan(changes: Vec<ResourceChange>) -> Plan {
    Plan { changes, errored: Some(false), complete: Some(true), applyable: Some(true), ..Plan::default() }
}

fn named() -> Expectation {
    Expectation::named(&["cosmosdb-apikey".to_owned()])
}

#[track_caller]
fn judged(change: ResourceChange) -> Option<Why> {
    let judgement = judge(&plan(vec![change]), &named());
    assert_eq!(judgement.is_clean(), judgement.unexpected.is_empty());
    assert_eq!(judgement.expected.len() + judgement.unexpected.len(), 1);
    judgement.unexpected.first().map(|unexpected| unexpected.why)
}

#[test]
fn a_secret_that_the_plan_knows_and_leaves_as_it_is_was_missed() {
    let tree = Tree::read(&[(
        "a.tf",
        ["a", "b", "c"]
            .map(|name| {
                format!("resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  name = \"{name}\"\n  value = azurerm_cosmosdb_account.x.primary_key\n}}\n")
            })
            .concat(),
    )]);
    let change = |name: &str, actions: &str, value: &str| {
        format!(
            r#"{{"address": "azurerm_key_vault_secret.{name}", "mode": "managed", "type": "azurerm_key_vault_secret", "name": "{name}",
            "change": {{"actions": ["{actions}"], "before": {{"name": "{name}", "value": "o"}}, "after": {{"name": "{name}", "value": "{value}"}}}}}}"#
        )
    };
    let expectation = Expectation::default().and_of(&tree);
    let missed = |changes: &[String]| {
        let text = format!(
            r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{}]}}"#,
            changes.join(",")
        );
        let judgement = judge(&read_plan(text.as_bytes()).unwrap(), &expectation);
        assert_eq!(judgement.is_clean(), judgement.missed.is_empty());
        judgement.missed.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let [a, b] = ["a", "b"].map(|name| change(name, "update", "n"));
    assert_eq!(missed(&[a.clone(), b.clone(), change("c", "no-op", "o")]), ["c"]);
    // Of another root.
    assert_eq!(missed(&[a, b]), [""; 0]);
}

#[test]
fn a_secret_with_a_key_of_the_other_kind_may_stay_as_it_is() {
    let secret = |name: &str, key: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  name = \"{name}\"\n  value = azurerm_cosmosdb_account.{key}\n}}\n"
        )
    };
    let of = |other: &str| Tree::read(&[("a.tf", secret("a", "x.primary_key") + &secret("b", other))]);
    let change = |name: &str, actions: &str, value: &str| {
        format!(
            r#"{{"address": "azurerm_key_vault_secret.{name}", "mode": "managed", "type": "azurerm_key_vault_secret", "name": "{name}",
            "change": {{"actions": ["{actions}"], "before": {{"name": "{name}", "value": "o"}}, "after": {{"name": "{name}", "value": "{value}"}}}}}}"#
        )
    };
    let changes = [change("a", "update", "n"), change("b", "no-op", "o")].join(",");
    let text =
        format!(r#"{{"format_version": "1.2", "planned_values": {{}}, "resource_changes": [{changes}]}}"#);
    let plan = read_plan(text.as_bytes()).unwrap();
    for (other, clean) in
        [("x.primary_readonly_key", true), ("y.primary_key", true), ("x.primary_key", false)]
    {
        let judgement = judge(&plan, &Expectation::default().and_of(&of(other)));
        assert_eq!(judgement.missed.is_empty(), clean, "{other}: {judgement:?}");
    }
}

#[test]
fn a_new_value_in_place_is_expected_and_what_follows_from_it_too() {
    for attributes in
        [&["value"][..], &["value_wo_version"], &["id", "value", "version", "versionless_id", "resource_id"]]
    {
        assert_eq!(judged(secret(&["update"], attributes)), None, "{attributes:?}");
    }
}

#[test]
fn whatever_else_happens_to_the_secret_is_not() {
    for (actions, attributes, why) in [
        (&["delete", "create"][..], &["value"][..], Why::SecretRemoved),
        (&["create", "delete"], &["value"], Why::SecretRemoved),
        (&["delete"], &[], Why::SecretRemoved),
        (&["forget"], &[], Why::SecretRemoved),
        (&["create"], &[], Why::SecretCreated),
        (&["update"], &["tags.owner", "value"], Why::BesideValue),
        (&["update"], &["content_type"], Why::BesideValue),
        (&["update"], &["version"], Why::BesideValue),
        (&["update"], &[], Why::BesideValue),
        (&["ponder"], &["value"], Why::StateOnly),
    ] {
        assert_eq!(judged(secret(actions, attributes)), Some(why), "{actions:?} {attributes:?}");
    }
    let moved = ResourceChange { moved_from: Some("x".to_owned()), ..secret(&["update"], &["value"]) };
    assert_eq!(judged(moved), Some(Why::StateOnly));
    let imported = ResourceChange { imported: true, ..secret(&["update"], &["value"]) };
    assert_eq!(judged(imported), Some(Why::StateOnly));
}

#[test]
fn other_resources_and_other_secrets_are_not_to_be_touched() {
    for actions in [&["create"][..], &["update"], &["delete"], &["delete", "create"], &["forget"]] {
        assert_eq!(judged(change("azurerm_storage_account", actions, &["tags"])), Some(Why::OtherResource));
    }
    let other =
        ResourceChange { secret: Some("Api-Key".to_owned()), index: None, ..secret(&["update"], &["value"]) };
    assert_eq!(judged(other), Some(Why::OtherSecret));
    let moved = ResourceChange { moved_from: Some("a.b".to_owned()), ..change("a", &["no-op"], &[]) };
    assert_eq!(judged(moved), Some(Why::StateOnly));
    let lookalike = ResourceChange { data: true, ..secret(&["update"], &["value"]) };
    assert_eq!(judged(lookalike), Some(Why::OtherResource));
}

#[test]
fn data_sources_that_are_read_and_drift_are_information() {
    let read = ResourceChange { data: true, ..change("azurerm_cosmosdb_account", &["read"], &["id"]) };
    let drift = change("azurerm_storage_account", &["update"], &["tags"]);
    let judgement = judge(&Plan { drift: vec![drift], ..plan(vec![read]) }, &named());
    assert!(judgement.unexpected.is_empty() && judgement.is_idle());
    assert_eq!((judgement.read.len(), judgement.drift.len()), (1, 1));
}

#[test]
fn without_a_word_on_which_secrets_a_person_must_confirm() {
    let judgement = judge(&plan(vec![secret(&["update"], &["value"])]), &Expectation::named(&[]));
    assert_eq!((judgement.to_confirm.len(), judgement.is_clean()), (1, false));
    let judgement = judge(&plan(vec![secret(&["delete", "create"], &["value"])]), &Expectation::default());
    assert_eq!(judgement.unexpected[0].why, Why::SecretRemoved);
}

#[test]
fn the_code_tells_which_secrets_take_the_key() {
    let tree = Tree::read(&example_tree());
    let expectation = Expectation::default().and_of(&tree);
    let made = |block: &str, element: Option<&str>, name: &str| Secret::Made {
        block: block.to_owned(),
        element: element.map(str::to_owned),
        name: name.to_owned(),
        keys: [(0, Access::ReadWrite)].into(),
    };
    assert_eq!(expectation.secrets(), [made("stamp", Some("CosmosDb-ApiKey"), "CosmosDb-ApiKey")]);
    assert!(judge(&plan(vec![secret(&["update"], &["value"])]), &expectation).is_clean());
    let other = ResourceChange {
        secret: Some("Api-Key".to_owned()),
        index: Some("Api-Key".to_owned()),
        ..secret(&["update"], &["value"])
    };
    assert_eq!(judge(&plan(vec![other]), &expectation).unexpected[0].why, Why::OtherSecret);
    let elsewhere = ResourceChange { name: "others".to_owned(), ..secret(&["update"], &["value"]) };
    assert_eq!(judge(&plan(vec![elsewhere]), &expectation).unexpected[0].why, Why::OtherSecret);

    let direct = Tree::read(&[(
        "a.tf",
        "resource \"azurerm_key_vault_secret\" \"db\" {\n  name = \"db-key\"\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n\
         resource \"azurerm_linux_web_app\" \"w\" {\n  key = azurerm_cosmosdb_account.a.primary_key\n}\n",
    )]);
    let expectation = Expectation::default().and_of(&direct);
    assert_eq!(expectation.secrets(), [made("db", None, "db-key")]);
    assert_eq!(expectation.secrets()[0].to_string(), "db-key");
}

#[test]
fn secrets_that_mirror_both_slots_are_not_expected_to_change() {
    let mirror = |slot: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{slot}\" {{\n  \
             value = azurerm_cosmosdb_account.a.{slot}_key\n}}\n"
        )
    };
    let tree = Tree::read(&[("a.tf", mirror("primary") + &mirror("secondary"))]);
    assert_eq!(Expectation::default().and_of(&tree).secrets(), []);
}

#[test]
fn a_tree_without_keys_expects_no_secret_at_all() {
    let expectation = Expectation::default().and_of(&Tree::read(&[("a.tf", "locals {}\n")]));
    let judgement = judge(&plan(vec![secret(&["update"], &["value"])]), &expectation);
    assert_eq!(judgement.unexpected[0].why, Why::OtherSecret);
    assert!(judgement.nothing_expected && !judgement.is_clean());
    let idle = judge(&plan(Vec::new()), &expectation);
    assert!(idle.nothing_expected && idle.is_clean());
    for expectation in
        [Expectation::default(), named(), named().and_of(&Tree::read(&[("a.tf", "locals {}\n")]))]
    {
        assert!(!judge(&plan(Vec::new()), &expectation).nothing_expected);
    }
}

#[test]
fn secrets_are_expected_through_what_terragrunt_hands_to_its_code() {
    let code = "variable \"key\" {}\nresource \"azurerm_key_vault_secret\" \"stamp\" {\n  for_each = {\n    \"CosmosDb-ApiKey\" = var.key\n  }\n  name  = each.key\n  value = each.value\n}\n";
    let unit = |source: &str| {
        format!(
            "{source}dependency \"cosmos\" {{\n  config_path = \"../cosmos\"\n}}\ninputs = {{\n  key = dependency.cosmos.outputs.primary_key\n}}\n"
        )
    };
    for (source, code_path) in [
        ("", "app/main.tf"),
        ("terraform {\n  source = \".\"\n}\n", "app/main.tf"),
        ("terraform {\n  source = \"../modules//app\"\n}\n", "modules/app/main.tf"),
        ("terraform {\n  source = \"${get_terragrunt_dir()}/code\"\n}\n", "app/code/main.tf"),
    ] {
        let unit = unit(source);
        let tree = Tree::read(&[("app/terragrunt.hcl", unit.as_str()), (code_path, code)]);
        let expectation = Expectation::default().and_of(&tree);
        assert!(judge(&plan(vec![secret(&["update"], &["value"])]), &expectation).is_clean(), "{source}");
    }
}

#[test]
fn secrets_that_somebody_named_have_to_change() {
    let expectation = Expectation::named(&["CosmosDb-ApiKey".to_owned(), "other".to_owned()]);
    let judgement = judge(&plan(vec![secret(&["update"], &["value"])]), &expectation);
    assert_eq!(judgement.untouched, [Secret::Named("other".to_owned())]);
    assert_eq!(judgement.missed, judgement.untouched);
    assert!(!judgement.is_clean() && !judgement.is_idle());
}

#[test]
fn of_the_secrets_that_the_code_tells_one_has_to_change() {
    let block = |name: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  name = \"{name}\"\n  value = \
             azurerm_cosmosdb_account.x.primary_key\n}}\n"
        )
    };
    let tree = Tree::read(&[("a.tf", block("one")), ("root-2/a.tf", block("two"))]);
    let expectation = Expectation::default().and_of(&tree);
    let change = ResourceChange { name: "one".to_owned(), ..secret(&["update"], &["value"]) };
    let judgement = judge(&plan(vec![change]), &expectation);
    assert_eq!((judgement.untouched.len(), judgement.missed.len()), (1, 0));
    assert!(judgement.is_clean());
    let idle = judge(&plan(Vec::new()), &expectation);
    assert_eq!(idle.missed.len(), 2);
    assert!(idle.is_idle() && !idle.is_clean());
    assert!(judge(&plan(Vec::new()), &Expectation::default()).is_clean(), "nothing was expected");
}

#[test]
fn outputs_may_change_where_they_are_sensitive() {
    let output = |name: &str, action: &str, sensitive| OutputChange {
        name: name.to_owned(),
        actions: vec![action.to_owned()],
        sensitive,
    };
    let outputs =
        vec![output("key", "update", true), output("new", "create", true), output("url", "update", false)];
    let judgement = judge(&Plan { outputs, ..plan(Vec::new()) }, &named());
    assert_eq!(judgement.sensitive_outputs, ["key"]);
    let addresses: Vec<&str> = judgement.unexpected.iter().map(|it| it.touched.address.as_str()).collect();
    assert_eq!(addresses, ["output.new", "output.url"]);
}

#[test]
fn a_plan_that_is_not_whole_is_not_taken_at_its_word() {
    let changed = || plan(vec![secret(&["update"], &["value"])]);
    let deferred = vec![(secret(&["update"], &[]), "instance_count_unknown".to_owned())];
    for (plan, problem) in [
        (
            Plan { errored: Some(true), complete: Some(false), applyable: Some(false), ..changed() },
            Problem::Errored,
        ),
        (Plan { complete: Some(false), ..changed() }, Problem::Incomplete),
        (Plan { applyable: Some(false), ..changed() }, Problem::NotApplyable),
        (
            Plan { deferred, ..changed() },
            Problem::Deferred { address: ADDRESS.to_owned(), reason: "instance_count_unknown".to_owned() },
        ),
    ] {
        let judgement = judge(&plan, &named());
        assert_eq!(judgement.problems, [problem]);
        assert!(!judgement.is_clean());
    }
    let invoked = Plan { invocations: vec!["action.x.y".to_owned()], ..changed() };
    assert_eq!(judge(&invoked, &named()).unexpected[0].why, Why::Invocation);
}

#[test]
fn a_plan_that_changes_nothing_is_idle_also_from_a_program_that_says_less() {
    let nothing = Plan { applyable: Some(false), ..plan(Vec::new()) };
    assert!(judge(&nothing, &named()).is_idle());
    let old = read_plan(br#"{"format_version":"1.0","planned_values":{"root_module":{}}}"#).unwrap();
    assert!(judge(&old, &Expectation::default()).is_idle());
}

#[test]
fn keys_that_a_for_makes_are_not_those_of_the_elements() {
    let code = |locals: &str, over: &str| {
        format!(
            "locals {{\n  s = {locals}\n}}\nresource \"azurerm_key_vault_secret\" \"stamp\" {{\n  for_each = {over}\n  name = each.key\n  value = each.value\n}}\n"
        )
    };
    let list = "[{ name = \"CosmosDb-ApiKey\", value = azurerm_cosmosdb_account.x.primary_key }]";
    let map = "{ \"CosmosDb-ApiKey\" = azurerm_cosmosdb_account.x.primary_key }";
    let other = "{ api = azurerm_cosmosdb_account.x.primary_key }";
    for (locals, over, clean) in [
        (list, "{ for it in local.s : it.name => it.value }", true),
        (other, "{ for k, v in local.s : \"CosmosDb-${k}\" => v }", true),
        (map, "{ for k, v in local.s : k => v }", true),
        (other, "{ for k, v in local.s : k => v }", false),
        (other, "local.s", false),
    ] {
        let tree = Tree::read(&[("a.tf", code(locals, over))]);
        let expectation = Expectation::default().and_of(&tree);
        let judgement = judge(&plan(vec![secret(&["update"], &["value"])]), &expectation);
        assert_eq!(judgement.is_clean(), clean, "{locals} {over}: {expectation:?}");
    }
}

//! Local values that hold both keys: read by name, read whole, moved about, handed on.

use super::{check, found};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Declared, Role, Tree, flip};

const KEYS: &str = "locals {\n  keys = { primary = azurerm_cosmosdb_account.a.primary_key, secondary = azurerm_cosmosdb_account.a.secondary_key }\n}\n";

fn reading(expression: &str) -> String {
    format!(
        "{KEYS}resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = {expression}\n}}\n"
    )
}

#[test]
fn a_pair_that_is_read_without_naming_one_is_opaque() {
    for expression in [
        "values(local.keys)[0]",
        "merge(local.keys, {}).primary",
        "[for k, v in local.keys : v if k == \"primary\"][0]",
        "templatefile(\"x\", local.keys)",
        "\"%{ for k in local.keys }${k}%{ endfor }\"",
    ] {
        let text = reading(expression);
        let opaque = found(&[("a.tf", &text)]).iter().filter(|line| *line == "a.tf:6 opaque").count();
        assert_eq!(opaque, 1, "{expression}: {:#?}", found(&[("a.tf", &text)]));
    }
}

#[test]
fn blocks_that_are_repeated_over_a_pair_deliver_both() {
    let text = format!(
        "{KEYS}resource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = local.keys\n  name = each.key\n  value = each.value\n}}\n"
    );
    assert_eq!(Tree::read(&[("a.tf", &text)]).slot_use(0, Access::ReadWrite), SlotUse::None);
}

#[test]
fn plain_local_values_behind_outputs_are_a_pair_whatever_they_are_called() {
    let module = "locals {\n  p = azurerm_cosmosdb_account.a.primary_key\n  s = azurerm_cosmosdb_account.a.secondary_key\n}\noutput \"primary\" {\n  value = local.p\n}\noutput \"secondary\" {\n  value = local.s\n}\n";
    let root = "module \"db\" {\n  source = \"./m\"\n}\nlocals {\n  k = [module.db.primary]\n}\n";
    let files = [("a.tf", root), ("m/a.tf", module)];
    let changed = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!(
        String::from_utf8_lossy(&changed[0].1),
        root.replace("module.db.primary", "module.db.secondary")
    );
}

#[test]
fn a_list_that_holds_both_is_flipped_where_it_is_read() {
    let text = "locals {\n  keys = [azurerm_cosmosdb_account.a.primary_key, azurerm_cosmosdb_account.a.secondary_key]\n}\nresource \"x\" \"y\" {\n  k = local.keys[0]\n}\n";
    let changed = flip(&[("a.tf", text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(String::from_utf8_lossy(&changed[0].1), text.replace("keys[0]", "keys[1]"));
}

#[test]
fn secrets_on_different_slots_are_no_pair() {
    let text = "locals {\n  secrets = {\n    \"Api-Key\" = azurerm_cosmosdb_account.a.primary_key\n    \"Other\" = azurerm_cosmosdb_account.a.secondary_key\n  }\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = local.secrets\n  name = each.key\n  value = each.value\n}\n";
    assert_eq!(Tree::read(&[("a.tf", text)]).slot_use(0, Access::ReadWrite), SlotUse::Mixed);
}

#[test]
fn a_text_made_of_one_key_is_no_counterpart_of_the_other_key() {
    let text = "output \"connection\" {\n  value = \"AccountKey=${azurerm_cosmosdb_account.a.primary_key}\"\n}\noutput \"other\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
    let root = "module \"db\" {\n  source = \"./m\"\n}\nlocals {\n  k = [module.db.connection]\n}\n";
    let files = [("a.tf", root), ("m/a.tf", text)];
    assert!(flip(&files, None, Access::ReadWrite, Slot::Secondary).is_err());
}

#[test]
fn functions_that_move_elements_make_an_index_say_nothing() {
    let module = "output \"keys\" {\n  value = [azurerm_cosmosdb_account.a.primary_key, azurerm_cosmosdb_account.a.secondary_key]\n}\n";
    for expression in
        ["reverse(module.db.keys)[1]", "concat([\"x\"], module.db.keys)[1]", "element(module.db.keys, 2)"]
    {
        let root = format!("module \"db\" {{\n  source = \"./m\"\n}}\nlocals {{\n  k = [{expression}]\n}}\n");
        let found = found(&[("a.tf", &root), ("m/a.tf", module)]);
        assert!(found.contains(&"a.tf:5 opaque".to_owned()), "{expression}: {found:#?}");
    }
    check(
        &[(
            "a.tf",
            "locals {\n  k = [concat([\"x\"], azurerm_cosmosdb_account.a.connection_strings)[1]]\n}\n",
        )],
        &["a.tf:2 opaque"],
    );
}

#[test]
fn a_value_that_is_set_out_of_reach_chooses_nothing_that_is_known() {
    let code = "variable \"slot\" {\n  default = \"primary\"\n}\nlocals {\n  k = var.slot == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let known = Tree::read(&[("a.tf", code)]).slot_use(0, Access::ReadWrite);
    assert_eq!(known, SlotUse::Only(Slot::Primary));
    for beside in [
        ("terragrunt.hcl", "inputs = {\n  slot = get_env(\"SLOT\")\n}\n"),
        ("terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders()\n}\n"),
        ("v_override.tf", "variable \"slot\" {\n  default = \"secondary\"\n}\n"),
        ("override.tf", "variable \"slot\" {\n  default = \"secondary\"\n}\n"),
    ] {
        let tree = Tree::read(&[("a.tf", code), beside]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown, "{beside:?}");
    }
    let beside = ("terragrunt.hcl", "inputs = {\n  slot = \"secondary\"\n}\n");
    let tree = Tree::read(&[("a.tf", code), beside]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Secondary));
}

#[test]
fn whole_states_are_followed_by_other_names_and_told() {
    let state = "data \"terraform_remote_state\" \"cosmos\" {\n  backend = \"azurerm\"\n}\n";
    for (locals, expected) in [
        (
            "rs = data.terraform_remote_state.cosmos\n  k = [local.rs.outputs.primary_key]",
            "a.tf:6 primary_key",
        ),
        ("k = jsonencode(data.terraform_remote_state.cosmos)", "a.tf:5 opaque"),
    ] {
        let text = format!("{state}locals {{\n  {locals}\n}}\n");
        let found = found(&[("a.tf", &text)]);
        assert!(found.iter().any(|line| line.starts_with(expected)), "{locals}: {found:#?}");
    }
}

#[test]
fn a_local_state_is_found_by_where_it_lies() {
    let db = |backend: &str| {
        format!(
            "{backend}output \"cosmos_secondary_key\" {{\n  value = azurerm_cosmosdb_account.a.secondary_key\n}}\noutput \"cosmos_primary_key\" {{\n  value = azurerm_cosmosdb_account.a.primary_key\n}}\n"
        )
    };
    let there = "terraform {\n  backend \"local\" {\n    path = \"../state/db.tfstate\"\n  }\n}\n";
    for (backend, path) in [
        (there, "../state/db.tfstate"),
        ("", "${path.module}/../db/terraform.tfstate"),
        ("", "../db/terraform.tfstate"),
    ] {
        let app = format!(
            "data \"terraform_remote_state\" \"db\" {{\n  backend = \"local\"\n  config = {{ path = \"{path}\" }}\n}}\nlocals {{\n  k = data.terraform_remote_state.db.outputs.cosmos_secondary_key\n}}\n"
        );
        let tree = Tree::read(&[("app/a.tf", app.as_str()), ("db/a.tf", &db(backend))]);
        assert_eq!(tree.accounts.len(), 1, "{path}");
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Secondary), "{path}");
    }
}

#[test]
fn an_answer_of_which_one_key_alone_is_handed_on_cannot_be_flipped_at_its_reader() {
    let text = |exported: &str| {
        format!(
            "data \"azapi_resource_action\" \"k\" {{\n  type = \"Microsoft.DocumentDB/databaseAccounts@2024-05-15\"\n  action = \"listKeys\"\n  response_export_values = {exported}\n}}\nlocals {{\n  k = data.azapi_resource_action.k.output.primaryMasterKey\n}}\n"
        )
    };
    assert!(
        flip(&[("a.tf", text("[\"primaryMasterKey\"]"))], None, Access::ReadWrite, Slot::Secondary).is_err()
    );
    assert!(flip(&[("a.tf", text("[\"*\"]"))], None, Access::ReadWrite, Slot::Secondary).is_ok());
}

#[test]
fn a_mirror_of_many_places_means_those_that_read_both_by_themselves() {
    let text = "resource \"x\" \"both\" {\n  p = azurerm_cosmosdb_account.a.primary_key\n  q = azurerm_cosmosdb_account.a.secondary_key\n}\nresource \"x\" \"one\" {\n  k = azurerm_cosmosdb_account.a.primary_key\n}\n";
    let declared = Declared { mirrors: vec![":resource.*".to_owned()], ..Declared::default() };
    let tree = Tree::read(&[("a.tf", text)]).declaring(declared);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary));
}

#[test]
fn files_that_terraform_passes_over_count_for_nothing() {
    let text = "locals {\n  k = azurerm_cosmosdb_account.a.primary_key\n}\n";
    for name in [".hidden.tf", ".#a.tf", "m/.b.tf.json"] {
        assert_eq!(Tree::read(&[(name, text)]).files, 0, "{name}");
    }
}

#[test]
fn callers_that_hand_in_different_keys_are_moved_together() {
    let module = "variable \"o\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"s\"\n  value = var.o.k\n}\n";
    let call = |name: &str, slot: &str| {
        format!(
            "module \"{name}\" {{\n  source = \"./m\"\n  o = {{ k = azurerm_cosmosdb_account.a.{slot}_key }}\n}}\n"
        )
    };
    let root = call("x", "primary") + &call("y", "secondary");
    for (to, other) in [(Slot::Primary, "secondary"), (Slot::Secondary, "primary")] {
        let changed =
            flip(&[("a.tf", root.as_str()), ("m/a.tf", module)], None, Access::ReadWrite, to).unwrap();
        assert_eq!(changed.len(), 1);
        assert!(!String::from_utf8_lossy(&changed[0].1).contains(&format!("{other}_key")));
    }
}

#[test]
fn a_text_that_is_made_of_one_of_two_keys_on_offer_takes_a_slot() {
    let output = |name: &str, value: &str| format!("output \"{name}\" {{\n  value = {value}\n}}\n");
    let key = |slot: &str| format!("azurerm_cosmosdb_account.a.{slot}_key");
    let text = |slot: &str| format!("\"AccountKey=${{azurerm_cosmosdb_account.a.{slot}_key}}\"");
    let pair = output("key1", &key("primary")) + &output("key2", &key("secondary"));
    let roles = |outputs: &str| -> Vec<Role> {
        Tree::read(&[("db/a.tf", outputs)]).references.iter().map(|reference| reference.role).collect()
    };
    let (defined, taken) = (Role::Definition, Role::Consumer);
    assert_eq!(roles(&(pair.clone() + &output("conn", &text("primary")))), [defined, defined, taken]);
    let both = pair + &output("conn", &text("primary")) + &output("conn2", &text("secondary"));
    assert_eq!(roles(&both), [defined; 4]);
    let one =
        output("key1", &key("primary")) + &output("key2", "try(azurerm_cosmosdb_account.a.secondary_key, 1)");
    assert_eq!(roles(&one), [defined; 2]);
}

#[test]
fn a_name_that_callers_fill_with_keys_of_both_accesses_is_read_for_each_of_them() {
    let app = "variable \"primary\" {}\nvariable \"secondary\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"s\"\n  value = var.primary\n}\n";
    let call = |access: &str| {
        format!(
            "module \"a{access}\" {{\n  source = \"../app\"\n  primary = azurerm_cosmosdb_account.a.primary{access}_key\n  secondary = \
             azurerm_cosmosdb_account.a.secondary{access}_key\n}}\nlocals {{\n  own{access} = \
             azurerm_cosmosdb_account.a.secondary{access}_key\n}}\n"
        )
    };
    let root = call("") + &call("_readonly");
    let tree = Tree::read(&[("root/a.tf", root.as_str()), ("app/a.tf", app)]);
    for access in Access::ALL {
        let seen = tree.opaque_for(0, access).filter(|read| tree.sources[read.file].path() == "app/a.tf");
        assert_eq!(seen.count(), 1, "{access}");
        assert!(crate::terraform::plan(&tree, 0, access, Slot::Primary).is_err(), "{access}");
    }
}

#[test]
fn a_module_taken_whole_is_taken_of_each_of_its_accounts() {
    let pair = |name: &str| {
        let output = |slot: &str| {
            format!("output \"{name}_{slot}\" {{\n  value = azurerm_cosmosdb_account.{name}.{slot}_key\n}}\n")
        };
        output("primary") + &output("secondary")
    };
    let root =
        "module \"db\" {\n  source = \"./db\"\n}\nresource \"x\" \"y\" {\n  v = jsonencode(module.db)\n}\n";
    let tree = Tree::read(&[("a.tf", root), ("db/a.tf", &(pair("a") + &pair("b")))]);
    let accounts: Vec<_> = tree.opaque.iter().map(|read| read.account).collect();
    assert_eq!(accounts, [Some(0), Some(1)]);
}

#[test]
fn readers_may_leave_one_of_two_local_values() {
    let secret = |symbol: &str, value: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{symbol}\" {{\n  name = \"{symbol}\"\n  value = {value}\n}}\n"
        )
    };
    let locals = "locals {\n  m = azurerm_cosmosdb_account.a.primary_key\n  q = azurerm_cosmosdb_account.a.secondary_key\n}\n";
    let of = |text: &str| Tree::read(&[("a.tf", text)]).slot_use(0, Access::ReadWrite);
    let other_names = format!("{KEYS}locals {{\n  m = local.keys.primary\n  q = local.keys.secondary\n}}\n");
    for mixed in [locals, other_names.as_str()]
        .map(|locals| format!("{locals}{}{}", secret("s", "local.m"), secret("t", "local.q")))
    {
        assert_eq!(of(&mixed), SlotUse::Mixed);
        for (to, old, new) in
            [(Slot::Secondary, "= local.m", "= local.q"), (Slot::Primary, "= local.q", "= local.m")]
        {
            let flipped = flip(&[("a.tf", mixed.as_str())], None, Access::ReadWrite, to).unwrap();
            let after = mixed.replace(old, new);
            assert_eq!(flipped, [("a.tf".to_owned(), after.clone().into_bytes())]);
            // The other one is read by nobody, and waits.
            assert_eq!(of(&after), SlotUse::Only(to));
            let back = flip(&[("a.tf", after.as_str())], None, Access::ReadWrite, to.other()).unwrap();
            assert_eq!(back, [("a.tf".to_owned(), mixed.replace(new, old).into_bytes())]);
        }
    }
    // One that is named is no such one, whatever is made of it there.
    for named in ["jsonencode([local.q])", "\"x-${local.q}\"", "upper(local.q)"] {
        let text = format!("{locals}{}{}", secret("s", "local.m"), secret("t", named));
        assert_eq!(of(&text), SlotUse::Mixed, "{named}");
    }
}

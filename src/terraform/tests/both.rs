//! Both keys under names of their own, handed on together.

use super::found;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Tree, flip};

const KEYS: &str = "locals {\n  cosmos = {\n    PRIMARY = azurerm_cosmosdb_account.a.primary_key\n    SECONDARY = azurerm_cosmosdb_account.a.secondary_key\n    URL = \"x\"\n  }\n}\n";

fn app(settings: &str) -> String {
    format!("{KEYS}resource \"azurerm_linux_web_app\" \"x\" {{\n  app_settings = {settings}\n}}\n")
}

fn takes_both(text: &str) -> Vec<usize> {
    let tree = Tree::read(&[("a.tf", text)]);
    tree.both.iter().map(|it| tree.sources[it.file].position(it.span.start).line).collect()
}

fn opaque(text: &str) -> usize {
    found(&[("a.tf", text)]).iter().filter(|line| line.ends_with("opaque")).count()
}

#[test]
fn both_keys_under_their_own_names_are_both_by_design() {
    for settings in [
        "local.cosmos",
        "merge({ A = 1 }, local.cosmos)",
        "merge(local.cosmos, { A = 1 })",
        "var.on ? local.cosmos : {}",
        "{ cosmos = local.cosmos }",
        "[local.cosmos]",
        "sensitive(jsonencode(local.cosmos))",
        "\"${base64encode(jsonencode(local.cosmos))}\"",
    ] {
        let text = app(settings);
        assert_eq!((takes_both(&text), opaque(&text)), (vec![9], 0), "{settings}");
    }
}

#[test]
fn what_may_take_one_of_them_is_opaque() {
    for settings in [
        "{ K = values(local.cosmos)[0] }",
        "{ K = local.cosmos[var.slot] }",
        "{ K = element(values(local.cosmos), var.n) }",
        "{ for k, v in local.cosmos : k => v if k != \"PRIMARY\" }",
        "{ K = coalesce(values(local.cosmos)...) }",
        "zipmap([\"SECONDARY\", \"PRIMARY\"], values(local.cosmos))",
    ] {
        let text = app(settings);
        assert_eq!(takes_both(&text), Vec::<usize>::new(), "{settings}");
        assert_ne!(opaque(&text), 0, "{settings}");
    }
    // Names that do not belong together may be a slip.
    let text = app("local.cosmos").replace("SECONDARY =", "OTHER =");
    assert_eq!(takes_both(&text), Vec::<usize>::new());
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed);
}

#[test]
fn a_flip_of_the_rest_goes_on_and_leaves_both_as_they_are() {
    let text = app("local.cosmos")
        + "resource \"azurerm_key_vault_secret\" \"s\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n";
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary));
    let flipped = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    let after = String::from_utf8(flipped[0].1.clone()).unwrap();
    assert_eq!(
        after,
        text.replace(
            "value = azurerm_cosmosdb_account.a.primary",
            "value = azurerm_cosmosdb_account.a.secondary"
        )
    );
    // Where nothing else takes a key, there is nothing to flip, and both are told.
    let text = app("local.cosmos");
    assert_eq!(Tree::read(&[("a.tf", &text)]).slot_use(0, Access::ReadWrite), SlotUse::None);
    assert!(flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).is_err());
}

#[test]
fn the_receiver_may_stand_behind_an_input() {
    let root = format!("{KEYS}module \"app\" {{\n  source = \"./app\"\n  settings = local.cosmos\n}}\n");
    let app = "variable \"settings\" {}\nresource \"azurerm_linux_web_app\" \"x\" {\n  app_settings = var.settings\n}\n";
    let files = [("a.tf", root.as_str()), ("app/a.tf", app)];
    let tree = Tree::read(&files);
    let places: Vec<String> = tree.both.iter().map(|it| tree.place(it.file, it.span.start)).collect();
    assert_eq!(places, ["app/a.tf:3:18"]);
    assert!(tree.opaque.is_empty());
}

#[test]
fn what_goes_on_under_a_further_name_is_not_taken_yet() {
    let reader = |value: &str| {
        format!("resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = {value}\n}}\n")
    };
    for (more, value) in [
        ("locals {\n  x = merge(local.cosmos, { A = 1 })\n}\n", "local.x.PRIMARY"),
        ("locals {\n  x = { c = local.cosmos }\n}\n", "local.x.c.PRIMARY"),
        ("locals {\n  x = [local.cosmos]\n}\n", "local.x[0].PRIMARY"),
        ("locals {\n  x = var.on ? local.cosmos : null\n}\n", "local.x.PRIMARY"),
        ("locals {\n  x = \"${jsonencode(local.cosmos)}\"\n}\n", "jsondecode(local.x).PRIMARY"),
        ("module \"m\" {\n  source = \"./m\"\n  settings = { c = local.cosmos }\n}\n", "\"\""),
        ("output \"x\" {\n  value = { c = local.cosmos }\n}\n", "\"\""),
        (
            "resource \"terraform_data\" \"k\" {\n  input = local.cosmos\n}\n",
            "terraform_data.k.output.PRIMARY",
        ),
        (
            "resource \"null_resource\" \"k\" {\n  triggers = local.cosmos\n}\n",
            "null_resource.k.triggers.PRIMARY",
        ),
        (
            "resource \"x\" \"y\" {\n  for_each = { one = local.cosmos }\n  k = each.value.PRIMARY\n}\n",
            "\"\"",
        ),
    ] {
        let root = format!("{KEYS}{more}{}", reader(value));
        let module = format!("variable \"settings\" {{}}\n{}", reader("var.settings.c.PRIMARY"));
        let tree = Tree::read(&[("a.tf", root.as_str()), ("m/a.tf", &module)]);
        assert_eq!(tree.both, [], "{more}");
        let seen = !tree.opaque.is_empty() || tree.slot_use(0, Access::ReadWrite) != SlotUse::None;
        assert!(seen, "{more}");
    }
}

#[test]
fn what_is_merged_over_them_may_take_the_place_of_one() {
    for settings in [
        "merge(local.cosmos, { SECONDARY = null })",
        "jsonencode(merge(local.cosmos, { A = 1 }, var.on ? { \"PRIMARY\" = 1 } : {}))",
        "merge(local.cosmos, var.more)",
        "merge({ c = local.cosmos }, { c = 1 })",
    ] {
        let text = app(settings);
        assert_eq!((takes_both(&text), opaque(&text)), (Vec::<usize>::new(), 1), "{settings}");
    }
    let text = app("merge({ SECONDARY = 1 }, local.cosmos, { A = 1 }, var.on ? { B = 1 } : null)");
    assert_eq!((takes_both(&text), opaque(&text)), (vec![9], 0));
}

#[test]
fn code_that_is_not_here_takes_both() {
    let both = |source: &str| {
        let root =
            format!("{KEYS}module \"m\" {{\n  source = \"{source}\"\n  c = {{ c = local.cosmos }}\n}}\n");
        Tree::read(&[("a.tf", root.as_str()), ("m/a.tf", "variable \"c\" {}\n")]).both.len()
    };
    assert_eq!(both("Azure/app/azurerm"), 1);
    assert_eq!(both("./m"), 0);
}

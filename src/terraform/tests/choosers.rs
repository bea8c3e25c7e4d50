//! Values that choose the slot: what they decide besides keeps them as they are.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{AllowedOpaque, Refusal, Tree, claim, flip, plan_allowing};

const X: &str = "azurerm_cosmosdb_account.x";

/// A root whose variable `slot` chooses the key of `x`, and something more.
fn code(more: &str) -> String {
    format!(
        "variable \"slot\" {{\n  default = \"primary\"\n}}\nlocals {{\n  k = var.slot == \"primary\" ? {X}.primary_key : \
         {X}.secondary_key\n}}\n{more}"
    )
}

/// Why the read-write key of `x` does not move.
fn refused(files: &[(&str, &str)]) -> Vec<String> {
    let tree = Tree::read(files);
    let account = tree.accounts_called(X)[0];
    match plan_allowing(&tree, &[account], Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default()) {
        Ok(_) => Vec::new(),
        Err(refusals) => {
            assert!(refusals.iter().all(Refusal::is_finding), "{refusals:?}");
            refusals.iter().map(ToString::to_string).collect()
        }
    }
}

#[track_caller]
fn check(more: &str, expected: &[&str]) {
    assert_eq!(refused(&[("a.tf", &code(more))]), expected, "{more}");
}

#[test]
fn what_a_chooser_decides_besides_is_told_and_refused() {
    for (more, said) in [
        (
            "resource \"r\" \"t\" {\n  tags = {\n    slot = var.slot\n  }\n}\n",
            "a.tf:9:12: `var.slot` chooses the slot and also decides `resource.r.t.tags.slot`",
        ),
        (
            "output \"slot\" {\n  value = var.slot\n}\n",
            "a.tf:8:11: `var.slot` chooses the slot and also decides `output.slot.value`",
        ),
        (
            "locals {\n  n = lookup(local.names, var.slot)\n}\n",
            "a.tf:8:27: `var.slot` chooses the slot and also decides `locals.n`",
        ),
        (
            "locals {\n  n = var.slot == \"primary\" ? \"a\" : \"b\"\n}\n",
            "a.tf:8:7: `var.slot` chooses the slot and also decides `locals.n`",
        ),
        (
            "locals {\n  r = var.slot == \"primary\" ? azurerm_cosmosdb_account.x.primary_readonly_key : \
             azurerm_cosmosdb_account.x.secondary_readonly_key\n}\n",
            "a.tf:8:108: `var.slot` chooses the slot and also decides which read-only key of \
             azurerm_cosmosdb_account.x is read",
        ),
        (
            "locals {\n  o = var.slot == \"primary\" ? azurerm_cosmosdb_account.y.primary_key : \
             azurerm_cosmosdb_account.y.secondary_key\n}\n",
            "a.tf:8:99: `var.slot` chooses the slot and also decides which read-write key of \
             azurerm_cosmosdb_account.y is read",
        ),
        (
            "locals {\n  o = var.slot == \"primary\" ? azurerm_cosmosdb_account.y.primary_key : \
             azurerm_cosmosdb_account.z.secondary_key\n}\n",
            "a.tf:8:7: `var.slot` chooses the slot and also decides `locals.o`",
        ),
        (
            "locals {\n  o = var.slot == \"primary\" ? azurerm_cosmosdb_account.x.secondary_key : \
             azurerm_cosmosdb_account.x.primary_key\n}\n",
            "a.tf:8:101: `var.slot` chooses the slot and also decides which read-write key of \
             azurerm_cosmosdb_account.x is read",
        ),
    ] {
        check(more, &[said]);
    }
}

#[test]
fn a_use_in_a_json_string_with_escapes_counts() {
    for (format, column) in [("%s", 36), ("%s\\\\n", 19)] {
        let other = format!("{{\"locals\": {{\"n\": \"${{format(\\\"{format}\\\", var.slot)}}\"}}}}");
        let said = refused(&[("a.tf", &code("")), ("b.tf.json", &other)]);
        let expected =
            format!("b.tf.json:1:{column}: `var.slot` chooses the slot and also decides `locals.n`");
        assert_eq!(said, [expected]);
    }
}

/// The value in `variable "v"` after the flip of a choice by it; absent where the flip is refused.
fn flipped(value: &str, choice: &str) -> Option<String> {
    let choice = choice
        .replace('P', "azurerm_cosmosdb_account.x.primary_key")
        .replace('S', "azurerm_cosmosdb_account.x.secondary_key");
    let code =
        |value: &str| format!("variable \"v\" {{\n  default = {value}\n}}\nlocals {{\n  k = {choice}\n}}\n");
    let before = code(value);
    let changed = match flip(&[("a.tf", &before)], None, Access::ReadWrite, Slot::Secondary) {
        Ok(changed) => String::from_utf8(changed.into_iter().next()?.1).unwrap(),
        Err(refusals) => {
            assert!(matches!(refusals[0], Refusal::ChosenElsewhere { .. }), "{refusals:?}");
            return None;
        }
    };
    let new = changed.lines().nth(1)?.trim_start().strip_prefix("default = ")?.to_owned();
    assert_eq!(changed, code(&new));
    let back = flip(&[("a.tf", &changed)], None, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(back[0].1, before.as_bytes());
    Some(new)
}

#[test]
fn values_of_all_kinds_choose_as_terraform_takes_them() {
    for (value, choice, new) in [
        ("false", "var.v ? S : P", Some("true")),
        ("true", "(!var.v) ? S : P", Some("false")),
        ("\"false\"", "var.v ? S : P", Some("\"true\"")),
        ("false", "var.v == true ? S : P", Some("true")),
        ("true", "var.v != false ? P : S", Some("false")),
        ("false", "\"%{ if var.v }${S}%{ else }${P}%{ endif }\"", Some("true")),
        ("0", "[P, S][var.v]", Some("1")),
        ("1", "element([S, P], var.v)", Some("0")),
        ("0", "var.v == 0 ? P : S", Some("1")),
        ("true", "{ true = P, false = S }[var.v]", Some("false")),
        ("\"primary\"", "lookup({ primary = P, secondary = S }, var.v, null)", Some("\"secondary\"")),
        // Terraform compares without converting.
        ("true", "var.v == \"true\" ? P : S", None),
        ("\"true\"", "var.v == true ? P : S", None),
        ("0", "var.v == \"0\" ? P : S", None),
        ("\"1\"", "var.v ? P : S", None),
        ("2", "[P, S][var.v]", None),
        ("2", "element([P, S], var.v)", None),
        ("true", "var.v && var.w ? P : S", None),
        ("\"primary\"", "merge({ primary = P, secondary = S }, { primary = S })[var.v]", None),
    ] {
        assert_eq!(flipped(value, choice).as_deref(), new, "{value}: {choice}");
    }
}

#[test]
fn a_value_picks_from_names_on_offer() {
    let keys = "locals {\n  keys = {\n    primary   = azurerm_cosmosdb_account.x.primary_key\n    secondary = \
                azurerm_cosmosdb_account.x.secondary_key\n    none      = \"\"\n  }\n}\n";
    for (value, more, picked) in [
        ("primary", "locals {\n  k = local.keys[var.slot]\n}\n", true),
        ("primary", "locals {\n  k = lookup(local.keys, var.slot)\n}\n", true),
        ("primary", "locals {\n  k = local.keys[var.slot]\n}\noutput \"o\" {\n  value = local.k\n}\n", true),
        ("none", "locals {\n  k = local.keys[var.slot]\n}\n", false),
        ("primary", "locals {\n  k = local.keys[var.slot]\n  l = local.keys[var.other]\n}\n", false),
        ("primary", "locals {\n  k = local.keys[\"${var.slot}\"]\n}\n", true),
    ] {
        let code = format!("variable \"slot\" {{\n  default = \"{value}\"\n}}\n{keys}{more}");
        let files = [("a.tf", code.as_str())];
        let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary);
        assert_eq!(
            claim(&files, None, Access::ReadWrite).reads == SlotUse::Only(Slot::Primary),
            picked,
            "{more}"
        );
        if picked {
            let expected = code.replace("default = \"primary\"", "default = \"secondary\"");
            assert_eq!(flipped.unwrap(), [("a.tf".to_owned(), expected.into_bytes())], "{more}");
        } else {
            assert!(flipped.is_err(), "{more}");
        }
    }
    let output = |value: &str| format!("output \"keys\" {{\n  value = {value}\n}}\n");
    let pair = "{\n    primary   = azurerm_cosmosdb_account.x.primary_key\n    secondary = \
                azurerm_cosmosdb_account.x.secondary_key\n  }";
    let root = "variable \"slot\" {\n  default = \"primary\"\n}\nmodule \"m\" {\n  source = \"./m\"\n}\nlocals {\n  k = \
                module.m.keys[var.slot]\n}\n";
    let files = [("a.tf", root), ("m/a.tf", &output(pair))];
    let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped[0].1, root.replace("\"primary\"", "\"secondary\"").into_bytes());
}

#[test]
fn judging_a_value_is_no_use_of_it() {
    check(
        "locals {\n  l = var.slots\n}\ncheck \"c\" {\n  assert {\n    condition = var.slot != \"\"\n    error_message = \
         \"no ${var.slot}\"\n  }\n}\n",
        &[],
    );
    let validated = code("").replace(
        "  default = \"primary\"\n",
        "  default = \"primary\"\n  validation {\n    condition     = contains([\"primary\", \"secondary\"], var.slot)\n    \
         error_message = \"primary or secondary\"\n  }\n",
    );
    assert_eq!(refused(&[("a.tf", &validated)]), [""; 0]);
}

#[test]
fn branches_may_differ_in_the_slots_word_alone() {
    for (branches, refused_for) in [
        ("{ k = X.primary_key, n = \"db-primary\" } : { k = X.secondary_key, n = \"db-secondary\" }", false),
        ("[X.primary_key, \"eu\"] : [X.secondary_key, \"eu\"]", false),
        ("lookup(X, \"primary_key\") : X.secondary_key", false),
        ("[X.primary_key, \"eu\"] : [X.secondary_key, \"us\"]", true),
        ("[X.primary_key] : [X.secondary_key, \"us\"]", true),
    ] {
        let code = format!(
            "variable \"slot\" {{\n  default = \"primary\"\n}}\nlocals {{\n  k = var.slot == \"primary\" ? {}\n}}\n",
            branches.replace('X', X)
        );
        let said = refused(&[("a.tf", &code)]);
        let expected = "a.tf:5:7: `var.slot` chooses the slot and also decides what else differs between the branches here";
        assert_eq!(said, if refused_for { vec![expected] } else { Vec::new() }, "{branches}");
    }
}

#[test]
fn a_variables_file_that_two_roots_read_moves_neither_alone() {
    let root = |account: &str| {
        code("")
            .replace("  default = \"primary\"\n", "")
            .replace(X, &format!("azurerm_cosmosdb_account.{account}"))
    };
    let value = ("in/env/prod.tfvars", "slot = \"primary\"\n");
    let alone = [("in/a.tf", root("x")), (value.0, value.1.to_owned())];
    assert_eq!(flip(&alone, None, Access::ReadWrite, Slot::Secondary).unwrap().len(), 1);
    let both = [("in/a.tf", root("x")), ("a.tf", root("y")), (value.0, value.1.to_owned())];
    let refusals =
        flip(&both, Some("in:azurerm_cosmosdb_account.x"), Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refusals.as_slice(), [Refusal::AlsoDecides { .. }]), "{refusals:?}");
    let names = code("").replace(&format!("{X}.primary_key : {X}.secondary_key"), "1 : 2");
    let names = [("in/a.tf", root("x")), ("a.tf", names), (value.0, value.1.to_owned())];
    let refusals = flip(&names, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refusals.as_slice(), [Refusal::AlsoDecides { .. }]), "{refusals:?}");
}

#[test]
fn a_value_moves_in_every_place_that_gives_it() {
    let module = code("").replace("  default = \"primary\"\n", "");
    let call = ("a.tf", "module \"m\" {\n  source = \"./m\"\n  slot   = \"primary\"\n}\n");
    let run =
        ("run/terragrunt.hcl", "terraform {\n  source = \"../m\"\n}\ninputs = {\n  slot = \"primary\"\n}\n");
    let files = [call, ("m/a.tf", module.as_str())];
    assert_eq!(flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap().len(), 1);
    let files = [call, ("m/a.tf", module.as_str()), run];
    let account = Some("m:azurerm_cosmosdb_account.x of run");
    let flipped = flip(&files, account, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped, [(run.0.to_owned(), run.1.replace("primary", "secondary").into_bytes())]);
    // Where one place is out of reach, it chooses nothing.
    let from_environment = run.1.replace("\"primary\"", "get_env(\"SLOT\")");
    let files = [call, ("m/a.tf", module.as_str()), (run.0, &from_environment)];
    let refusals = flip(&files, account, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refusals[0], Refusal::ChosenElsewhere { .. }), "{refusals:?}");
}

#[test]
fn accounts_that_share_a_chooser_move_together() {
    let y = "locals {\n  o = var.slot == \"primary\" ? azurerm_cosmosdb_account.y.primary_key : \
             azurerm_cosmosdb_account.y.secondary_key\n}\n";
    let code = code(y);
    let tree = Tree::read(&[("a.tf", &code)]);
    let allowed = AllowedOpaque::default();
    let flip = plan_allowing(&tree, &[0, 1], Access::ReadWrite, Slot::Secondary, &allowed).unwrap();
    assert_eq!(flip.edits.len(), 1);
    assert_eq!(flip.changed.len(), 2);
    let expected = code.replace("default = \"primary\"", "default = \"secondary\"");
    assert_eq!(flip.files, [("a.tf".to_owned(), expected.into_bytes())]);
    // One of them would go the other way.
    let crossed = code.replace("y.primary_key", "y.s_key").replace("y.secondary_key", "y.primary_key");
    let tree = Tree::read(&[("a.tf", crossed.replace("y.s_key", "y.secondary_key"))]);
    let refusals = plan_allowing(&tree, &[0, 1], Access::ReadWrite, Slot::Secondary, &allowed).unwrap_err();
    assert!(matches!(refusals.as_slice(), [Refusal::AlsoDecides { .. }]), "{refusals:?}");
}

#[test]
fn accounts_that_end_in_one_written_value_raise_its_version_once() {
    let code = "resource \"azurerm_key_vault_secret\" \"s\" {\n  name             = \"db\"\n  value_wo_version = 9\n  \
                value_wo         = \"${azurerm_cosmosdb_account.x.primary_key} ${azurerm_cosmosdb_account.y.primary_key}\"\n}\n";
    let tree = Tree::read(&[("a.tf", code)]);
    let flip =
        plan_allowing(&tree, &[0, 1], Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default()).unwrap();
    assert_eq!(flip.edits.len(), 3);
    let expected = code.replace("= 9", "= 10").replace("primary_key", "secondary_key");
    assert_eq!(flip.files, [("a.tf".to_owned(), expected.into_bytes())]);
}

#[test]
fn a_person_may_vouch_for_what_is_no_key() {
    let code = code("output \"slot\" {\n  value = var.slot\n}\n");
    let tree = Tree::read(&[("a.tf", &code)]);
    for (place, ok) in [("a.tf:8", true), ("a.tf:8:11", true), ("a.tf:5", false)] {
        let allowed = AllowedOpaque(vec![place.to_owned()]);
        let planned = plan_allowing(&tree, &[0], Access::ReadWrite, Slot::Secondary, &allowed);
        assert_eq!(planned.is_ok(), ok, "{place}");
        assert_eq!(allowed.unused(&tree).is_empty(), ok, "{place}");
    }
}

/// A module that chooses by its input, and a root that hands the input on from a value of its own.
fn handed_on(root: &str) -> Vec<(String, String)> {
    let stamp = format!(
        "data \"azurerm_cosmosdb_account\" \"x\" {{\n  name = \"n\"\n}}\nvariable \"key_slot\" {{}}\nlocals {{\n  k = \
         var.key_slot == \"primary\" ? data.{X}.primary_key : data.{X}.secondary_key\n}}\n"
    );
    let slot = "variable \"slot\" {\n  default = \"primary\"\n}\n";
    [("a.tf", slot), ("b.tf", root), ("s/a.tf", &stamp)].map(|(path, text)| (path.into(), text.into())).into()
}

#[test]
fn a_value_that_is_handed_on_is_changed_where_it_is_written() {
    let call = |value: &str| format!("module \"s\" {{\n  source = \"./s\"\n  key_slot = {value}\n}}\n");
    for root in [
        call("var.slot"),
        format!("locals {{\n  slot = var.slot\n}}\n{}", call("local.slot")),
        format!("{}{}", call("var.slot"), call("var.slot").replace("\"s\" ", "\"t\" ")),
    ] {
        let changed = flip(&handed_on(&root), None, Access::ReadWrite, Slot::Secondary).unwrap();
        let changed: Vec<(&str, &[u8])> =
            changed.iter().map(|(path, text)| (path.as_str(), &text[..])).collect();
        assert_eq!(
            changed,
            [("a.tf", &b"variable \"slot\" {\n  default = \"secondary\"\n}\n"[..])],
            "{root}"
        );
    }
}

#[test]
fn the_same_holds_where_json_hands_it_on() {
    let mut files = handed_on("");
    let root = r#"{"module": {"s": {"source": "./s", "key_slot": "${var.slot}"}}}"#;
    files.push(("c.tf.json".into(), root.into()));
    let changed = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(changed.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a.tf"]);
}

#[test]
fn a_value_that_is_handed_on_and_decides_something_else_on_the_way_stays() {
    let call = "module \"s\" {\n  source = \"./s\"\n  key_slot = var.slot\n}\n";
    for (more, said) in [
        (
            "resource \"r\" \"t\" {\n  name = var.slot\n}\n",
            "b.tf:6:10: `var.key_slot` chooses the slot and also decides `resource.r.t.name`",
        ),
        (
            "module \"other\" {\n  source = \"./o\"\n  slot = var.slot\n}\n",
            "b.tf:7:10: `var.key_slot` chooses the slot and also decides `module.other.slot`",
        ),
    ] {
        let files = handed_on(&format!("{call}{more}"));
        let refusals = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert_eq!(refusals.iter().map(ToString::to_string).collect::<Vec<_>>(), [said]);
    }
}

#[test]
fn a_value_that_comes_to_different_things_on_two_ways_is_unknown() {
    let call = |name: &str, value: &str| {
        format!("module \"{name}\" {{\n  source = \"./s\"\n  key_slot = {value}\n}}\n")
    };
    for other in ["\"secondary\"", "var.nowhere", "local.circle"] {
        let circle = "locals {\n  circle = local.circle\n}\n";
        let files = handed_on(&format!("{}{}{circle}", call("s", "var.slot"), call("t", other)));
        let refusals = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(matches!(refusals[..], [Refusal::ChosenElsewhere { .. }, ..]), "{other}: {refusals:?}");
    }
}

#[test]
fn a_value_may_work_out_the_name_of_a_key_or_the_index_of_a_string() {
    for (value, other, read) in [
        ("\"primary\"", "\"secondary\"", "[\"${var.slot}_key\"]"),
        ("\"primary\"", "\"secondary\"", "[0][\"${var.slot}_sql_connection_string\"]"),
        ("0", "1", ".connection_strings[var.slot]"),
    ] {
        let code = |value: &str| {
            format!(
                "variable \"slot\" {{\n  default = {value}\n}}\nlocals {{\n  k = \"${{{X}{read}}}\"\n}}\n"
            )
        };
        let files = [("a.tf", code(value))];
        assert_eq!(claim(&files, None, Access::ReadWrite).reads, SlotUse::Only(Slot::Primary), "{read}");
        let changed = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(changed, [("a.tf".to_owned(), code(other).into_bytes())]);
        for (unknown, more) in
            [("2", ""), ("\"readonly\"", ""), (value, "output \"slot\" {\n  value = var.slot\n}\n")]
        {
            let files = [("a.tf", format!("{}{more}", code(unknown)))];
            assert!(
                flip(&files, None, Access::ReadWrite, Slot::Secondary).is_err(),
                "{unknown} {read} {more}"
            );
        }
    }
    for read in [
        "[\"${var.a}${var.slot}_key\"]",
        "[\"${var.slot}_endpoint\"]",
        "[var.slot]",
        "[\"${local.m.slot}_key\"]",
    ] {
        let text = format!("locals {{\n  k = [{X}{read}]\n}}\n");
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!((tree.references.len(), tree.opaque.len()), (0, 1), "{read}");
    }
}

#[test]
fn a_value_that_two_modules_take_under_one_name_is_followed_into_both() {
    let module = format!(
        "variable \"key_slot\" {{}}\ndata \"azurerm_cosmosdb_account\" \"x\" {{\n  name = \"n\"\n}}\nlocals {{\n  k = \
         var.key_slot == \"primary\" ? data.{X}.primary_key : data.{X}.secondary_key\n}}\n"
    );
    let root = "variable \"slot\" {\n  default = \"primary\"\n}\nmodule \"s\" {\n  source = \"./s\"\n  key_slot = \
                var.slot\n}\nmodule \"t\" {\n  source = \"./t\"\n  key_slot = var.slot\n}\n";
    let both = [("a.tf", root), ("s/a.tf", module.as_str()), ("t/a.tf", module.as_str())];
    let changed = flip(&both, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(changed.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a.tf"]);
    let named = format!("{module}resource \"r\" \"x\" {{\n  name = var.key_slot\n}}\n");
    let files = [both[0], both[1], ("t/a.tf", named.as_str())];
    let refused = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].to_string().contains("also decides `resource.r.x.name`"), "{refused:?}");
}

#[test]
fn a_key_that_is_no_name_of_another_stays_opaque_whatever_is_decided_within_it() {
    let text = code(&format!(
        "resource \"r\" \"t\" {{\n  j = {X}[var.slot == \"primary\" ? {X}.primary_key : {X}.secondary_key]\n}}\n"
    ));
    let tree = Tree::read(&[("a.tf", &text)]);
    let account = tree.accounts_called(X)[0];
    assert_eq!(tree.opaque_for(account, Access::ReadWrite).count(), 1);
}

#[test]
fn a_value_that_the_variable_does_not_allow_is_not_written() {
    let code = |default: &str, condition: &str, choice: &str| {
        let keys = choice
            .replace('P', "azurerm_cosmosdb_account.x.primary_key")
            .replace('S', "azurerm_cosmosdb_account.x.secondary_key");
        format!(
            "variable \"v\" {{\n  default = {default}\n  validation {{\n    condition = {condition}\n  }}\n}}\nlocals {{\n  k = {keys}\n}}\n"
        )
    };
    let by_name = "var.v == \"primary\" ? P : S";
    for (default, condition, choice, flips) in [
        ("true", "var.v", "var.v ? P : S", false),
        ("true", "var.v || var.v == false", "var.v ? P : S", true),
        ("\"primary\"", "contains([\"primary\", \"secondary\"], var.v)", by_name, true),
        ("\"primary\"", "can(regex(\"^(primary|secondary)$\", var.v))", by_name, true),
        ("\"primary\"", "contains([\"primary\", \"secondary_old\"], var.v)", by_name, false),
        ("\"primary\"", "!contains([\"secondary\"], var.v)", by_name, false),
        ("\"primary\"", "length(var.v) == 7", by_name, false),
    ] {
        let text = code(default, condition, choice);
        let planned = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary);
        assert_eq!(planned.is_ok(), flips, "{condition}: {planned:?}");
    }
    let json = r#"{ "variable": { "v": { "default": true, "validation": { "error_message": "false is over", "condition": "${var.v}" } } },
        "locals": { "k": "${var.v ? azurerm_cosmosdb_account.x.primary_key : azurerm_cosmosdb_account.x.secondary_key}" } }"#;
    for (text, flips) in
        [(json.to_owned(), false), (json.replace("${var.v}\"", "${var.v || var.v == false}\""), true)]
    {
        let planned = flip(&[("a.tf.json", &text)], None, Access::ReadWrite, Slot::Secondary);
        assert_eq!(planned.is_ok(), flips, "{text}: {planned:?}");
    }
    // Which value means the other slot, nobody says.
    let text = code("\"a\"", "contains([\"a\", \"b\"], var.v)", "var.v == \"a\" ? P : S");
    let refused = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(refused[0].to_string().contains("which value of `var.v`"), "{}", refused[0]);
}

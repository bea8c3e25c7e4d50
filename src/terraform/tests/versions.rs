//! Where the number of a write-only value's version is given, and why it is not raised.

use crate::model::{Access, Slot};
use crate::terraform::flip;

type Files<'f> = &'f [(&'f str, &'f str)];

const SECRET: &str = "resource \"azurerm_key_vault_secret\" \"i\" {\n  name = \"i\"\n  value_wo = azurerm_cosmosdb_account.x.primary_key\n  value_wo_version = VERSION\n}\n";

/// What changes, a line each without the key's own.
fn raised(files: Files<'_>) -> Result<Vec<String>, String> {
    let changed = flip(files, None, Access::ReadWrite, Slot::Secondary)
        .map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let mut lines = Vec::new();
    for (path, bytes) in changed {
        let old = files.iter().find(|(name, _)| *name == path).unwrap().1;
        let new = String::from_utf8(bytes).unwrap();
        let pairs = old.lines().zip(new.lines());
        let pairs = pairs.filter(|(old, new)| old != new && !new.contains(".secondary_key"));
        lines.extend(pairs.map(|(_, new)| format!("{path}: {}", new.trim())));
    }
    Ok(lines)
}

fn secret(version: &str, more: &str) -> String {
    SECRET.replace("VERSION", version) + more
}

#[test]
fn every_place_that_gives_the_number_is_raised() {
    let code = secret("var.ver", "variable \"ver\" {\n  default = 1\n}\n");
    let files = [("a.tf", code.as_str()), ("dev.tfvars", "ver = 4\n"), ("prod.tfvars", "ver = 7\n")];
    assert_eq!(raised(&files).unwrap(), ["a.tf: default = 2", "dev.tfvars: ver = 5", "prod.tfvars: ver = 8"]);
    let text = secret("\"5\"", "");
    assert_eq!(raised(&[("a.tf", &text)]).unwrap(), ["a.tf: value_wo_version = \"6\""]);
}

#[test]
fn a_version_that_is_made_from_the_key_moves_with_it() {
    let made = "parseint(substr(sha256(azurerm_cosmosdb_account.x.primary_key), 0, 8), 16)";
    assert_eq!(raised(&[("a.tf", &secret(made, ""))]).unwrap(), [""; 0]);
    let length = "length(sha256(azurerm_cosmosdb_account.x.primary_key))".to_owned();
    for other in [made.replace("account.x", "account.y"), made.replace("sha256", "lower"), length] {
        assert!(raised(&[("a.tf", &secret(&other, ""))]).is_err(), "{other}");
    }
}

#[test]
fn the_reason_why_a_version_is_not_raised_is_told() {
    let variable = "variable \"ver\" {}\n";
    let other = format!("{variable}resource \"x\" \"w\" {{\n  settings = {{ V = var.ver }}\n}}\n");
    let object = "locals {\n  v = { cosmos = 3 }\n}\n";
    for (version, more, tfvars, why) in [
        ("var.ver", other.as_str(), "ver = 7\n", "`var.ver` also decides `resource.x.w.settings.V`"),
        ("var.ver", variable, "ver = 7\n#", ""),
        ("var.ver", variable, "other = 7\n", "where `var.ver` gets its value is not known here"),
        ("var.ver", variable, "ver = 3 + 4\n", "`var.ver` gets no literal number at p.tfvars:1:7"),
        ("local.v[var.x]", object, "", "is a part of another value"),
        ("local.v.orders", object, "", "`local.v.orders` gets no literal number at a.tf:7:7"),
        (
            "local.v.cosmos",
            "locals {\n  v = { cosmos = 3 }\n  w = local.v\n}\n",
            "",
            "also decides `locals.w`",
        ),
        ("3 + 4", "", "", "which is no literal number"),
    ] {
        let refused = raised(&[("a.tf", &secret(version, more)), ("p.tfvars", tfvars)]);
        match (why, refused) {
            ("", Ok(_)) => {}
            (why, Err(refused)) => assert!(!why.is_empty() && refused.contains(why), "{version}: {refused}"),
            (why, Ok(raised)) => panic!("{why}: {raised:?}"),
        }
    }
}

#[test]
fn calls_that_write_other_values_keep_their_version() {
    let module = secret("var.ver", "variable \"ver\" {}\nvariable \"v\" {}\n")
        .replace("azurerm_cosmosdb_account.x.primary_key", "var.v");
    let call = |name: &str, value: &str| {
        format!("module \"{name}\" {{\n  source = \"./m\"\n  v = {value}\n  ver = 4\n}}\n")
    };
    let key = "azurerm_cosmosdb_account.x.primary_key";
    let both = call("s", key) + &call("t", key);
    assert_eq!(raised(&[("a.tf", &both), ("m/a.tf", &module)]).unwrap(), ["a.tf: ver = 5", "a.tf: ver = 5"]);
    let one = call("s", key) + &call("t", "\"other\"");
    assert_eq!(raised(&[("a.tf", &one), ("m/a.tf", &module)]).unwrap(), ["a.tf: ver = 5"]);
}

#[test]
fn a_key_that_is_read_behind_the_calls_is_that_of_every_call() {
    let account =
        "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"db\"\n  resource_group_name = \"rg\"\n}\n";
    let module = secret("var.ver", "variable \"ver\" {\n  default = 1\n}\n")
        .replace("= azurerm", "= data.azurerm")
        + account;
    let calls = "module \"a\" {\n  source = \"./m\"\n  ver = 4\n}\nmodule \"b\" {\n  source = \"./m\"\n}\n";
    assert_eq!(
        raised(&[("a.tf", calls), ("m/a.tf", &module)]).unwrap(),
        ["a.tf: ver = 5", "m/a.tf: default = 2"]
    );
}

#[test]
fn a_number_in_an_object_is_raised_where_it_stands() {
    let locals =
        "locals {\n  v = { orders = 8, \"cosmos\" = 3, deep = { c = 5 } }\n  w = local.v.orders\n}\n";
    for version in ["local.v.cosmos", "local.v[\"cosmos\"]"] {
        let code = secret(version, locals);
        let raised = raised(&[("a.tf", &code)]).unwrap();
        assert_eq!(raised, ["a.tf: v = { orders = 8, \"cosmos\" = 4, deep = { c = 5 } }"], "{version}");
    }
    let deep = secret("local.v.deep.c", locals);
    assert_eq!(
        raised(&[("a.tf", &deep)]).unwrap(),
        ["a.tf: v = { orders = 8, \"cosmos\" = 3, deep = { c = 6 } }"]
    );
    let code = secret("var.v.cosmos", "variable \"v\" {\n  type = object({ cosmos = number })\n}\n");
    let files = [("a.tf", code.as_str()), ("terraform.tfvars", "v = {\n  other  = 1\n  cosmos = \"7\"\n}\n")];
    assert_eq!(raised(&files).unwrap(), ["terraform.tfvars: cosmos = \"8\""]);
}

/// A secret of a JSON file whose version is an expression, beside other blocks.
fn json_secret(version: &str, more: &str) -> String {
    format!(
        "{{\n  \"resource\": {{\"azurerm_key_vault_secret\": {{\"s\": {{\n    \"name\": \"db\",\n    \"value_wo\": \"${{azurerm_cosmosdb_account.x.primary_key}}\",\n    \"value_wo_version\": {version}\n  }}}}}}{more}\n}}\n"
    )
}

#[test]
fn versions_of_json_files_are_raised_where_they_are_written() {
    let of = |version: &str, more: &str, further: &[(&str, &str)]| {
        let code = json_secret(version, more);
        raised(&[&[("a.tf.json", code.as_str())], further].concat())
    };
    let locals = ",\n  \"locals\": {\"v\": {\n    \"orders\": 8,\n    \"cosmos\": 3,\n    \"deep\": {\"c\":\n      \"5\"}\n  },\n  \"ver\": 11}";
    let variable = ",\n  \"variable\": {\"v\": {\"default\": {\n    \"cosmos\": 7\n  }}}";
    for (version, more, expected) in [
        ("3", "", "\"value_wo_version\": 4"),
        ("\"9\"", "", "\"value_wo_version\": \"10\""),
        ("\"${local.v.cosmos}\"", locals, "\"cosmos\": 4,"),
        ("\"${local.v[\\\"cosmos\\\"]}\"", locals, "\"cosmos\": 4,"),
        ("\"${local.v.deep.c}\"", locals, "\"6\"}"),
        ("\"${local.ver}\"", locals, "\"ver\": 12}"),
        ("\"${var.v.cosmos}\"", variable, "\"cosmos\": 8"),
    ] {
        assert_eq!(of(version, more, &[]).unwrap(), [format!("a.tf.json: {expected}")], "{version}");
    }
    let declared = ",\n  \"variable\": {\"v\": {}}";
    for (path, text, expected) in [
        (
            "terraform.tfvars.json",
            "{\n  \"v\": {\n    \"other\": 1,\n    \"cosmos\": 7\n  }\n}\n",
            "\"cosmos\": 8",
        ),
        ("terraform.tfvars", "v = {\n  other  = 1\n  cosmos = 7\n}\n", "cosmos = 8"),
    ] {
        let raised = of("\"${var.v.cosmos}\"", declared, &[(path, text)]);
        assert_eq!(raised.unwrap(), [format!("{path}: {expected}")]);
    }
    // From native code into a JSON file.
    let code = secret("var.v.cosmos", "variable \"v\" {}\n");
    let files = [("a.tf", code.as_str()), ("terraform.tfvars.json", "{\n\"v\": {\"cosmos\": 7}\n}\n")];
    assert_eq!(raised(&files).unwrap(), ["terraform.tfvars.json: \"v\": {\"cosmos\": 8}"]);
}

#[test]
fn versions_of_json_files_that_cannot_be_raised_are_told() {
    let twice = ",\n  \"locals\": [{\"v\": {\"cosmos\": 3}}, {\"v\": {\"cosmos\": 3}}]";
    let object = ",\n  \"locals\": {\"v\": {\"cosmos\": \"${1 + 2}\", \"a\": {\"b\": 1}}}";
    for (version, more, why) in [
        ("\"${local.v.none}\"", object, "`local.v.none` gets no literal number at a.tf.json:"),
        ("\"${local.v.cosmos}\"", object, "`local.v.cosmos` gets no literal number at a.tf.json:"),
        ("\"${local.v.a}\"", object, "`local.v.a` gets no literal number at a.tf.json:"),
        ("\"${local.v.cosmos}\"", twice, "`local.v.cosmos` gets no literal number at a.tf.json:"),
        ("\"${local.v[var.x]}\"", object, "is a part of another value"),
        ("\"${var.none}\"", "", "where `var.none` gets its value is not known here"),
        ("\"x-${local.v.a}\"", object, "which is no literal number"),
        ("\"\"", "", "which is no literal number"),
        ("null", "", "which is no literal number"),
        ("[1]", "", "which is no literal number"),
        ("1.5", "", "which is no literal number"),
    ] {
        let refused = raised(&[("a.tf.json", &json_secret(version, more))]).unwrap_err();
        assert!(refused.contains(why), "{version}: {refused}");
    }
    let none = json_secret("0", "").replace(",\n    \"value_wo_version\": 0", "");
    assert!(raised(&[("a.tf.json", &none)]).unwrap_err().contains("and there is none"));
}

#[test]
fn the_version_is_raised_where_a_function_gives_the_key_another_place() {
    for (kept, made, read) in [
        ("{ k = P }", "values(local.l)", "local.x[0]"),
        ("{ w = { key = P, n = 1 } }", "values(local.l)[0]", "local.x.key"),
        ("[\"y\", P]", "flatten([local.l])", "local.x[1]"),
        ("[{ apps = [{ key = P }] }]", "flatten([for i in local.l : i.apps])", "local.x[0].key"),
        ("[\"y\", P]", "reverse(local.l)", "local.x[0]"),
        ("[{ key = P }, {}]", "reverse(local.l)[1]\n  y = local.x", "local.y.key"),
        ("[{ key = P }, {}]", "reverse(local.l)\n  y = local.x[1]", "lookup(local.y, \"key\", \"\")"),
        ("[\"y\", P]", "concat([\"z\"], local.l)", "local.x[2]"),
        ("[\"y\", P]", "slice(local.l, 1, 2)", "local.x[0]"),
        ("[\"\", P]", "compact(local.l)", "local.x[0]"),
        ("{ a = { KEY = P } }", "merge(values(local.l)...)", "local.x.KEY"),
        ("[{ web = P }]", "one(local.l)", "local.x.web"),
        ("[{ key = P }]", "setproduct([\"w\"], local.l)", "local.x[0][1].key"),
        ("{ k = P }", "{ a = local.l, b = {} }[\"a\"]", "local.x.k"),
        ("{ k = P }", "(var.on ? [local.l] : [])[0]", "local.x.k"),
        ("1", "values({ w = { key = P, n = 1 } })[0]", "local.x.key"),
        ("1", "values({ k = P })", "local.x[0]"),
    ] {
        let secret = SECRET.replace("VERSION", "3").replace("azurerm_cosmosdb_account.x.primary_key", read);
        let locals = format!("locals {{\n  l = {kept}\n  x = {made}\n}}\n");
        let text = format!("{secret}{}", locals.replace('P', "azurerm_cosmosdb_account.x.primary_key"));
        assert_eq!(raised(&[("a.tf", &text)]).unwrap(), ["a.tf: value_wo_version = 4"], "{made}");
    }
    // Where it goes to another place, nothing is written.
    let secret =
        SECRET.replace("VERSION", "3").replace("azurerm_cosmosdb_account.x.primary_key", "local.x[0].n");
    let text = format!(
        "{secret}locals {{\n  l = {{ w = {{ key = azurerm_cosmosdb_account.x.primary_key, n = 1 }} }}\n  x = values(local.l)\n}}\n"
    );
    assert_eq!(raised(&[("a.tf", &text)]).unwrap(), Vec::<String>::new());
}

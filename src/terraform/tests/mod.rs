//! Forms in which Terraform reads keys, one table entry each: what is read and what is found.

mod along;
mod among_others;
mod answers;
mod azure_ids;
mod both;
mod by_element;
mod called;
mod choosers;
mod collections;
mod companions;
mod configured;
mod counterparts;
mod delivered;
mod elements;
mod elsewhere;
mod exclusive;
mod flips;
mod flows;
mod generated;
mod given;
mod groups;
mod handed_in;
mod ignored;
mod imports;
mod included;
mod indexes;
mod instances;
mod itself;
mod labels;
mod left_by_all;
mod left_out;
mod loops;
mod made;
mod made_of;
mod named;
mod names;
mod numbered;
mod one_name;
mod one_or_other;
mod overridden;
mod paired;
mod pairs;
mod picked;
mod read_back;
mod received;
mod repeated;
mod runs;
mod shared;
mod siblings;
mod spelt;
mod stacks;
mod states;
mod tested;
mod together;
mod turned;
mod twice;
mod typed;
mod unwritable;
mod versions;
mod whole;
mod whole_outputs;
mod with_files;
mod wrapped;

use super::*;
use crate::model::{Access, Slot};

/// What is found, one line each, in the order of files and places.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let tree = Tree::read(files);
    let mut lines: Vec<(usize, usize, String)> = Vec::new();
    for reference in &tree.references {
        let source = &tree.sources[reference.file];
        let word = &source.bytes()[reference.span.clone()];
        let line = format!(
            "{}:{} {} [{}] {} {} {:?}",
            source.path(),
            reference.position.line,
            reference.attribute,
            String::from_utf8_lossy(word),
            reference.slot,
            reference.access,
            reference.role
        );
        lines.push((reference.file, reference.span.start, line));
    }
    for read in &tree.opaque {
        let line = format!("{}:{} opaque", tree.sources[read.file].path(), read.position.line);
        lines.push((read.file, read.span.start, line));
    }
    for unparsed in &tree.unparsed {
        lines.push((unparsed.file, 0, format!("{} unparsed", tree.sources[unparsed.file].path())));
    }
    lines.sort();
    lines.into_iter().map(|(_, _, line)| line).collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(found(files), expected, "{files:#?}");
}

/// One expression in a local value of `a.tf`.
#[track_caller]
fn check_one(expression: &str, expected: &[&str]) {
    let text = format!("locals {{\n  x = [{expression}]\n}}\n");
    check(&[("a.tf", &text)], expected);
}

const PRIMARY: &str = "a.tf:2 primary_key [primary_key] primary read-write Consumer";

#[test]
fn every_way_to_an_instance_is_a_reference() {
    for expression in [
        "azurerm_cosmosdb_account.a.primary_key",
        "data.azurerm_cosmosdb_account.a.primary_key",
        "azurerm_cosmosdb_account.a[0].primary_key",
        "azurerm_cosmosdb_account.a[\"eu\"].primary_key",
        "azurerm_cosmosdb_account.a[each.key].primary_key",
        "azurerm_cosmosdb_account.a.0.primary_key",
        "azurerm_cosmosdb_account.a.*.primary_key",
        "azurerm_cosmosdb_account.a[*].primary_key",
        "azurerm_cosmosdb_account.a[\"primary_key\"]",
        "lookup(azurerm_cosmosdb_account.a, \"primary_key\")",
        "one(azurerm_cosmosdb_account.a[*]).primary_key",
        "values(azurerm_cosmosdb_account.a)[0].primary_key",
        "try(azurerm_cosmosdb_account.a[0].primary_key, null)",
        "(azurerm_cosmosdb_account.a).primary_key",
        "nonsensitive(azurerm_cosmosdb_account.a.primary_key)",
        "\"AccountKey=${azurerm_cosmosdb_account.a.primary_key};\"",
        "\"${\"${azurerm_cosmosdb_account.a.primary_key}\"}\"",
        "\"%{ if true }${azurerm_cosmosdb_account.a.primary_key}%{ endif }\"",
        "[for a in azurerm_cosmosdb_account.a : a.primary_key]",
        "{ for k, a in azurerm_cosmosdb_account.a : k => a.primary_key }",
        "\"%{ for a in azurerm_cosmosdb_account.a }${a.primary_key}%{ endfor }\"",
        "\"%{ for a in [azurerm_cosmosdb_account.a.primary_key] }${a}%{ endfor }\"",
        "true ? azurerm_cosmosdb_account.a.primary_key : null",
    ] {
        check_one(expression, &[PRIMARY]);
    }
}

#[test]
fn every_attribute_of_the_table_is_found_with_its_access() {
    check_one(
        "azurerm_cosmosdb_account.a.secondary_readonly_sql_connection_string",
        &["a.tf:2 secondary_readonly_sql_connection_string [secondary_readonly_sql_connection_string] \
           secondary read-only Consumer"],
    );
    check_one(
        "azurerm_cosmosdb_account.a.primary_master_key",
        &["a.tf:2 primary_master_key [primary_master_key] primary read-write Consumer"],
    );
}

#[test]
fn connection_strings_are_told_apart_by_index() {
    for expression in [
        "azurerm_cosmosdb_account.a.connection_strings[3]",
        "azurerm_cosmosdb_account.a.connection_strings.3",
        "azurerm_cosmosdb_account.a[0].connection_strings[3]",
        "element(azurerm_cosmosdb_account.a.connection_strings, 3)",
        "tolist(azurerm_cosmosdb_account.a.connection_strings)[3]",
    ] {
        let found = "a.tf:2 connection_strings[3] [3] secondary read-only Consumer";
        // Within a function the list's own words stand here too, so only the index counts.
        check_one(expression, &[found]);
    }
    for expression in [
        "azurerm_cosmosdb_account.a.connection_strings",
        "azurerm_cosmosdb_account.a.connection_strings[4]",
        "azurerm_cosmosdb_account.a.connection_strings[length(x) - 1]",
        "element(azurerm_cosmosdb_account.a.connection_strings, var.n)",
    ] {
        check_one(expression, &["a.tf:2 opaque"]);
    }
}

#[test]
fn what_only_looks_alike_is_nothing() {
    for expression in [
        "azurerm_search_service.a.primary_key",
        "azurerm_eventhub_authorization_rule.a.primary_connection_string",
        "azurerm_storage_account.a.primary_access_key",
        "azurerm_cosmosdb_account.a.endpoint",
        "azurerm_cosmosdb_account.a.id",
        "module.search.primary_key",
        "var.primary_key",
        "local.primary_key",
        "\"data.azurerm_cosmosdb_account.a.primary_key\"",
        "\"$${azurerm_cosmosdb_account.a.primary_key}\"",
        "1 # azurerm_cosmosdb_account.a.primary_key\n",
        "1 /* azurerm_cosmosdb_account.a.primary_key */",
        "[for azurerm_cosmosdb_account in var.x : azurerm_cosmosdb_account.a.primary_key]",
        "length(azurerm_cosmosdb_account.a)",
    ] {
        check_one(expression, &[]);
    }
}

#[test]
fn heredocs_count_where_they_interpolate() {
    let text = "resource \"x\" \"y\" {\n  v = <<-EOT\n    text azurerm_cosmosdb_account.a.primary_key\n    \
                k=${azurerm_cosmosdb_account.a.primary_key} $${no}\n  EOT\n}\n";
    let crlf = text.replace('\n', "\r\n");
    for text in [text, &crlf] {
        check(&[("a.tf", text)], &["a.tf:4 primary_key [primary_key] primary read-write Consumer"]);
    }
}

#[test]
fn marks_and_broken_bytes_shift_nothing() {
    let mut bytes = b"\xEF\xBB\xBF# caf\xE9\r\nlocals {\r\n  x = \"\xE9".to_vec();
    bytes.extend_from_slice(b"${azurerm_cosmosdb_account.a.primary_key}\"\r\n}\r\n");
    let tree = Tree::read(&[("a.tf", &bytes)]);
    assert_eq!(tree.unparsed, []);
    let reference = &tree.references[0];
    assert_eq!(&bytes[reference.span.clone()], b"primary_key");
    assert_eq!(reference.position, Position { line: 3, column: 38 });
}

#[test]
fn objects_handed_on_whole_are_opaque() {
    for expression in [
        "azurerm_cosmosdb_account.a",
        "azurerm_cosmosdb_account.a[0]",
        "azurerm_cosmosdb_account.a[*]",
        "jsonencode(data.azurerm_cosmosdb_account.a)",
        "azurerm_cosmosdb_account.a[\"${var.slot}_key\"]",
        "merge(azurerm_cosmosdb_account.a, {})",
    ] {
        check_one(expression, &["a.tf:2 opaque"]);
    }
}

#[test]
fn naming_an_object_to_terraform_is_no_read() {
    let text = "resource \"x\" \"y\" {\n  for_each   = azurerm_cosmosdb_account.a\n  depends_on = \
                [azurerm_cosmosdb_account.a]\n  lifecycle {\n    replace_triggered_by = \
                [azurerm_cosmosdb_account.a]\n  }\n  key = each.value.secondary_key\n}\n\
                moved {\n  from = azurerm_cosmosdb_account.b\n  to = azurerm_cosmosdb_account.a\n}\n";
    check(&[("a.tf", text)], &["a.tf:7 secondary_key [secondary_key] secondary read-write Consumer"]);
}

#[test]
fn dynamic_blocks_bind_their_iterator() {
    let text = "resource \"x\" \"y\" {\n  dynamic \"secret\" {\n    for_each = azurerm_cosmosdb_account.a\n    \
                content {\n      value = secret.value.primary_key\n    }\n  }\n}\n";
    check(&[("a.tf", text)], &["a.tf:5 primary_key [primary_key] primary read-write Consumer"]);
}

#[test]
fn an_alias_is_followed_across_files_of_its_folder() {
    check(
        &[
            (
                "m/a.tf",
                "locals {\n  db  = data.azurerm_cosmosdb_account.a\n  key = local.db.primary_key\n}\n",
            ),
            ("m/b.tf", "output \"x\" {\n  value = local.key\n}\noutput \"y\" {\n  value = local.db\n}\n"),
        ],
        &["m/a.tf:3 primary_key [primary_key] primary read-write Consumer", "m/b.tf:5 opaque"],
    );
}

#[test]
fn outputs_in_pairs_are_definitions_and_single_ones_are_consumers() {
    let output = |name: &str, attribute: &str| {
        format!("output \"{name}\" {{\n  value = azurerm_cosmosdb_account.a.{attribute}\n}}\n")
    };
    let pair = output("primary_key", "primary_key") + &output("secondary_key", "secondary_key");
    check(
        &[("a.tf", &pair)],
        &[
            "a.tf:2 primary_key [primary_key] primary read-write Definition",
            "a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
    let with_third = pair.clone() + &output("key", "primary_key");
    check(
        &[("a.tf", &with_third)],
        &[
            "a.tf:2 primary_key [primary_key] primary read-write Definition",
            "a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
            "a.tf:8 primary_key [primary_key] primary read-write Consumer",
        ],
    );
    let unnamed = output("one", "primary_key") + &output("two", "secondary_key");
    check(
        &[("a.tf", &unnamed)],
        &[
            "a.tf:2 primary_key [primary_key] primary read-write Definition",
            "a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
    check(
        &[("a.tf", &output("primary_key", "primary_key"))],
        &["a.tf:2 primary_key [primary_key] primary read-write Consumer"],
    );
}

#[test]
fn blocks_that_want_both_keys_get_both() {
    let text = "resource \"azurerm_iothub_endpoint_cosmosdb_account\" \"x\" {\n  \
                primary_key   = azurerm_cosmosdb_account.a.primary_key\n  \
                secondary_key = azurerm_cosmosdb_account.a.secondary_key\n}\n";
    check(
        &[("a.tf", text)],
        &[
            "a.tf:2 primary_key [primary_key] primary read-write Definition",
            "a.tf:3 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
}

const MODULE: (&str, &str) = (
    "db/outputs.tf",
    "output \"cosmos_primary\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n\
     output \"cosmos_secondary\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n\
     output \"endpoint\" {\n  value = azurerm_cosmosdb_account.a.endpoint\n}\n",
);

#[test]
fn reading_one_output_of_a_pair_is_a_reference() {
    let root = "module \"search\" {\n  source = \"./search\"\n}\nmodule \"db\" {\n  source = \"./db\"\n}\n\
                locals {\n  key = module.db.cosmos_primary\n  url = module.db.endpoint\n  \
                s = module.search.cosmos_primary\n}\n";
    let files = [("a.tf", root), MODULE];
    check(
        &files,
        &[
            "a.tf:8 cosmos_primary [cosmos_primary] primary read-write Consumer",
            "db/outputs.tf:2 primary_key [primary_key] primary read-write Definition",
            "db/outputs.tf:5 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
    let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped.len(), 1);
    let text = String::from_utf8(flipped[0].1.clone()).unwrap();
    assert_eq!(text, root.replacen("module.db.cosmos_primary", "module.db.cosmos_secondary", 1));
}

#[test]
fn pairs_are_followed_through_wrappers_and_inputs() {
    let wrapper = "module \"db\" {\n  source = \"../db\"\n}\noutput \"keys\" {\n  value = {\n    \
                   p = module.db.cosmos_primary\n    s = module.db.cosmos_secondary\n  }\n}\n";
    let root = "module \"w\" {\n  source = \"./w\"\n}\nmodule \"app\" {\n  source = \"./app\"\n  \
                primary_key = module.w.keys.p\n  secondary_key = module.w.keys[\"s\"]\n}\n";
    let app = "resource \"x\" \"y\" {\n  key = var.primary_key\n}\n";
    let files = [("a.tf", root), ("w/a.tf", wrapper), ("app/a.tf", app), MODULE];
    check(
        &files,
        &[
            "a.tf:6 p [p] primary read-write Definition",
            "a.tf:7 s [s] secondary read-write Definition",
            "app/a.tf:2 primary_key [primary_key] primary read-write Consumer",
            "db/outputs.tf:2 primary_key [primary_key] primary read-write Definition",
            "db/outputs.tf:5 secondary_key [secondary_key] secondary read-write Definition",
            "w/a.tf:6 cosmos_primary [cosmos_primary] primary read-write Definition",
            "w/a.tf:7 cosmos_secondary [cosmos_secondary] secondary read-write Definition",
        ],
    );
    let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped, [("app/a.tf".to_owned(), app.replace("var.primary", "var.secondary").into_bytes())]);
}

#[test]
fn a_slot_chosen_at_run_time_is_a_choice() {
    let both = |role: &str| {
        [
            format!("a.tf:2 primary_key [primary_key] primary read-write {role}"),
            format!("a.tf:2 secondary_key [secondary_key] secondary read-write {role}"),
        ]
    };
    for expression in [
        "var.p ? azurerm_cosmosdb_account.a.primary_key : azurerm_cosmosdb_account.a.secondary_key",
        "{ x = azurerm_cosmosdb_account.a.primary_key, y = azurerm_cosmosdb_account.a.secondary_key }[var.p]",
        "lookup({ x = azurerm_cosmosdb_account.a.primary_key, y = azurerm_cosmosdb_account.a.secondary_key }, \
         var.p)",
    ] {
        let expected = both("Choice");
        check_one(expression, &[&expected[0], &expected[1]]);
    }
    let text = "locals {\n  keys = { primary = azurerm_cosmosdb_account.a.primary_key, secondary = \
                azurerm_cosmosdb_account.a.secondary_key }\n  key = local.keys[var.slot]\n}\n";
    let expected = both("Definition");
    check(&[("a.tf", text)], &[&expected[0], &expected[1], "a.tf:3 opaque"]);
}

#[test]
fn json_is_read_with_its_places() {
    let text = "{\n  \"locals\": {\n    \"key\": \"${data.azurerm_cosmosdb_account.a.primary_key}\",\n    \
                \"note\": \"azurerm_cosmosdb_account.a.primary_key\",\n    \
                \"index\": \"${azurerm_cosmosdb_account.a[\\\"x\\\"].primary_key}\"\n  },\n  \
                \"output\": [{\"o\": {\"value\": \"a ${data.azurerm_cosmosdb_account.a.secondary_key}\"}}]\n}\n";
    check(
        &[("a.tf.json", text)],
        &[
            "a.tf.json:3 primary_key [primary_key] primary read-write Consumer",
            "a.tf.json:5 primary_key [primary_key] primary read-write Consumer",
            "a.tf.json:7 secondary_key [secondary_key] secondary read-write Consumer",
        ],
    );
    check(&[("a.tf.json", "{\n  \"locals\": \n")], &["a.tf.json unparsed"]);
}

#[test]
fn files_that_do_not_parse_are_told_with_their_place() {
    let tree = Tree::read(&[("a.tf", "locals {\n  x = 1\n"), ("b.tf", "locals {}\n")]);
    assert_eq!(tree.unparsed.len(), 1);
    assert_eq!(tree.place(tree.unparsed[0].file, tree.unparsed[0].failure.span.start), "a.tf:2:8");
    let huge = vec![b'#'; MAX_BYTES + 1];
    let tree = Tree::read(&[("a.tf", huge)]);
    assert!(tree.unparsed[0].failure.message.contains("4194304"), "{:?}", tree.unparsed);
}

#[test]
fn deep_nesting_is_a_failure_and_no_crash() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{ a = ", " }"), ("\"${", "}\""), ("!", "")] {
        let text = format!("x = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
        let tree = Tree::read(&[("a.tf", text)]);
        assert_eq!(tree.unparsed.len(), 1, "{open}");
    }
}

#[test]
fn a_limit_of_the_reader_is_told_as_one() {
    for text in [
        format!("x = 1{}\n", " + 1".repeat(20_000)),
        format!("x = {}1{}\n", "[".repeat(100), "]".repeat(100)),
    ] {
        let tree = Tree::read(&[("a.tf", text)]);
        assert!(tree.unparsed[0].failure.message.ends_with("though Terraform may"), "{:?}", tree.unparsed);
    }
}

#[test]
fn a_mark_before_json_shifts_its_places_alone() {
    let text = "\u{feff}{\"locals\": {\"a\": \"${azurerm_cosmosdb_account.x.primary_key}\"}}";
    check(&[("a.tf.json", text)], &["a.tf.json:1 primary_key [primary_key] primary read-write Consumer"]);
}

#[test]
fn what_is_picked_from_what_a_function_gives_back_is_read_where_it_stands() {
    for expression in [
        "element(concat(azurerm_cosmosdb_account.a.*.primary_key, [\"\"]), 0)",
        "concat(azurerm_cosmosdb_account.a[*].primary_key, [\"\"])[0]",
        "coalescelist(azurerm_cosmosdb_account.a[*].primary_key, [\"\"])[0]",
        "try(azurerm_cosmosdb_account.a[*].primary_key, [])[0]",
        "reverse(azurerm_cosmosdb_account.a[*].primary_key)[0]",
        "lookup(one(azurerm_cosmosdb_account.a[*]), \"primary_key\")",
        "element(flatten([azurerm_cosmosdb_account.a[*].primary_key]), 0)",
    ] {
        check_one(expression, &["a.tf:2 primary_key [primary_key] primary read-write Consumer"]);
    }
}

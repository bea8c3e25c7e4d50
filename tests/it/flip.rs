//! `keyslot flip` through the program itself: one token changes, every other byte stays.

use std::process::Command;

use keyslot::model::{Access, Slot, SlotUse, example_tree};
use keyslot::terraform::{claim, flip};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::tool::Folder;

const SECRETS: &str = "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf";
const DATA: &str = "src/infra/releaseunit/modules/stamp/data.tf";

type Files = Vec<(String, Vec<u8>)>;

fn example() -> Files {
    example_tree().into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

fn edited(files: &mut Files, path: &str, change: impl FnOnce(String) -> String) {
    let file = files.iter_mut().find(|(known, _)| known == path).unwrap();
    file.1 = change(String::from_utf8(file.1.clone()).unwrap()).into_bytes();
}

/// The example with each of what a flip must cope with.
fn variant() -> Files {
    let mut files = example();
    edited(&mut files, DATA, |text| {
        text.replace("\"global\" {\n  name                =", "\"database\" {\n  name                =")
    });
    edited(&mut files, SECRETS, |text| {
        let text = text.replace("azurerm_cosmosdb_account.global", "azurerm_cosmosdb_account.database");
        let (head, rest) = text.split_once("  secrets = {\n").unwrap();
        let (entries, tail) = rest.split_once("\n  }\n").unwrap();
        let mut lines: Vec<&str> = entries.lines().collect();
        lines.reverse();
        format!(
            "{head}  # was: data.azurerm_cosmosdb_account.database.primary_key\n  secrets = {{\n{}\n  }}\n{tail}",
            lines.join("\n")
        )
    });
    files.push((
        "src/infra/releaseunit/modules/stamp/settings.tf".to_owned(),
        b"locals {\n  settings = <<-EOT\n    # primary_key\n    key: ${data.azurerm_cosmosdb_account.database.primary_key}\n    \
          plain: data.azurerm_cosmosdb_account.database.primary_key $${x.primary_key}\n    \
          read: ${data.azurerm_cosmosdb_account.database.primary_readonly_key}\n  EOT\n}\n"
            .to_vec(),
    ));
    for slot in ["primary", "secondary"] {
        files.push((
            format!("src/infra/globalresources/output-{slot}.tf"),
            format!(
                "output \"cosmosdb_{slot}_key\" {{\n  value     = azurerm_cosmosdb_account.main.{slot}_key\n  \
                 sensitive = true\n}}\n"
            )
            .into_bytes(),
        ));
    }
    files.sort();
    files
}

fn changed(before: &Files, after: &Files) -> Vec<String> {
    assert_eq!(before.len(), after.len());
    let pairs = before.iter().zip(after);
    pairs.filter(|(a, b)| a != b).map(|(a, _)| a.0.clone()).collect()
}

fn crlf(files: &mut Files) {
    for (_, bytes) in files {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replace('\n', "\r\n").into_bytes();
    }
}

#[test]
fn the_diff_is_shown_and_nothing_is_written() {
    let folder = Folder::example();
    for arguments in [&["flip", "--to", "secondary"][..], &["flip", "--to", "secondary", "--diff"][..]] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 0);
        let lines: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with(['+', '-'])).collect();
        assert_eq!(
            lines,
            [
                format!("--- a/{SECRETS}").as_str(),
                format!("+++ b/{SECRETS}").as_str(),
                "-    \"CosmosDb-ApiKey\"                 = data.azurerm_cosmosdb_account.global.primary_key",
                "+    \"CosmosDb-ApiKey\"                 = data.azurerm_cosmosdb_account.global.secondary_key",
            ]
        );
        assert!(
            ran.stderr.contains(&format!("{SECRETS}:14:78: primary_key → secondary_key")),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(folder.files(), example());
}

#[test]
fn writing_changes_one_token_in_one_file_and_flipping_back_restores_every_byte() {
    let folder = Folder::example();
    assert_eq!(folder.run(&["flip", "--to", "secondary", "--write"]).code, 0);
    let mut expected = example();
    edited(&mut expected, SECRETS, |text| text.replace("global.primary_key\n", "global.secondary_key\n"));
    assert_eq!(folder.files(), expected);
    assert_eq!(folder.run(&["check", "--output", "json"]).json()["accounts"][0]["slot"], "secondary");
    assert_eq!(folder.run(&["flip", "--to", "primary", "--write"]).code, 0);
    assert_eq!(folder.files(), example());
}

#[test]
fn flipping_to_the_slot_in_use_changes_nothing_and_says_so() {
    let folder = Folder::example();
    let ran = folder.run(&["flip", "--to", "primary", "--write"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("is on primary already"), "{}", ran.stderr);
    assert_eq!(folder.files(), example());
}

#[test]
fn the_variant_flips_its_two_uses_and_nothing_that_looks_like_them() {
    for with_crlf in [false, true] {
        let mut before = variant();
        let mut expected = variant();
        edited(&mut expected, SECRETS, |text| {
            text.replace(
                "= data.azurerm_cosmosdb_account.database.primary_key",
                "= data.azurerm_cosmosdb_account.database.secondary_key",
            )
        });
        edited(&mut expected, "src/infra/releaseunit/modules/stamp/settings.tf", |text| {
            text.replace(
                "${data.azurerm_cosmosdb_account.database.primary_key}",
                "${data.azurerm_cosmosdb_account.database.secondary_key}",
            )
        });
        if with_crlf {
            crlf(&mut before);
            crlf(&mut expected);
        }
        let folder = Folder::of(&before);
        let ran = folder.run(&["flip", "--to", "secondary", "--write"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(changed(&before, &folder.files()).len(), 2);
        assert_eq!(folder.files(), expected);
        assert_eq!(folder.run(&["flip", "--to", "primary", "--write"]).code, 0);
        assert_eq!(folder.files(), before);
    }
}

#[test]
fn read_only_keys_move_only_when_asked() {
    let mut before = variant();
    let folder = Folder::of(&before);
    let ran = folder.run(&["flip", "--to", "secondary", "--access", "read-only", "--write"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    edited(&mut before, "src/infra/releaseunit/modules/stamp/settings.tf", |text| {
        text.replace("primary_readonly_key", "secondary_readonly_key")
    });
    assert_eq!(folder.files(), before);
}

#[test]
fn what_stands_in_the_way_refuses_and_changes_nothing() {
    let consumer = ("a.tf", "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n");
    let two = "resource \"azurerm_cosmosdb_account\" \"orders\" {\n  name = \"orders\"\n}\n\
               locals {\n  o = azurerm_cosmosdb_account.orders.primary_key\n}\n";
    for (files, arguments, code, said) in [
        (vec![consumer, ("b.tf", "locals {\n")], &[][..], 1, "does not parse"),
        (
            vec![consumer, ("b.tf", "locals {\n  x = [azurerm_cosmosdb_account.x]\n}\n")],
            &[][..],
            1,
            "handed on whole",
        ),
        (vec![consumer, ("b.tf", two)], &[][..], 2, "--account 'orders'"),
        (vec![consumer, ("b.tf", two)], &["--account", "order"][..], 2, "did you mean --account 'orders'?"),
        (vec![consumer], &["--access", "read-only"][..], 2, "nothing consumes a read-only key"),
        (vec![("b.tf", "locals {}\n")], &[][..], 2, "no Cosmos DB account"),
        (vec![consumer], &["--diff", "--write"][..], 2, "cannot be used with"),
    ] {
        let folder = Folder::of(&files);
        let before = folder.files();
        let write = if arguments.contains(&"--diff") { &[][..] } else { &["--write"][..] };
        let ran = folder.run(&[&["flip", "--to", "secondary"][..], arguments, write].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{files:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{files:?}: {}", ran.stderr);
        assert_eq!(folder.files(), before);
    }
}

#[cfg(unix)]
#[test]
fn one_read_only_file_keeps_all_files_as_they_are() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;
    let text = "locals {\n  NAME = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let folder = Folder::of(&[("a.tf", text), ("b.tf", &text.replace("NAME", "b"))]);
    set_permissions(folder.path().join("b.tf"), Permissions::from_mode(0o444)).unwrap();
    let before = folder.files();
    let ran = folder.run(&["flip", "--to", "secondary", "--write"]);
    assert_eq!(ran.code, 5);
    assert!(ran.stderr.contains("b.tf") && ran.stderr.contains("read-only"), "{}", ran.stderr);
    assert_eq!(folder.files(), before);
}

#[test]
fn one_account_of_several_is_flipped_by_name() {
    let text = "resource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"orders\"\n}\n\
                resource \"azurerm_cosmosdb_account\" \"b\" {\n  name = \"invoices\"\n}\n\
                locals {\n  a = azurerm_cosmosdb_account.a.primary_key\n  \
                b = azurerm_cosmosdb_account.b.primary_key\n}\n";
    let folder = Folder::of(&[("a.tf", text)]);
    let ran = folder.run(&["flip", "--to", "secondary", "--account", "invoices", "--write"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        folder.get("a.tf"),
        text.replace("account.b.primary_key", "account.b.secondary_key").into_bytes()
    );
}

/// The key of one account, by the value of a variable.
fn chosen(account: &str) -> String {
    let account = format!("azurerm_cosmosdb_account.{account}");
    format!("var.slot == \"primary\" ? {account}.primary_key : {account}.secondary_key")
}

#[test]
fn accounts_that_share_a_value_move_together_or_not_at_all() {
    let text = format!(
        "variable \"slot\" {{\n  default = \"primary\"\n}}\nlocals {{\n  a = {}\n  b = {}\n}}\n",
        chosen("a"),
        chosen("b")
    );
    let folder = Folder::of(&[("a.tf", &text)]);
    let one = ["flip", "--to", "secondary", "--write", "--account", "azurerm_cosmosdb_account.a"];
    let ran = folder.run(&one);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("also decides which read-write key of azurerm_cosmosdb_account.b"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--account all"), "{}", ran.stderr);
    assert_eq!(folder.get("a.tf"), text.as_bytes());
    let ran = folder.run(&["flip", "--to", "secondary", "--write", "--account", "all"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let moved = text.replace("default = \"primary\"", "default = \"secondary\"");
    assert_eq!(folder.get("a.tf"), moved.as_bytes());
}

const INSTANCES: &str = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  for_each = toset([\"eu\", \"us\"])\n  name     = \
                         \"cosmos-${each.key}\"\n}\nlocals {\n  a = azurerm_cosmosdb_account.x[\"eu\"].primary_key\n  b = \
                         azurerm_cosmosdb_account.x[\"us\"].primary_key\n}\n";

#[test]
fn one_instance_is_named_or_all_of_them() {
    let one = r#"azurerm_cosmosdb_account.x["us"]"#;
    for (accounts, lines) in [
        (&["--account", one][..], 1),
        (&["--account", "cosmos-eu"][..], 1),
        (&["--account", "azurerm_cosmosdb_account.x"][..], 2),
        (&["--account", "cosmos-eu", "--account", one][..], 2),
    ] {
        let folder = Folder::of(&[("a.tf", INSTANCES)]);
        let ran = folder.run(&[&["flip", "--to", "secondary", "--write"], accounts].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let there = String::from_utf8(folder.get("a.tf")).unwrap();
        assert_eq!(there.matches("secondary_key").count(), lines, "{accounts:?}");
    }
    let shared = INSTANCES.replace("[\"us\"]", "[each.key]");
    let folder = Folder::of(&[("a.tf", shared.as_str())]);
    let ran = folder.run(&["flip", "--to", "secondary", "--write", "--account", "cosmos-us"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let said = "`primary_key` is read for cosmos-eu too, for no instance is named here";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(ran.stderr.contains("--account 'cosmos-eu' beside the account moves both"), "{}", ran.stderr);
    assert_eq!(folder.get("a.tf"), shared.as_bytes());
}

#[test]
fn a_value_that_something_else_reads_moves_when_that_place_is_named() {
    let text = format!(
        "variable \"slot\" {{\n  default = \"primary\"\n}}\nlocals {{\n  a = {}\n  n = var.slot\n}}\n",
        chosen("a")
    );
    let folder = Folder::of(&[("a.tf", &text)]);
    let ran = folder.run(&["flip", "--to", "secondary"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(
        ran.stderr.contains("a.tf:6:7: `var.slot` chooses the slot and also decides `locals.n`"),
        "{}",
        ran.stderr
    );
    assert_eq!(folder.run(&["flip", "--to", "secondary", "--allow-opaque", "a.tf:6"]).code, 0);
}

#[test]
fn of_nothing_but_a_broken_file_the_file_is_named() {
    let folder = Folder::of(&[("a.tf", "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n")]);
    for arguments in
        [&["flip", "--to", "secondary"][..], &["flip", "--to", "secondary", "--account", "all"][..]]
    {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("a.tf:2:") && ran.stderr.contains("does not parse"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("no Cosmos DB account"), "{}", ran.stderr);
    }
}

#[test]
fn keys_that_are_written_out_are_not_printed_and_the_diff_still_applies() {
    let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
    let text = format!(
        "locals {{\n  old = \"{key}\"\n  a   = azurerm_cosmosdb_account.x.primary_key\n  b   = 1\n  c   = {{ \"{key}\" = 1 \
         }}\n}}\n"
    );
    let folder = Folder::of(&[("a.tf", &text)]);
    let ran = folder.run(&["flip", "--to", "secondary"]);
    assert!(ran.stdout.contains("@@ -3,2 +3,2 @@") && !ran.stdout.contains("aB3aB3"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("as a patch"), "{}", ran.stderr);
    let beside =
        text.replace("= azurerm", "= { \"KEY\" = azurerm").replace("primary_key\n", "primary_key }\n");
    let folder = Folder::of(&[("a.tf", &beside.replace("KEY", &key))]);
    let ran = folder.run(&["flip", "--to", "secondary"]);
    assert!(ran.stdout.contains("secondary_key }") && !ran.stdout.contains("aB3aB3"), "{}", ran.stdout);
    assert!(ran.stderr.contains("as a patch") && !ran.stderr.contains("aB3aB3"), "{}", ran.stderr);
}

#[test]
fn a_declared_mirror_of_one_slot_is_a_reader_and_moves() {
    let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let declared = "version = 1\n[check]\nmirrors = [\":local.a\", \":local.b\"]\n";
    let folder = Folder::of(&[("a.tf", text), ("b.tf", "locals {}\n"), ("keyslot.toml", declared)]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("mirror-without-counterpart"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("unused-declaration") && ran.stdout.contains("keyslot.toml"),
        "{}",
        ran.stdout
    );
    let ran = folder.run(&["flip", "--to", "secondary", "--account", "all"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("+  a = azurerm_cosmosdb_account.x.secondary_key"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("`:local.a` is declared") && ran.stderr.contains("`:local.b`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_symbol_for_two_declared_accounts_is_an_error() {
    let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let declared = "version = 1\n[[check.account]]\nname = \"a\"\nsymbols = [\"*.x\"]\n[[check.account]]\nname = \"b\"\nsymbols = \
                    [\"azurerm_*\"]\n";
    let folder = Folder::of(&[("a.tf", text), ("keyslot.toml", declared)]);
    for command in [&["check"][..], &["flip", "--to", "secondary"][..]] {
        let ran = folder.run(command);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("azurerm_cosmosdb_account.x is declared for a and for b"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("keyslot.toml"), "{}", ran.stderr);
    }
}

#[test]
fn terraform_finds_the_flipped_example_well_formatted() {
    let Ok(version) = Command::new("terraform").arg("version").output() else {
        println!("skipped: there is no terraform program");
        return;
    };
    assert!(version.status.success());
    let folder = Folder::example();
    for slot in ["secondary", "primary"] {
        assert_eq!(folder.run(&["flip", "--to", slot, "--write"]).code, 0);
        let check = Command::new("terraform")
            .args(["fmt", "-check", "-recursive"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    }
}

/// One way to write the stamp's secrets: entries in some order, each with or without a comma, with noise around.
#[derive(Clone, Debug)]
struct Arrangement {
    order: Vec<usize>,
    commas: u32,
    noise: u32,
    crlf: bool,
    mark: bool,
    final_newline: bool,
    name: String,
}

fn arrangements(entries: usize) -> impl Strategy<Value = Arrangement> {
    let order = Just((0..entries).collect::<Vec<_>>()).prop_shuffle();
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (order, any::<u32>(), any::<u32>(), flags, "[a-z][a-z0-9_-]{0,8}").prop_map(
        |(order, commas, noise, (crlf, mark, final_newline), name)| Arrangement {
            order,
            commas,
            noise,
            crlf,
            mark,
            final_newline,
            name,
        },
    )
}

const ENTRIES: &[&str] = &[
    "\"Cosmos-Key\" = data.azurerm_cosmosdb_account.NAME.primary_key",
    "\"Cosmos-Sql\" = \"x${ data . azurerm_cosmosdb_account.NAME [ 0 ].primary_sql_connection_string }y\"",
    "\"Cosmos-List\" = element(data.azurerm_cosmosdb_account.NAME.connection_strings, 0)",
    "\"Cosmos-Read\" = data.azurerm_cosmosdb_account.NAME.primary_readonly_key",
    "\"Cosmos-Url\" : data.azurerm_cosmosdb_account.NAME.endpoint",
    "search = azurerm_search_service.NAME.primary_key",
    "(var.name) = \"data.azurerm_cosmosdb_account.NAME.primary_key\"",
    "\"Id\" = azurerm_kubernetes_cluster.x.kubelet_identity.0.client_id",
];

/// How many of the entries above consume a read-write key.
const CONSUMERS: usize = 3;

fn arranged(arrangement: &Arrangement) -> Vec<u8> {
    let mut text = String::from("locals {\n  secrets = {\n");
    for (at, entry) in arrangement.order.iter().enumerate() {
        let bit = |bits: u32, shift: usize| bits >> ((at * 3 + shift) % 32) & 1 == 1;
        if bit(arrangement.noise, 0) {
            text.push_str("    # data.azurerm_cosmosdb_account.NAME.primary_key\n");
        }
        if bit(arrangement.noise, 1) {
            text.push_str("\n    /* primary_key\n ${primary_key} é */\n");
        }
        text.push_str(&format!("    {}", ENTRIES[*entry]));
        text.push_str(if bit(arrangement.commas, 0) { "," } else { "" });
        text.push_str(if bit(arrangement.noise, 2) { " // primary_key\n" } else { "\n" });
    }
    text.push_str("  }\n}");
    if arrangement.final_newline {
        text.push('\n');
    }
    let text = text.replace("NAME", &arrangement.name);
    let text = if arrangement.crlf { text.replace('\n', "\r\n") } else { text };
    let mark: &[u8] = if arrangement.mark { b"\xEF\xBB\xBF" } else { b"" };
    [mark, text.as_bytes()].concat()
}

#[test]
fn any_arrangement_flips_there_and_back_to_every_byte() {
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    runner
        .run(&arrangements(ENTRIES.len()), |arrangement| {
            let before = arranged(&arrangement);
            let files = [("a.tf", before.clone())];
            let access = Access::ReadWrite;
            prop_assert_eq!(claim(&files, None, access).references, CONSUMERS);
            prop_assert_eq!(claim(&files, None, access).reads, SlotUse::Only(Slot::Primary));
            let there = flip(&files, None, access, Slot::Secondary).unwrap().remove(0).1;
            let grown = 2 * "secondary".len() - 2 * "primary".len();
            prop_assert_eq!(there.len(), before.len() + grown);
            let files = [("a.tf", there)];
            prop_assert_eq!(claim(&files, None, access).reads, SlotUse::Only(Slot::Secondary));
            prop_assert_eq!(claim(&files, None, Access::ReadOnly).reads, SlotUse::Only(Slot::Primary));
            let back = flip(&files, None, access, Slot::Primary).unwrap().remove(0).1;
            prop_assert_eq!(back, before);
            Ok(())
        })
        .unwrap();
}

#[test]
fn keys_of_an_account_that_is_not_named_are_told_when_they_stay() {
    let folder = Folder::of(&[(
        "a.tf",
        "resource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"acme\"\n}\ndata \"terraform_remote_state\" \"cosmos\" {\n  backend = \"azurerm\"\n}\nlocals {\n  a = azurerm_cosmosdb_account.a.primary_key\n  b = data.terraform_remote_state.cosmos.outputs.primary_key\n}\n",
    )]);
    let ran = folder.run(&["flip", "--to", "secondary", "--account", "acme"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("stays on the primary slot"), "{}", ran.stderr);
    let all = folder.run(&["flip", "--to", "secondary", "--account", "all"]);
    assert!(!all.stderr.contains("stays on"), "{}", all.stderr);
}

#[test]
fn what_is_declared_of_nothing_is_told_of_a_folder_with_one_file_and_not_of_one_file() {
    let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let declared = "version = 1\n[check]\nmirrors = [\":local.b\"]\n";
    let folder = Folder::of(&[("a.tf", text), ("keyslot.toml", declared)]);
    let told = folder.run(&["check"]).stdout;
    assert!(told.contains("unused-declaration") && told.contains("keyslot.toml:3:13"), "{told}");
    assert!(told.contains("mirrors = [\":local.b\"]") && told.contains("^^^^^^^^"), "{told}");
    let annotated = folder.run(&["check", "--output", "github"]).stdout;
    let place = "file=keyslot.toml,line=3,endLine=3,col=13,endColumn=21,title=unused-declaration";
    assert!(annotated.contains(place), "{annotated}");
    let sarif = folder.run(&["check", "--output", "sarif"]).json();
    let location = &sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["ruleId"] == "unused-declaration");
    let region = &location.unwrap()["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["startColumn"], &region["endColumn"]),
        (&3.into(), &13.into(), &21.into())
    );
    let flip = folder.run(&["flip", "--to", "secondary"]).stderr;
    assert!(flip.contains("keyslot.toml:3:13: the mirror `:local.b`"), "{flip}");
    let symbol =
        "version = 1\n[[check.account]]\nname = \"shop\"\nsymbols = [\n  \"*.x\",\n  \"*.gone\",\n]\n";
    let folder_of_symbol = Folder::of(&[("a.tf", text), ("keyslot.toml", symbol)]);
    let told = folder_of_symbol.run(&["check"]).stdout;
    assert!(told.contains("keyslot.toml:6:4"), "{told}");
    assert!(!folder.run(&["check", "a.tf"]).stdout.contains("unused-declaration"));
}

#[test]
fn a_name_that_nobody_here_knows_to_exist_is_told_and_its_silent_absence_refused() {
    let code = |read: &str| {
        format!(
            "module \"cosmos\" {{\n  source = \"Azure/cosmosdb/azurerm\"\n}}\nlocals {{\n  a = [{read}]\n}}\n"
        )
    };
    let folder = Folder::of(&[("a.tf", code("module.cosmos.primary_key").as_str())]);
    let ran = folder.run(&["flip", "--to", "secondary"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let said = "a.tf:5:22: nobody here knows whether `secondary_key` exists in module.cosmos";
    assert!(ran.stderr.contains(said) && ran.stderr.contains("the next plan fails"), "{}", ran.stderr);
    let report = folder.run(&["check", "--output", "json"]).json();
    let reference = &report["references"][0];
    assert_eq!(
        (&reference["other"], &reference["counterpart"]),
        (&"secondary_key".into(), &"assumed".into())
    );

    let folder = Folder::of(&[("a.tf", code("try(module.cosmos.primary_key, null)").as_str())]);
    let ran = folder.run(&["flip", "--to", "secondary", "--write"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for said in
        ["a.tf:5:26", "`secondary_key` is not known here", "--allow-opaque PATH:LINE", "nothing was changed"]
    {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let ran = folder.run(&["flip", "--to", "secondary", "--allow-opaque", "a.tf:5"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("+  a = [try(module.cosmos.secondary_key, null)]"), "{}", ran.stdout);
}

#[test]
fn names_that_mislead_after_a_flip_are_told() {
    let code = "output \"primary_key\" {\n  value     = azurerm_cosmosdb_account.x.primary_key\n  sensitive = true\n}\n";
    let folder = Folder::of(&[("a.tf", code)]);
    let ran = folder.run(&["flip", "--to", "secondary"]);
    let said = "a.tf:2:42: after this, `primary_key` holds the secondary key";
    assert!(ran.code == 0 && ran.stderr.contains(said), "{}", ran.stderr);
    let told = folder.run(&["flip", "--to", "secondary", "--output", "json"]).json();
    assert_eq!(told["misleading"][0]["message"], "`primary_key` holds the secondary key");
    let folder = Folder::of(&[("a.tf", &code.replace("\"primary_key\"", "\"key\""))]);
    let ran = folder.run(&["flip", "--to", "secondary"]);
    assert!(ran.code == 0 && !ran.stderr.contains("after this"), "{}", ran.stderr);
    let told = folder.run(&["flip", "--to", "secondary", "--output", "json"]).json();
    assert_eq!(told["misleading"], serde_json::json!([]));
}

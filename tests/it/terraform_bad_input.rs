//! Trees that are built to hurt: nested, cyclic, wide, endless. Each ends soon, with an answer that claims nothing that
//! it does not know.

use std::time::{Duration, Instant};

use keyslot::check::check;
use keyslot::model::{Access, Slot, SlotUse};
use keyslot::terraform::{MAX_BYTES, Tree, plan};

use crate::properties::{Files, flip, scan};

/// Far more than any of these needs, and far less than endless.
const SOON: Duration = Duration::from_secs(20);

fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// Reads, checks and flips, whatever comes of it.
#[track_caller]
fn survives(files: &Files) -> Tree {
    let begun = Instant::now();
    scan(files).unwrap();
    flip(files).unwrap();
    let tree = Tree::read(files);
    check(&tree);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    tree
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

const KEY: &str = "azurerm_cosmosdb_account.x.primary_key";

#[test]
fn nesting_without_end_is_a_finding_with_its_place() {
    let depth = 10_000;
    let values = [
        nested("(", KEY, ")", depth),
        nested("[", KEY, "]", depth),
        nested("{ a = ", KEY, " }", depth),
        nested("f(", KEY, ")", depth),
        nested("\"${", KEY, "}\"", depth),
        nested("!", KEY, "", depth),
        nested("-", KEY, "", depth),
        nested("[for a in ", KEY, ": a]", depth),
        nested("a ? ", KEY, " : a", depth),
        nested("x[", KEY, "]", depth),
        format!("\"{}\"", nested("%{ if a }", KEY, "%{ endif }", depth)),
        format!("1{}", " + 1".repeat(depth)),
    ];
    let mut texts: Vec<String> =
        values.iter().map(|value| format!("locals {{\n  a = {value}\n}}\n")).collect();
    texts.push(nested("b {\n", &format!("a = {KEY}\n"), "}\n", depth));
    texts.push(nested("[", "", "", depth));
    texts.push("locals {\n  a = <<-EOT\n".repeat(depth));
    for text in texts {
        let tree = survives(&files(&[("a.tf", &text)]));
        let shown = &text[..60.min(text.len())];
        assert_eq!(tree.unparsed.len(), 1, "{shown}");
        assert!(check(&tree).iter().any(|finding| finding.rule.id == "parse-error"), "{shown}");
    }
    for json in [
        format!("{{\"locals\": {}}}", nested("{\"a\": ", "\"x\"", "}", depth)),
        format!("{{\"locals\": {}}}", nested("[", "1", "]", 1_000_000)),
        format!("{{\"locals\": {{\"a\": {}}}}}", nested("[", "1", "]", depth)),
        format!("{{\"locals\": {{\"a\": \"${{{}}}\"}}}}", nested("(", KEY, ")", depth)),
    ] {
        let tree = survives(&files(&[("a.tf.json", &json)]));
        assert_eq!(check(&tree).len(), 1, "{}", &json[..60]);
    }
}

#[test]
fn long_lines_and_many_steps_are_no_harm() {
    let steps = format!("locals {{\n  a = x{}\n  b = {KEY}\n}}\n", ".y[0]".repeat(20_000));
    let line = format!("locals {{ a = \"{}${{{KEY}}}\" }}\n", "é".repeat(500_000));
    for text in [steps, line] {
        let tree = survives(&files(&[("a.tf", &text)]));
        assert_eq!((tree.unparsed.len(), tree.references.len()), (0, 1));
    }
}

#[test]
fn modules_that_use_each_other_end() {
    let module = |source: &str| {
        format!(
            "module \"m\" {{\n  source = \"{source}\"\n  key    = module.m.key\n}}\nvariable \"key\" {{}}\n\
             output \"key\" {{\n  value = module.m.key\n}}\noutput \"primary_key\" {{\n  value = var.key\n}}\n"
        )
    };
    let own = module("./");
    let (there, back) = (module("./b"), module("../"));
    let real = format!("output \"secondary_key\" {{\n  value = {KEY}\n}}\nlocals {{\n  k = {KEY}\n}}\n");
    survives(&files(&[("main.tf", &own)]));
    survives(&files(&[("main.tf", &there), ("b/main.tf", &back)]));
    let tree = survives(&files(&[("main.tf", &there), ("b/main.tf", &back), ("b/real.tf", &real)]));
    assert!(!tree.references.is_empty());
}

#[test]
fn names_that_name_each_other_end() {
    let cycle = format!(
        "locals {{\n  a = local.b\n  b = local.a\n  c = local.c\n  d = {{ e = local.d }}\n  f = [local.g]\n  \
         g = local.f[0]\n  key = {KEY}\n  name = \"${{local.name}}-x\"\n}}\n\
         data \"azurerm_cosmosdb_account\" \"x\" {{\n  name = local.name\n}}\n\
         data \"azurerm_cosmosdb_account\" \"y\" {{\n  name = data.azurerm_cosmosdb_account.z.name\n}}\n\
         data \"azurerm_cosmosdb_account\" \"z\" {{\n  name = data.azurerm_cosmosdb_account.y.name\n}}\n\
         output \"k\" {{\n  value = [local.a.primary_key, data.azurerm_cosmosdb_account.y.primary_key]\n}}\n"
    );
    let tree = survives(&files(&[("a.tf", &cycle)]));
    assert!(tree.references.len() >= 2, "{:?}", tree.references);
}

#[test]
fn paths_out_of_the_tree_lead_nowhere() {
    for source in [
        "../",
        "../..",
        "../../../../../../x",
        "./../../a/../..",
        "./.",
        "/etc",
        "./a/../../../",
        ".//",
        "../a",
    ] {
        let text = format!(
            "module \"m\" {{\n  source = \"{source}\"\n}}\nlocals {{\n  a = module.m.primary_key\n  b = {KEY}\n}}\n"
        );
        let tree = survives(&files(&[("a.tf", &text), ("b/a.tf", &text), ("b/c/terragrunt.hcl", &text)]));
        assert!(!tree.references.is_empty(), "{source}");
    }
    let dependency = "dependency \"d\" {\n  config_path = \"../../..//\"\n}\ninputs = {\n  k = dependency.d.outputs.k\n}\n";
    survives(&files(&[("terragrunt.hcl", dependency), ("a/terragrunt.hcl", dependency)]));
}

#[test]
fn names_used_twice_at_every_step_do_not_double_the_work_at_every_step() {
    let steps: String = (1..=60).map(|at| format!("  a{at} = [local.a{0}, local.a{0}]\n", at - 1)).collect();
    let locals = format!("locals {{\n  a0 = {KEY}\n{steps}}}\n");
    survives(&files(&[("a.tf", &locals)]));

    let module = |next: usize| {
        format!(
            "variable \"k\" {{}}\nmodule \"a\" {{\n  source = \"../m{next}\"\n  k = var.k\n}}\n\
             module \"b\" {{\n  source = \"../m{next}\"\n  k = var.k\n}}\n"
        )
    };
    let mut wide =
        files(&[("m0/main.tf", &format!("module \"a\" {{\n  source = \"../m1\"\n  k = {KEY}\n}}\n"))]);
    wide.extend((1..30).map(|at| (format!("m{at}/main.tf"), module(at + 1).into_bytes())));
    survives(&wide);

    let outputs = |next: usize| {
        format!(
            "module \"a\" {{\n  source = \"../m{next}\"\n}}\nmodule \"b\" {{\n  source = \"../m{next}\"\n}}\n\
             output \"key\" {{\n  value = [module.a.key, module.b.key]\n}}\n"
        )
    };
    let mut deep: Files =
        (0..30).map(|at| (format!("m{at}/main.tf"), outputs(at + 1).into_bytes())).collect();
    deep.push(("m30/main.tf".to_owned(), format!("output \"key\" {{\n  value = {KEY}\n}}\n").into_bytes()));
    survives(&deep);
}

#[test]
fn names_of_accounts_that_grow_at_every_step_stay_small() {
    let steps: String =
        (1..=60).map(|at| format!("  n{at} = \"${{local.n{0}}}${{local.n{0}}}\"\n", at - 1)).collect();
    let text = format!(
        "locals {{\n  n0 = \"name\"\n{steps}  key = data.azurerm_cosmosdb_account.x.primary_key\n}}\n\
         data \"azurerm_cosmosdb_account\" \"x\" {{\n  name = local.n60\n}}\n"
    );
    let tree = survives(&files(&[("a.tf", &text)]));
    assert!(tree.accounts[0].key.as_str().len() < 10_000);
}

#[test]
fn a_file_over_the_cap_hides_what_it_reads_and_says_so() {
    let large = format!("locals {{\n  a = {KEY}\n}}\n{}", "# filler\n".repeat(MAX_BYTES / 8));
    let tree = survives(&files(&[("large.tf", &large), ("a.tf", &format!("locals {{\n  b = {KEY}\n}}\n"))]));
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown);
    let found: Vec<String> = check(&tree).into_iter().map(|finding| finding.message).collect();
    assert!(found[0].contains("bytes; keyslot reads Terraform files of up to"), "{found:?}");
    assert!(plan(&tree, 0, Access::ReadWrite, Slot::Secondary).is_err());
}

#[test]
fn large_json_is_read_in_time() {
    let entries: Vec<String> =
        (0..15_000).map(|at| format!("\"name_{at}\": \"${{var.value_{at}}}\"")).collect();
    let outputs: Vec<String> =
        (0..5_000).map(|at| format!("\"o{at}\": {{\"value\": \"x\", \"sensitive\": true}}")).collect();
    let text = format!(
        "{{\"locals\": {{\"key\": \"${{{KEY}}}\", {}}}, \"output\": {{{}}}}}",
        entries.join(","),
        outputs.join(",")
    );
    assert!(text.len() < MAX_BYTES);
    let begun = Instant::now();
    let tree = Tree::read(&files(&[("a.tf.json", &text)]));
    assert_eq!((tree.unparsed.len(), tree.references.len(), check(&tree).len()), (0, 1, 0));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn many_accounts_and_many_references_are_read_in_time() {
    let many: String = (0..300)
        .map(|at| {
            format!(
                "data \"azurerm_cosmosdb_account\" \"a{at}\" {{\n  name = \"account-{at}\"\n}}\n\
                 locals {{\n  k{at} = data.azurerm_cosmosdb_account.a{at}.primary_key\n}}\n"
            )
        })
        .collect();
    let begun = Instant::now();
    let tree = Tree::read(&files(&[("a.tf", &many)]));
    assert_eq!((tree.accounts.len(), tree.references.len(), check(&tree).len()), (300, 300, 0));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

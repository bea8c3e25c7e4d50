//! The promise: passing files over changes nothing of what is reported.
//!
//! Trees are made up at random, so that keys travel through local values, module inputs and outputs with names
//! that say nothing, over files that hold none of the words by which a file matters.

mod circles;
mod elsewhere;
mod made_up;

use self::made_up::made_up;
use super::*;
use crate::check::check;
use crate::model::{Access, Slot};
use crate::render::check_human::render_check;
use crate::render::check_json::check_json;
use crate::render::trace::render_trace;
use crate::terraform::plan;

type Files = Vec<(String, String)>;

/// A tree read from memory, and how many of its files were left out.
fn read(files: &Files, shortcuts: bool) -> (Tree, usize) {
    let glanced = files
        .iter()
        .map(|(path, text)| {
            let glance = Glance::of(path, text.as_bytes());
            let now = !shortcuts || glance.matters || !glance.adds_up;
            Glanced { path: path.clone(), glance, bytes: now.then(|| text.clone().into_bytes()) }
        })
        .collect();
    let mut reading = Reading::new(glanced, Links::default(), Failures::ThatMatter);
    loop {
        let looks = reading.looks();
        if looks.is_empty() {
            break;
        }
        let bytes = |look: &Look| files[look.file].1.clone().into_bytes();
        let wanted = looks.iter().filter(|look| look.is_wanted(&bytes(look)));
        reading.take(wanted.map(|look| (look.file, bytes(look))).collect());
    }
    let tree = reading.finish(Vec::new());
    let left_out = files.len() - tree.sources.len();
    (tree, left_out)
}

fn report(tree: &Tree) -> String {
    let findings = check(tree);
    let json = serde_json::to_string_pretty(&check_json(tree, &findings)).unwrap();
    format!("{json}\n{}{}{}", render_check(tree, &findings), flips(tree), render_trace(tree))
}

/// What every flip would change, or why it is refused.
fn flips(tree: &Tree) -> String {
    let mut text = String::new();
    for (account, access) in (0..tree.accounts.len()).flat_map(|at| Access::ALL.map(|access| (at, access))) {
        match plan(tree, account, access, Slot::Secondary) {
            Ok(flip) => {
                for edit in flip.edits {
                    text += &format!("{}:{:?} {} {}\n", edit.path, edit.span, edit.old, edit.new);
                }
            }
            // Trees that are made up give one name twice; that a flip is not as meant then says nothing.
            Err(refusals) => refusals.iter().for_each(|refusal| text += &format!("{refusal}\n")),
        }
    }
    text
}

#[test]
fn findings_are_those_of_a_tree_that_is_parsed_whole() {
    let (mut left_out, mut travelled, mut opaque, mut broken) = (0, 0, 0, 0);
    for seed in 1..320 {
        let files = made_up(seed);
        let (whole, _) = read(&files, false);
        let (part, passed_over) = read(&files, true);
        let (ours, theirs) = (report(&part), report(&whole));
        let differ = ours.lines().zip(theirs.lines()).position(|(ours, theirs)| ours != theirs);
        if let Some(line) = differ {
            let around = |text: &str| {
                text.lines().skip(line.saturating_sub(15)).take(30).collect::<Vec<_>>().join("\n")
            };
            panic!("tree {seed}: {files:#?}\nin part: {}\nwhole: {}", around(&ours), around(&theirs));
        }
        assert_eq!(ours, theirs, "tree {seed}");
        left_out += passed_over;
        let seeded = |file: usize| Glance::of("a.tf", whole.sources[file].bytes()).matters;
        travelled += whole.references.iter().filter(|reference| !seeded(reference.file)).count();
        opaque += whole.opaque.iter().filter(|read| !seeded(read.file)).count();
        broken += whole.unparsed.len();
    }
    // Trees in which nothing travels, or nothing is left out, would prove nothing.
    assert!(
        left_out > 500 && travelled > 200 && opaque > 30 && broken > 100,
        "{left_out} {travelled} {opaque} {broken}"
    );
}

fn owned(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn seen(files: &Files) -> Vec<String> {
    read(files, true).0.sources.iter().map(|source| source.path().to_owned()).collect()
}

/// Through an output, a local value, two module inputs and another output; every file but one speaks of `primary`
/// and `secondary` alone.
#[test]
fn keys_are_followed_over_files_that_hold_no_word_of_theirs() {
    let files = owned(&[
        (
            "db/a.tf",
            "resource \"azurerm_cosmosdb_account\" \"x\" {}\n\
             output \"primary\" { value = azurerm_cosmosdb_account.x.primary_key }\n\
             output \"secondary\" { value = azurerm_cosmosdb_account.x.secondary_key }\n",
        ),
        ("live/calls.tf", "module \"store\" {\n  source = \"../db\"\n}\n"),
        (
            "live/locals.tf",
            "locals {\n  two = { primary = module.store.primary, secondary = module.store.secondary }\n}\n",
        ),
        (
            "live/app.tf",
            "module \"app\" {\n  source = \"./app\"\n  primary = local.two.primary\n  secondary = local.two.secondary\n}\n",
        ),
        (
            "live/app/inner.tf",
            "module \"in\" {\n  source = \"./in\"\n  primary = var.primary\n  secondary = var.secondary\n}\n",
        ),
        (
            "live/app/in/out.tf",
            "output \"primary\" {\n  value = var.primary\n}\noutput \"secondary\" {\n  value = var.secondary\n}\n",
        ),
        ("live/app/other.tf", "locals {\n  x = module.other.primary\n}\n"),
        ("live/app/use.tf", "resource \"a\" \"b\" {\n  value = module.in.secondary\n}\n"),
        ("live/noise.tf", "locals {\n  primary = var.secondary\n}\n"),
    ]);
    let (tree, left_out) = read(&files, true);
    let consumers: Vec<(&str, &str)> = tree
        .consumers(0, Access::ReadWrite)
        .map(|it| (tree.sources[it.file].path(), it.slot.as_str()))
        .collect();
    assert_eq!(consumers, [("live/app/use.tf", "secondary")]);
    assert_eq!(left_out, 2);
}

#[test]
fn the_spelling_of_an_accounts_name_is_looked_up() {
    let files = owned(&[
        (
            "db/a.tf",
            "resource \"azurerm_cosmosdb_account\" \"x\" {\n  name = local.full\n  tags = var.tags\n}\n",
        ),
        ("db/locals.tf", "locals {\n  full = \"${var.prefix}-${module.names.suffix}\"\n}\n"),
        ("db/names.tf", "module \"names\" {\n  source = \"../names\"\n}\n"),
        ("db/tags.tf", "variable \"tags\" {}\n"),
        ("db/variables.tf", "variable \"prefix\" {}\n"),
        ("env/prod.tfvars", "prefix = \"shop\"\n"),
        ("env/tags.tfvars", "tags = {}\n"),
        ("live/calls.tf", "module \"d\" {\n  source = \"../db\"\n  prefix = local.p\n}\n"),
        ("live/locals.tf", "locals {\n  p = \"a\"\n}\n"),
        ("live/readers.tf", "output \"q\" {\n  value = local.p\n}\n"),
        ("names/out.tf", "output \"suffix\" {\n  value = \"b\"\n}\n"),
        ("names/unrelated.tf", "output \"prefix\" {\n  value = \"b\"\n}\n"),
    ]);
    let expected = [
        "db/a.tf",
        "db/locals.tf",
        "db/names.tf",
        "db/variables.tf",
        "env/prod.tfvars",
        "live/calls.tf",
        "live/locals.tf",
        "names/out.tf",
    ];
    assert_eq!(seen(&files), expected);
}

#[test]
fn what_secrets_are_called_and_what_names_their_key_is_looked_up() {
    let secret = "resource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = toset(local.names)\n  name = \
                  \"${var.prefix}-${each.value}\"\n  value = azurerm_cosmosdb_account.x[local.attribute]\n}\n";
    let files = owned(&[
        ("m/a.tf", secret),
        ("m/attribute.tf", "locals {\n  attribute = \"${var.slot}_key\"\n}\n"),
        ("m/names.tf", "locals {\n  names = [\"a\", \"b\"]\n}\n"),
        ("m/other.tf", "locals {\n  other = [\"a\", \"b\"]\n}\n"),
        ("m/variables.tf", "variable \"prefix\" {}\nvariable \"slot\" {}\n"),
        ("root/a.tf", "module \"m\" {\n  source = \"../m\"\n  prefix = \"x\"\n  slot = \"primary\"\n}\n"),
    ]);
    let (tree, left_out) = read(&files, true);
    assert_eq!(left_out, 1);
    let sinks: Vec<&str> = tree.flows().iter().map(|flow| flow.sink.name.as_str()).collect();
    assert_eq!(sinks, ["x-a, x-b", "x-a, x-b"]);
    let flipped = flips(&tree);
    assert!(flipped.contains("root/a.tf:") && flipped.contains(" primary secondary\n"), "{flipped}");
}

#[test]
fn remote_states_are_read_where_a_key_is_an_output() {
    let state = "data \"terraform_remote_state\" \"x\" {}\n";
    let output = "output \"k\" { value = azurerm_cosmosdb_account.x.primary_key }\n";
    assert_eq!(seen(&owned(&[("a/a.tf", output), ("b/b.tf", state)])), ["a/a.tf", "b/b.tf"]);
    let local = "locals { k = azurerm_cosmosdb_account.x.primary_key }\n";
    assert_eq!(seen(&owned(&[("a/a.tf", local), ("b/b.tf", state)])), ["a/a.tf"]);
}

#[test]
fn hcl_of_other_programs_is_left_alone_unless_terragrunt_names_it() {
    let broken = "this is = = no HCL {";
    let files = owned(&[
        ("a/nomad.hcl", broken),
        ("live/env.hcl", "locals {}\n"),
        ("live/more.hcl", "locals {}\n"),
        ("live/root.hcl", "locals {\n  env = read_terragrunt_config(\"env.hcl\")\n}\n"),
    ]);
    for failures in [Failures::Every, Failures::ThatMatter] {
        let tree = match failures {
            Failures::Every => Tree::read(&files),
            Failures::ThatMatter => read(&files, true).0,
        };
        let paths: Vec<&str> = tree.sources.iter().map(Source::path).collect();
        assert_eq!(paths, ["live/env.hcl", "live/root.hcl"]);
        assert_eq!(tree.unparsed, []);
    }
}

#[test]
fn a_file_that_does_not_parse_counts_where_it_could_matter() {
    let key = ("a/a.tf", "output \"k\" { value = azurerm_cosmosdb_account.x.primary_key }\n");
    for (path, text, counts) in [
        ("b/b.tf", "locals {\n  a = = 1\n}\n", false),
        ("b/b.tf", "locals {\n  a = [1\n}\n", true),
        ("b/b.tf", "locals {\n  a = = 1 # cosmos\n}\n", true),
        ("a/b.tf", "output \"k\" {\n  value = = 1\n}\n", true),
        ("b/b.tf.json", "{\"a\": }", true),
    ] {
        let files = owned(&[key, (path, text)]);
        for shortcuts in [true, false] {
            assert_eq!(!read(&files, shortcuts).0.unparsed.is_empty(), counts, "{path}: {text}");
        }
        assert_eq!(Tree::read(&files).unparsed.len(), 1);
    }
}

#[test]
fn a_linked_file_is_told_of_where_both_its_folders_matter() {
    let account = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"orders\"\n}\n";
    let reads = "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let files = [("shared/keys.tf".to_owned(), vec!["live/keys.tf".to_owned()])];
    let links = || Links { files: files.clone().into(), ..Links::default() };
    let told = |live: &str| {
        let glanced = [("live/a.tf", live), ("shared/keys.tf", reads)].map(|(path, text)| Glanced {
            path: path.to_owned(),
            glance: Glance::of(path, text.as_bytes()),
            bytes: Some(text.as_bytes().to_vec()),
        });
        let mut reading = Reading::new(glanced.into(), links(), Failures::ThatMatter);
        assert!(reading.looks().is_empty());
        let tree = reading.finish(Vec::new());
        tree.unread.iter().map(|unread| tree.shown(unread.file)).collect::<Vec<_>>()
    };
    assert_eq!(told(account), ["live/keys.tf"]);
    assert_eq!(told("locals {}\n"), [] as [&str; 0]);
    assert_eq!(told("locals {\n  copy = local.k\n}\n"), ["live/keys.tf"]);
}

#[test]
fn whatever_else_reads_a_value_that_chooses_is_seen() {
    let files: Files = [
        (
            "a.tf",
            "locals {\n  k = var.slot == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : \
             azurerm_cosmosdb_account.x.secondary_key\n}\n",
        ),
        ("variables.tf", "variable \"slot\" {\n  default = \"primary\"\n}\n"),
        ("tags.tf", "resource \"r\" \"t\" {\n  tags = {\n    slot = var.slot\n  }\n}\n"),
        ("other.tf", "resource \"r\" \"o\" {\n  tags = var.tags\n}\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into();
    let (tree, left_out) = read(&files, true);
    assert_eq!(left_out, 1);
    let drives: Vec<&str> = tree.choosers[0].drives.iter().map(|driven| driven.what.as_str()).collect();
    assert_eq!(drives, ["`resource.r.t.tags.slot`"]);
}

#[test]
fn whatever_else_reads_a_value_that_is_handed_on_is_seen() {
    let files = owned(&[
        ("modules.tf", "module \"s\" {\n  source = \"./s\"\n  key = local.slot\n}\n"),
        ("locals.tf", "locals {\n  slot = var.slot\n}\n"),
        ("variables.tf", "variable \"slot\" {\n  default = \"primary\"\n}\n"),
        ("prod.tfvars", "slot = \"primary\"\n"),
        ("tags.tf", "resource \"r\" \"t\" {\n  tags = {\n    slot = var.slot\n  }\n}\n"),
        ("other.tf", "resource \"r\" \"o\" {\n  tags = var.tags\n}\n"),
        (
            "s/a.tf",
            "variable \"key\" {}\nlocals {\n  k = var.key == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : \
             azurerm_cosmosdb_account.x.secondary_key\n}\n",
        ),
    ]);
    let (tree, left_out) = read(&files, true);
    assert_eq!(left_out, 1);
    let chooser = &tree.choosers[0];
    assert_eq!(chooser.places.len(), 2);
    let drives: Vec<&str> = chooser.drives.iter().map(|driven| driven.what.as_str()).collect();
    assert_eq!(drives, ["`resource.r.t.tags.slot`"]);
}

#[test]
fn where_a_version_gets_its_number_is_seen() {
    let files: Files = [
        (
            "a.tf",
            "resource \"azurerm_key_vault_secret\" \"s\" {\n  name             = \"db\"\n  value_wo_version = var.v\n  value_wo         = \
             azurerm_cosmosdb_account.x.primary_key\n}\n",
        ),
        ("variables.tf", "variable \"v\" {\n  default = 9\n}\n"),
        ("outputs.tf", "output \"v\" {\n  value = var.v\n}\n"),
        ("other.tf", "output \"w\" {\n  value = var.w\n}\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into();
    let (tree, _) = read(&files, true);
    let seen: Vec<&str> = tree.sources.iter().map(|source| source.path()).collect();
    assert_eq!(seen, ["a.tf", "outputs.tf", "variables.tf"]);
}

#[test]
fn what_an_included_file_hands_on_is_followed_for_every_including_one() {
    let files = owned(&[
        (
            "live/app/terragrunt.hcl",
            "include {\n  path = \"../common.hcl\"\n}\nterraform {\n  source = \"../../modules/app\"\n}\n",
        ),
        (
            "live/common.hcl",
            "dependency \"d\" {\n  config_path = \"../db\"\n}\ninputs = {\n  k = dependency.d.outputs.o\n}\n",
        ),
        ("live/db/terragrunt.hcl", "terraform {\n  source = \"../../modules/db\"\n}\n"),
        ("modules/app/noise.tf", "locals {\n  n = var.n\n}\n"),
        ("modules/app/use.tf", "resource \"a\" \"b\" {\n  value = var.k\n}\n"),
        ("modules/db/a.tf", "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n}\n"),
        ("modules/db/noise.tf", "output \"n\" {\n  value = local.n\n}\n"),
        ("modules/db/out.tf", "output \"o\" {\n  value = local.k\n}\n"),
    ]);
    let (tree, left_out) = read(&files, true);
    let sink = &tree.flows()[0].sink;
    assert_eq!(tree.sources[sink.file].path(), "modules/app/use.tf");
    assert_eq!(left_out, 2);
    assert_eq!(report(&tree), report(&read(&files, false).0));
}

#[test]
fn roots_that_may_have_written_a_state_are_seen_also_where_only_names_lead_to_it() {
    let files = owned(&[
        (
            "app/a.tf",
            "resource \"x\" \"y\" {\n  k = data.terraform_remote_state.db.outputs.cosmos_primary_key\n}\n",
        ),
        (
            "app/state.tf",
            "data \"terraform_remote_state\" \"db\" {\n  backend = \"azurerm\"\n  config = { key = \"${var.env}/db.tfstate\" }\n}\n",
        ),
        ("app/env.tf", "variable \"env\" {}\n"),
        ("db/state.tf", "terraform {\n  backend \"azurerm\" {\n    key = \"prod/db.tfstate\"\n  }\n}\n"),
        ("db/a.tf", "output \"cosmos_primary_key\" {\n  value = var.key\n}\n"),
        ("idle/a.tf", "locals {\n  x = 1\n}\n"),
    ]);
    let (part, left_out) = read(&files, true);
    assert_eq!(report(&part), report(&read(&files, false).0));
    assert_eq!((part.opaque.len(), left_out), (1, 1), "{:?}", seen(&files));
}

#[test]
fn what_tells_instances_and_runs_apart_is_seen() {
    let read = "locals {\n  k = azurerm_cosmosdb_account.x[var.region].primary_key\n}\n";
    let variable = |name: &str| format!("variable \"{name}\" {{\n  default = [\"a\", \"b\"]\n}}\n");
    let index =
        owned(&[("a.tf", read), ("region.tf", &variable("region")), ("other.tf", &variable("other"))]);
    assert_eq!(seen(&index), ["a.tf", "region.tf"]);
    let account = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"x\"\n}\n";
    let call = |source: &str, more: &str| format!("module \"m\" {{\n  source = \"{source}\"\n{more}}}\n");
    let called = owned(&[
        ("m/a.tf", account),
        ("stamp/a.tf", &call("../m", "")),
        ("unit/a.tf", &call("../stamp", "  for_each = toset(var.regions)\n")),
        ("unit/regions.tf", &variable("regions")),
        ("unit/other.tf", &variable("other")),
    ]);
    assert_eq!(seen(&called), ["m/a.tf", "stamp/a.tf", "unit/a.tf", "unit/regions.tf"]);
}

//! Every way to name an instance, of everything that hands out keys: none is missed in silence.

use super::found;

/// What hands out keys, with `#` where an index may stand, and the files beside the one that reads.
struct Kind {
    what: &'static str,
    read: &'static str,
    code: &'static str,
    files: &'static [(&'static str, &'static str)],
}

const OUTPUTS: &str = "output \"first\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"second\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
const BACKEND: &str = "terraform {\n  backend \"azurerm\" {\n    key = \"db.tfstate\"\n  }\n}\n";

const KINDS: &[Kind] = &[
    Kind {
        what: "account",
        read: "azurerm_cosmosdb_account.a#.primary_key",
        code: "resource \"azurerm_cosmosdb_account\" \"a\" {\n  REPEATED\n}\n",
        files: &[],
    },
    Kind {
        what: "data source",
        read: "data.azurerm_cosmosdb_account.a#[\"primary_key\"]",
        code: "data \"azurerm_cosmosdb_account\" \"a\" {\n  REPEATED\n}\n",
        files: &[],
    },
    Kind {
        what: "connection strings",
        read: "azurerm_cosmosdb_account.a#.connection_strings[0]",
        code: "resource \"azurerm_cosmosdb_account\" \"a\" {\n  REPEATED\n}\n",
        files: &[],
    },
    Kind {
        what: "module",
        read: "module.m#.first",
        code: "module \"m\" {\n  REPEATED\n  source = \"./m\"\n}\n",
        files: &[("m/a.tf", OUTPUTS)],
    },
    Kind {
        what: "module, output in brackets",
        read: "module.m#[\"first\"]",
        code: "module \"m\" {\n  REPEATED\n  source = \"./m\"\n}\n",
        files: &[("m/a.tf", OUTPUTS)],
    },
    Kind {
        what: "module from elsewhere",
        read: "module.cosmosdb#.primary_key",
        code: "module \"cosmosdb\" {\n  REPEATED\n  source = \"git::https://example.invalid/m.git\"\n}\n",
        files: &[],
    },
    Kind {
        what: "state of a root in the tree",
        read: "data.terraform_remote_state.s#.outputs.first",
        code: "data \"terraform_remote_state\" \"s\" {\n  REPEATED\n  backend = \"azurerm\"\n  config  = { key = \"db.tfstate\" }\n}\n",
        files: &[("db/a.tf", BACKEND), ("db/b.tf", OUTPUTS)],
    },
    Kind {
        what: "state, in brackets",
        read: "data.terraform_remote_state.s#[\"outputs\"][\"first\"]",
        code: "data \"terraform_remote_state\" \"s\" {\n  REPEATED\n  backend = \"azurerm\"\n  config  = { key = \"db.tfstate\" }\n}\n",
        files: &[("db/a.tf", BACKEND), ("db/b.tf", OUTPUTS)],
    },
    Kind {
        what: "state that another instance reads",
        read: "data.terraform_remote_state.s#.outputs.first",
        code: "data \"terraform_remote_state\" \"s\" {\n  REPEATED\n  backend = \"azurerm\"\n  config  = { key = \"${each.key}b.tfstate\" }\n}\n",
        files: &[("db/a.tf", BACKEND), ("db/b.tf", OUTPUTS)],
    },
    Kind {
        what: "local state",
        read: "data.terraform_remote_state.s#.outputs.first",
        code: "data \"terraform_remote_state\" \"s\" {\n  REPEATED\n  backend = \"local\"\n  config  = { path = \"${path.module}/../${var.d}/terraform.tfstate\" }\n}\n",
        files: &[("db/b.tf", OUTPUTS)],
    },
    Kind {
        what: "state of a root elsewhere",
        read: "data.terraform_remote_state.s#.outputs.cosmos_primary_key",
        code: "data \"terraform_remote_state\" \"s\" {\n  REPEATED\n  backend = \"azurerm\"\n}\n",
        files: &[],
    },
    Kind {
        what: "outputs of a workspace",
        read: "data.tfe_outputs.s#.values.cosmos_primary_key",
        code: "data \"tfe_outputs\" \"s\" {\n  REPEATED\n}\n",
        files: &[],
    },
    Kind {
        what: "action",
        read: "data.azapi_resource_action.k#.output.primaryMasterKey",
        code: "data \"azapi_resource_action\" \"k\" {\n  REPEATED\n  type = \"Microsoft.DocumentDB/databaseAccounts@2024-08-15\"\n  action = \"listKeys\"\n}\n",
        files: &[],
    },
    Kind {
        what: "deployment",
        read: "jsondecode(azurerm_resource_group_template_deployment.d#.output_content).primaryKey.value",
        code: "resource \"azurerm_resource_group_template_deployment\" \"d\" {\n  REPEATED\n  name = \"cosmos\"\n  template_content = file(\"cosmos.json\")\n}\n",
        files: &[],
    },
];

const INDEXES: &[&str] = &[
    "",
    "[0]",
    ".0",
    "[\"d\"]",
    "[each.key]",
    "[each.value]",
    "[each.value.region]",
    "[count.index]",
    "[var.x]",
    "[local.x]",
    "[\"${var.x}\"]",
    "[\"${var.x}-${each.key}\"]",
    "[upper(var.x)]",
    "[var.on ? 0 : 1]",
    "[length(var.x) - 1]",
    "[*]",
    ".*",
];

/// The same element by functions and loops, `#` for what hands out keys and `@` for the path behind it.
const AROUND: &[&str] = &[
    "one(#[*]@)",
    "one(#)@",
    "try(#[0]@, null)",
    "element(#, 0)@",
    "element(#[*]@, var.x)",
    "values(#)[0]@",
    "lookup(#, \"d\")@",
    "lookup(#, var.x)@",
    "[for s in # : s@][0]",
    "{ for k, s in # : k => s@ }[\"d\"]",
    "{ for k, s in # : k => s@ if k == \"d\" }",
    "join(\"\", [for s in values(#) : s@])",
    "coalesce(#[\"d\"]@, \"\")",
    "\"${#[\"d\"]@}\"",
    "(#[each.key])@",
];

const REPEATED: [&str; 3] = ["", "count = 1", "for_each = toset([\"d\", \"e\"])"];

/// Whether something is said of the line that reads.
fn is_seen(kind: &Kind, repeated: &str, read: &str) -> bool {
    let code = kind.code.replace("REPEATED", repeated);
    let reads = format!("resource \"x\" \"y\" {{ v = {read} }}\n");
    let text = reads + &code;
    let mut files = vec![("app/a.tf", text.as_str())];
    let places: Vec<(String, &str)> = kind
        .files
        .iter()
        .map(|(path, text)| {
            (if path.starts_with("m/") { format!("app/{path}") } else { (*path).to_owned() }, *text)
        })
        .collect();
    files.extend(places.iter().map(|(path, text)| (path.as_str(), *text)));
    found(&files).iter().any(|line| line.starts_with("app/a.tf:1 ") && !line.ends_with("unparsed"))
}

#[test]
fn no_index_hides_a_key() {
    let mut missed = Vec::new();
    for kind in KINDS {
        for repeated in REPEATED {
            // In a block with `count` there is no `each`.
            if repeated.starts_with("count") && kind.code.contains("each.") {
                continue;
            }
            let (before, behind) = kind.read.split_once('#').unwrap();
            // Of one module a name in brackets is an output.
            let is_output = |read: &String| {
                repeated.is_empty()
                    && kind.code.contains("./m")
                    && (read.contains("[\"d\"]") || read.contains(", \"d\""))
            };
            let plain = INDEXES.iter().map(|index| kind.read.replace('#', index));
            // What is decoded around it stays around it.
            let around = AROUND.iter().filter(|_| !before.contains('('));
            let around = around.map(|form| form.replace('#', before).replace('@', behind));
            let reads = plain.chain(around);
            missed.extend(
                reads
                    .filter(|read| !is_output(read) && !is_seen(kind, repeated, read))
                    .map(|read| format!("{}: {repeated}: {read}", kind.what)),
            );
        }
    }
    assert!(missed.is_empty(), "{} missed: {missed:#?}", missed.len());
}

/// A repeated block is read by a loop, or by a block that is repeated over it.
#[test]
fn no_loop_over_instances_hides_a_key() {
    let mut missed = Vec::new();
    for kind in KINDS.iter().filter(|kind| !kind.read.contains('(')) {
        let (before, behind) = kind.read.split_once('#').unwrap();
        for block in [
            format!("for_each = {before}\n v = each.value{behind}"),
            format!("for_each = {{ for k, s in {before} : k => s }}\n v = each.value{behind}"),
            format!("for_each = toset(keys({before}))\n v = {before}[each.key]{behind}"),
            format!("for_each = {{ for k, s in {before} : k => s{behind} }}\n v = each.value"),
            format!("dynamic \"b\" {{\n for_each = {before}\n content {{\n v = b.value{behind}\n }}\n }}"),
        ] {
            let files = |repeated: &str| {
                let code = kind.code.replace("REPEATED", repeated);
                format!("resource \"x\" \"y\" {{\n{block}\n}}\n{code}")
            };
            let text = files(REPEATED[2]);
            let last = text.split("\n}\n").next().unwrap().lines().count();
            let mut all = vec![("app/a.tf".to_owned(), text.as_str())];
            all.extend(kind.files.iter().map(|(path, text)| {
                (if path.starts_with("m/") { format!("app/{path}") } else { (*path).to_owned() }, *text)
            }));
            let all: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            let lines = found(&all);
            let seen = (1..=last)
                .any(|line| lines.iter().any(|found| found.starts_with(&format!("app/a.tf:{line} "))));
            if !seen {
                missed.push(format!("{}: {block}", kind.what));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed: {missed:#?}", missed.len());
}

/// A configuration of Terragrunt's names its dependencies in more ways than Terraform knows.
#[test]
fn no_way_to_name_a_dependency_hides_a_key() {
    let dependency = "dependency \"db\" {\n  config_path = \"../db\"\n}\ndependency \"cosmos\" {\n  config_path = \"../../cosmos\"\n}\n";
    let missed: Vec<&str> = [
        "dependency.db.outputs.first",
        "dependency.db.outputs[\"first\"]",
        "dependency.db[\"outputs\"].first",
        "dependency[\"db\"].outputs.first",
        "dependency[\"db\"][\"outputs\"][\"first\"]",
        "dependency.db.outputs[local.x]",
        "dependency.db.outputs[\"${local.slot}_key\"]",
        "dependency[local.x].outputs.first",
        "dependency[\"${local.x}\"].outputs.first",
        "values(dependency.db.outputs)[0]",
        "lookup(dependency.db.outputs, \"first\", \"\")",
        "lookup(dependency.db.outputs, local.x)",
        "[for k, v in dependency.db.outputs : v][0]",
        "try(dependency.db.outputs.first, \"\")",
        "dependency.cosmos.outputs.primary_key",
        "dependency.cosmos.outputs.primary_key[0]",
        "dependency.cosmos.outputs.primary_key[\"eu\"]",
        "dependency.cosmos.outputs.primary_key[local.x]",
        "dependency.cosmos.outputs.accounts[0].primary_key",
        "dependency.cosmos.outputs.accounts[\"eu\"].primary_key",
        "dependency.cosmos.outputs.accounts[local.x][\"primary_key\"]",
        "dependency[\"cosmos\"].outputs.primary_key",
    ]
    .into_iter()
    .filter(|read| {
        let app = format!("inputs = {{ k = {read} }}\n{dependency}");
        let files = [
            ("app/terragrunt.hcl", app.as_str()),
            ("db/terragrunt.hcl", "terraform {\n  source = \"../m\"\n}\n"),
            ("m/a.tf", OUTPUTS),
        ];
        !found(&files).iter().any(|line| line.starts_with("app/terragrunt.hcl:1 "))
    })
    .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

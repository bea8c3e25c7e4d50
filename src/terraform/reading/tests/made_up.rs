//! Trees that are made up at random: every kind of block in folders that call each other, with names that say nothing.

use super::Files;

/// Small and seeded: a failing tree can be made again from its number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const NAMES: &[&str] = &["a", "b", "c", "primary", "secondary"];
const FOLDERS: &[&str] = &["", "live/one", "modules/m", "modules/m/inner", "shared"];
const ATTRIBUTES: &[&str] = &[
    "primary_key",
    "primary_key",
    "secondary_key",
    "secondary_key",
    "secondary_readonly_key",
    "connection_strings[1]",
    "endpoint",
    "name",
];

fn expression(dice: &mut Dice, account: bool) -> String {
    let name = dice.pick(NAMES);
    let other = dice.pick(NAMES);
    match dice.roll(if account { 31 } else { 20 }) {
        0 => "\"text\"".to_owned(),
        1 | 2 => format!("local.{name}"),
        3 | 4 => format!("var.{name}"),
        5 | 6 => format!("module.{name}.{other}"),
        7 => format!("module.{name}"),
        8 => {
            let (a, b) = (expression(dice, account), expression(dice, account));
            format!("{{ primary = {a}, secondary = {b} }}")
        }
        9 => format!("local.{name}[var.{other}]"),
        10 => {
            let inner = expression(dice, account);
            format!("[for x in [{inner}] : x.{name}]")
        }
        11 => format!("merge(local.{name}, {{ {other} = \"x\" }})"),
        12 => format!("jsonencode(module.{name})"),
        13 => format!("data.terraform_remote_state.{name}.outputs.{other}"),
        14 => format!("module.{name}[{}].{other}", index(dice)),
        15 => {
            let from = dice.pick(&["local", "var", "module.a", "module.primary"]);
            format!("{from}.{name}.{other}.{}", dice.pick(ATTRIBUTES))
        }
        16 => format!("module.{name}.{}", dice.pick(ATTRIBUTES)),
        17 => match dice.roll(4) {
            2 => "var.cosmos_key".to_owned(),
            0 => format!("module.{name}.cosmos_{}", dice.pick(ATTRIBUTES)),
            1 => format!("{}.primary_readonly_key", dice.pick(&["local.a", "local.primary", "var.b"])),
            _ => format!("data.tfe_outputs.{name}.values.{}", dice.pick(ATTRIBUTES)),
        },
        18 => gathered(dice, &format!("local.{name}"), ("primary", "secondary")),
        19 => chosen(dice, &format!("local.{name}.primary"), &format!("local.{name}.secondary")),
        20 => gathered(dice, "azurerm_cosmosdb_account.db", ("primary_key", "secondary_key")),
        21 => named(dice),
        22 => chosen(
            dice,
            "azurerm_cosmosdb_account.db.primary_key",
            "azurerm_cosmosdb_account.db.secondary_key",
        ),
        23 => format!(
            "{{ {name} = azurerm_cosmosdb_account.db.primary_key, {name} = azurerm_cosmosdb_account.db.{} }}",
            dice.pick(ATTRIBUTES)
        ),
        24 => match dice.roll(2) {
            0 => "azurerm_cosmosdb_account.db".to_owned(),
            _ => format!("azurerm_cosmosdb_account.db[{}]", index(dice)),
        },
        25 => format!(
            "var.{name} == \"{other}\" ? azurerm_cosmosdb_account.db.primary_key : \
             azurerm_cosmosdb_account.db.secondary_key"
        ),
        26 => format!("module.{name}.primary_key"),
        27 => format!("azurerm_cosmosdb_account.db[{}].{}", index(dice), dice.pick(ATTRIBUTES)),
        _ => format!("azurerm_cosmosdb_account.db.{}", dice.pick(ATTRIBUTES)),
    }
}

/// Objects that a `for` makes of elements, or a key of one of them.
fn gathered(dice: &mut Dice, from: &str, (one, two): (&str, &str)) -> String {
    let made = format!("{{ primary = v.{one}, secondary = v.{two} }}");
    let name = dice.pick(NAMES);
    match dice.roll(5) {
        0 => format!("{{ for k, v in {from} : k => {made} }}"),
        1 => format!("{{ for k, v in {from} : k => {made} if v.enabled }}"),
        2 => format!("[for v in {from} : {made}]"),
        3 => format!("local.{name}[{}].{}", index(dice), dice.pick(&["primary", "secondary"])),
        _ => format!("module.{name}.{}[{}].primary", dice.pick(NAMES), index(dice)),
    }
}

/// One of two by a condition, or by a name that a text is put around.
fn chosen(dice: &mut Dice, one: &str, two: &str) -> String {
    let (name, other) = (dice.pick(NAMES), dice.pick(NAMES));
    match dice.roll(5) {
        0 => format!("contains([\"{other}\", \"a\"], var.{name}) ? {one} : {two}"),
        1 => format!("local.{name} == \"a\" || local.{name} == \"{other}\" ? {one} : {two}"),
        2 => format!("var.{name} == \"a\" && var.{other} != \"b\" ? {one} : {two}"),
        3 => format!("local.{other}[\"${{var.{name}}}\"]"),
        _ => format!("{{ primary = {one}, secondary = {two} }}[\"${{local.{name}}}\"]"),
    }
}

/// A key whose name a value works out.
fn named(dice: &mut Dice) -> String {
    let by = format!("{}.{}", dice.pick(&["local", "var"]), dice.pick(NAMES));
    match dice.roll(4) {
        0 => format!("azurerm_cosmosdb_account.db[{by}]"),
        1 => format!("azurerm_cosmosdb_account.db[\"${{{by}}}_key\"]"),
        2 => format!("lookup(azurerm_cosmosdb_account.db, {by})"),
        _ => format!("azurerm_cosmosdb_account.db[format(\"%s_key\", {by})]"),
    }
}

/// One instance, by its name or by a value.
fn index(dice: &mut Dice) -> String {
    let name = dice.pick(NAMES);
    match dice.roll(5) {
        0 => format!("local.{name}"),
        1 => format!("var.{name}"),
        2 => "each.key".to_owned(),
        3 => "0".to_owned(),
        _ => format!("\"{name}\""),
    }
}

/// What a block is repeated over, as an argument of it.
fn repeated(dice: &mut Dice) -> String {
    let (name, other) = (dice.pick(NAMES), dice.pick(NAMES));
    match dice.roll(6) {
        0 => format!("  for_each = local.{name}\n"),
        1 => format!("  for_each = var.{name}\n"),
        2 => format!("  for_each = {{ {name} = \"x\", {other} = local.{name} }}\n"),
        3 => "  count = 2\n".to_owned(),
        4 => format!("  count = var.{name}\n"),
        _ => format!("  for_each = toset([\"{name}\", \"{other}\"])\n"),
    }
}

const PAIRS: &[(&str, &str)] =
    &[("a", "b"), ("c", "primary"), ("primary", "secondary"), ("primary", "secondary")];

/// Both keys under two names, in one of the ways that put them on offer.
fn pair(dice: &mut Dice, folder: &str) -> String {
    offer(dice, folder, "azurerm_cosmosdb_account.db", ("primary_key", "secondary_key"))
}

/// The same again, of a pair that was on offer already.
fn further(dice: &mut Dice, folder: &str) -> String {
    let name = dice.pick(NAMES);
    let from = match dice.roll(4) {
        0 => "local".to_owned(),
        1 => "var".to_owned(),
        2 => format!("local.{name}"),
        _ => format!("module.{name}"),
    };
    let names = PAIRS[dice.roll(PAIRS.len())];
    offer(dice, folder, &from, names)
}

fn offer(dice: &mut Dice, folder: &str, from: &str, names: (&str, &str)) -> String {
    let (one, two) = (format!("{from}.{}", names.0), format!("{from}.{}", names.1));
    let (first, second) = PAIRS[dice.roll(PAIRS.len())];
    let name = dice.pick(NAMES);
    match dice.roll(4) {
        0 => format!("locals {{\n  {first} = {one}\n  {second} = {two}\n}}\n"),
        1 => format!("locals {{\n  {name} = {{ {first} = {one}, {second} = {two} }}\n}}\n"),
        2 => format!(
            "output \"{first}\" {{\n  value = {one}\n}}\noutput \"{second}\" {{\n  value = {two}\n}}\n"
        ),
        _ => {
            let source = path(folder, dice.pick(FOLDERS));
            format!(
                "module \"{name}\" {{\n  source = \"{source}\"\n  {first} = {one}\n  {second} = {two}\n}}\n"
            )
        }
    }
}

/// A relative path between folders of the tree, as a module call writes it.
fn path(from: &str, to: &str) -> String {
    let up: String = from.split('/').filter(|part| !part.is_empty()).map(|_| "../").collect();
    format!("{}{to}", if up.is_empty() { "./" } else { &up })
}

fn block(dice: &mut Dice, folder: &str, account: bool) -> String {
    let name = dice.pick(NAMES);
    let value = expression(dice, account);
    match dice.roll(24) {
        21 => {
            format!("locals {{\n  {name} = \"{}\"\n}}\n", dice.pick(&["primary_key", "secondary", "primary"]))
        }
        22 => format!("variable \"{name}\" {{\n  default = \"{}\"\n}}\n", dice.pick(ATTRIBUTES)),
        23 => secrets(dice, &value),
        9..=11 => further(dice, folder),
        12 | 19 => {
            let (called, given) =
                [("cosmos", ""), ("db", ""), ("db", "  cosmosdb_name = \"x\"\n")][dice.roll(3)];
            format!(
                "module \"{name}\" {{\n  source = \"git::https://example.invalid/{called}.git\"\n{given}}}\n"
            )
        }
        20 => received(dice, &value),
        13 => "provider \"azurerm\" {}\n".to_owned(),
        15 => format!(
            "resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  for_each = {value}\n  name = each.key\n  value = each.value\n}}\n"
        ),
        16 => {
            let source = path(folder, dice.pick(FOLDERS));
            let (argument, element) = (dice.pick(NAMES), dice.pick(&["each.value", "each.value.primary"]));
            format!(
                "module \"{name}\" {{\n  source = \"{source}\"\n  for_each = {value}\n  {argument} = {element}\n}}\n"
            )
        }
        17 => {
            let key = if dice.roll(3) == 0 { String::new() } else { format!("    key = \"{name}\"\n") };
            format!("terraform {{\n  backend \"azurerm\" {{\n{key}  }}\n}}\n")
        }
        18 => {
            let (key, other) = (dice.pick(NAMES), dice.pick(NAMES));
            let key = match dice.roll(4) {
                0 => format!("var.{key}"),
                1 => format!("\"${{local.{key}}}{other}\""),
                _ => format!("\"{key}\""),
            };
            format!(
                "data \"terraform_remote_state\" \"{name}\" {{\n  backend = \"azurerm\"\n  config = {{ key = {key} }}\n}}\n"
            )
        }
        14 => format!("variable \"{name}\" {{\n  default = \"{}\"\n}}\n", dice.pick(NAMES)),
        0..=2 => format!("locals {{\n  {name} = {value}\n}}\n"),
        3 | 4 => format!("output \"{name}\" {{\n  value = {value}\n}}\n"),
        5 | 6 => {
            let source = path(folder, dice.pick(FOLDERS));
            let argument = dice.pick(NAMES);
            let more = dice.pick(NAMES);
            let repeated = if dice.roll(4) == 0 { repeated(dice) } else { String::new() };
            format!(
                "module \"{name}\" {{\n  source = \"{source}\"\n{repeated}  {argument} = {value}\n  {more}_x = 1\n}}\n"
            )
        }
        7 => format!("variable \"{name}\" {{\n  default = \"x\"\n}}\n"),
        _ => format!("resource \"azurerm_key_vault_secret\" \"{name}_{folder}\" {{\n  value = {value}\n}}\n")
            .replace('/', "_"),
    }
}

/// Secrets of one block, with names of their own.
fn secrets(dice: &mut Dice, value: &str) -> String {
    let name = dice.pick(NAMES);
    let (over, called) = match dice.roll(3) {
        0 => (format!("for_each = toset(local.{name})"), "each.value"),
        1 => (format!("for_each = var.{name}"), "each.value.name"),
        _ => (format!("for_each = {{ a = local.{name}, b = \"x\" }}"), "\"db-${each.value}\""),
    };
    format!(
        "resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  {over}\n  name = {called}\n  value = {value}\n}}\n"
    )
}

/// A value under a name that says Cosmos DB, or another service.
fn received(dice: &mut Dice, value: &str) -> String {
    let name = dice.pick(NAMES);
    let service = dice.pick(&["cosmos", "cosmos", "cosmos", "search"]);
    match dice.roll(6) {
        4 => format!(
            "resource \"a_b\" \"{name}\" {{\n  setting {{\n    name = \"{service}_key\"\n    value = {value}\n  }}\n}}\n"
        ),
        5 => format!(
            "resource \"a_b\" \"{name}\" {{\n  v = \"AccountEndpoint=x;AccountKey=${{{value}}}\"\n}}\n"
        ),
        0 => format!("locals {{\n  {service}_key = {value}\n}}\n"),
        1 => format!("locals {{\n  {name} = {{ {service}_{name}_key = {value} }}\n}}\n"),
        2 => format!("output \"{service}_{name}_key\" {{\n  value = {value}\n}}\n"),
        _ => format!(
            "resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  name = \"{service}-key\"\n  value = {value}\n}}\n"
        ),
    }
}

fn account(dice: &mut Dice) -> String {
    let repeated = if dice.roll(3) == 0 { repeated(dice) } else { String::new() };
    let name = match dice.roll(6) {
        4 => "\"db-${each.key}\"".to_owned(),
        5 => "each.value".to_owned(),
        0 => "\"orders\"".to_owned(),
        1 => format!("\"${{var.{}}}-db\"", dice.pick(NAMES)),
        2 => format!("local.{}", dice.pick(NAMES)),
        _ => format!("module.{}.{}", dice.pick(NAMES), dice.pick(NAMES)),
    };
    format!("resource \"azurerm_cosmosdb_account\" \"db\" {{\n{repeated}  name = {name}\n}}\n")
}

pub fn made_up(seed: u64) -> Files {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut files = Files::new();
    for folder in FOLDERS {
        let with_account = dice.roll(2) == 0;
        for number in 0..2 + dice.roll(4) {
            let knows = with_account && number == 0;
            let mut text = "# nothing\n".to_owned();
            if knows {
                text = account(&mut dice) + &pair(&mut dice, folder) + &pair(&mut dice, folder);
            }
            for _ in 0..1 + dice.roll(4) {
                text.push_str(&block(&mut dice, folder, knows));
            }
            match dice.roll(40) {
                0 => text.push_str("locals {\n"),
                1 => text.push_str("locals {\n  broken = = 1\n}\n"),
                2 => text = text.replace('\n', "\r\n"),
                3 => text.insert(0, '\u{feff}'),
                _ => {}
            }
            let name = ["main.tf", "a.tofu", "b_override.tf", "c.tf", "prod.tfvars", "z.tf"][number];
            let path = format!("{folder}/{name}");
            files.push((path.trim_start_matches('/').to_owned(), text));
        }
    }
    if dice.roll(3) == 0 {
        files.push(terragrunt(&mut dice));
    }
    if dice.roll(3) == 0 {
        files.extend(including(&mut dice));
    }
    if dice.roll(4) == 0 {
        files.push(beside(&mut dice));
    }
    files.sort();
    files
}

const INPUTS: &[&str] = &["a", "b", "primary", "secondary", "cosmos_key", "search_key"];
const OUTPUTS: &[&str] = &["a", "b", "primary", "secondary", "primary_key", "secondary_key"];

/// A configuration that runs one folder with what another one hands out.
fn terragrunt(dice: &mut Dice) -> (String, String) {
    let (runs, of) = (dice.pick(FOLDERS), dice.pick(FOLDERS));
    let (name, output) = (dice.pick(INPUTS), dice.pick(OUTPUTS));
    let text = format!(
        "terraform {{\n  source = \"../{runs}\"\n}}\ndependency \"d\" {{\n  config_path = \"../{of}\"\n}}\n\
         inputs = {{\n  {name} = dependency.d.outputs.{output}\n}}\n"
    );
    ("run/terragrunt.hcl".to_owned(), text)
}

/// A configuration that lies beside the code that it runs.
fn beside(dice: &mut Dice) -> (String, String) {
    let (folder, name, value) = (dice.pick(FOLDERS), dice.pick(NAMES), dice.pick(NAMES));
    let value = match dice.roll(2) {
        0 => format!("\"{value}\""),
        _ => format!("local.{value}"),
    };
    let path = format!("{folder}/terragrunt.hcl").trim_start_matches('/').to_owned();
    (path, format!("inputs = {{\n  {name} = {value}\n}}\n"))
}

/// Two configurations, of which one or both include a file that is named by its path or found above.
fn including(dice: &mut Dice) -> Vec<(String, String)> {
    let (runs, of) = (dice.pick(FOLDERS), dice.pick(FOLDERS));
    let (name, output) = (dice.pick(NAMES), dice.pick(NAMES));
    let path =
        dice.pick(&["\"../common.hcl\"", "find_in_parent_folders(\"common.hcl\")", "\"../other.hcl\""]);
    let config = dice.pick(&["../", "${get_repo_root()}/", "${get_parent_terragrunt_dir()}/../", "../../"]);
    let child =
        format!("include \"c\" {{\n  path = {path}\n}}\nterraform {{\n  source = \"../../{runs}\"\n}}\n");
    let common = format!(
        "dependency \"d\" {{\n  config_path = \"{config}{of}\"\n}}\ninputs = {{\n  {name} = dependency.d.outputs.{output}\n}}\n"
    );
    let other = if dice.roll(2) == 0 { child.clone() } else { "locals {}\n".to_owned() };
    let file = |path: &str, text: String| (path.to_owned(), text);
    vec![
        file("env/common.hcl", common),
        file("env/one/terragrunt.hcl", child),
        file("env/two/terragrunt.hcl", other),
    ]
}

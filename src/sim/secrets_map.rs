//! What the Terraform of a commit would write into a vault, evaluated with `hcl-rs`.
//!
//! This stands for `terraform apply` and shares nothing with keyslot's own reading of Terraform: otherwise a
//! mistake there would be confirmed here. The value comes as a template with holes for the account's keys, so
//! that the same tree needs to be evaluated once only.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use git2::ObjectType;
use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use hcl::{Body, Expression, Map, ObjectKey, Value};

use super::repository::{GitId, Tree};
use crate::model::{Access, KeyKind, Slot};

const HOLE: char = '\u{1}';

/// A piece of a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Key(KeyKind),
}

/// A secret's value before keys are filled in.
pub type Template = Vec<Part>;

/// Evaluates the entry `secret` of the map `local.secrets` found under `root`.
///
/// # Errors
/// In words, as a failed apply would say it.
pub fn evaluate(tree: &Tree, root: &str, secret: &str) -> Result<Template, String> {
    static MEMO: OnceLock<Mutex<BTreeMap<GitId, Result<Template, String>>>> = OnceLock::new();
    let key = memo_key(tree, root, secret);
    let memo = MEMO.get_or_init(Mutex::default);
    if let Some(known) = memo.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return known.clone();
    }
    let fresh = evaluate_now(tree, root, secret);
    let mut memo = memo.lock().unwrap_or_else(PoisonError::into_inner);
    // A memo, not a store: tests with thousands of different trees must not fill the memory.
    if memo.len() >= 256 {
        memo.clear();
    }
    memo.insert(key, fresh.clone());
    fresh
}

fn memo_key(tree: &Tree, root: &str, secret: &str) -> GitId {
    let mut text = format!("{root}\n{secret}\n").into_bytes();
    for (path, file) in terraform_files(tree, root) {
        text.extend_from_slice(path.as_bytes());
        text.extend_from_slice(file.id().as_bytes());
    }
    GitId::of(ObjectType::Blob, &text)
}

fn terraform_files<'a>(
    tree: &'a Tree,
    root: &'a str,
) -> impl Iterator<Item = (&'a str, &'a super::repository::File)> {
    tree.under(root).map(|(path, file)| (&**path, file)).filter(|(path, _)| path.ends_with(".tf"))
}

fn evaluate_now(tree: &Tree, root: &str, secret: &str) -> Result<Template, String> {
    for (path, file) in terraform_files(tree, root) {
        let text = String::from_utf8_lossy(file.bytes());
        if !text.contains(secret) {
            continue;
        }
        let body = hcl::parse(&text).map_err(|error| format!("{path}: {error}"))?;
        let Some(expression) = entry(&body, secret) else { continue };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let module = read_module(tree, folder)?;
        let value = expression.evaluate(&context(&module)).map_err(|error| format!("{path}: {error}"))?;
        return match value {
            Value::String(text) => Ok(fill_in(&text)),
            other => Err(format!("{path}: the value of {secret} is no string but {other}")),
        };
    }
    Err(format!("no secrets map under “{root}” has an entry {secret}"))
}

/// The entry of that name in a `locals { secrets = { … } }`.
fn entry<'a>(body: &'a Body, secret: &str) -> Option<&'a Expression> {
    let maps = locals(body).filter(|(name, _)| *name == "secrets");
    maps.filter_map(|(_, expression)| match expression {
        Expression::Object(object) => object.iter().find(|(key, _)| is_key(key, secret)),
        _ => None,
    })
    .map(|(_, value)| value)
    .next()
}

fn is_key(key: &ObjectKey, name: &str) -> bool {
    match key {
        ObjectKey::Identifier(identifier) => identifier.as_str() == name,
        ObjectKey::Expression(Expression::String(text)) => text == name,
        _ => false,
    }
}

fn locals(body: &Body) -> impl Iterator<Item = (&str, &Expression)> {
    body.blocks()
        .filter(|block| block.identifier.as_str() == "locals")
        .flat_map(|block| block.body.attributes())
        .map(|attribute| (attribute.key.as_str(), &attribute.expr))
}

/// What a module says that a value may be made of.
#[derive(Default)]
struct Module {
    data: Vec<String>,
    resources: Vec<String>,
    locals: Vec<(String, Expression)>,
}

fn read_module(tree: &Tree, folder: &str) -> Result<Module, String> {
    let mut module = Module::default();
    for (path, file) in terraform_files(tree, folder) {
        let inside = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if inside != folder {
            continue;
        }
        let body =
            hcl::parse(&String::from_utf8_lossy(file.bytes())).map_err(|error| format!("{path}: {error}"))?;
        for block in body.blocks() {
            let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
            match (block.identifier.as_str(), labels.as_slice()) {
                ("data", ["azurerm_cosmosdb_account", name]) => module.data.push((*name).to_owned()),
                ("resource", ["azurerm_cosmosdb_account", name]) => module.resources.push((*name).to_owned()),
                _ => {}
            }
        }
        module.locals.extend(locals(&body).map(|(name, value)| (name.to_owned(), value.clone())));
    }
    Ok(module)
}

fn context(module: &Module) -> Context<'static> {
    let accounts = |names: &[String]| {
        Value::Object(names.iter().map(|name| (name.clone(), account())).collect::<Map<String, Value>>())
    };
    let mut context = Context::new();
    let data = Map::from_iter([("azurerm_cosmosdb_account".to_owned(), accounts(&module.data))]);
    context.declare_var("data", Value::Object(data));
    context.declare_var("azurerm_cosmosdb_account", accounts(&module.resources));
    for name in ["nonsensitive", "sensitive", "tostring"] {
        let same = FuncDef::builder().param(ParamType::Any).build(first);
        context.declare_func(name, same);
    }
    // Locals may lean on each other; those that lean on what is not known here stay out.
    let mut known: Map<String, Value> = Map::new();
    for _ in 0..4 {
        let mut inner = context.clone();
        inner.declare_var("local", Value::Object(known.clone()));
        for (name, expression) in &module.locals {
            if !known.contains_key(name)
                && let Ok(value) = expression.evaluate(&inner)
            {
                known.insert(name.clone(), value);
            }
        }
    }
    context.declare_var("local", Value::Object(known));
    context
}

fn first(args: FuncArgs) -> Result<Value, String> {
    args.into_values().into_iter().next().ok_or_else(|| "one argument is wanted".to_owned())
}

/// The attributes of an account as the provider names them.
fn account() -> Value {
    let mut attributes: Map<String, Value> = Map::new();
    for (place, kind) in KeyKind::ALL.into_iter().enumerate() {
        let slot = match kind.slot {
            Slot::Primary => "primary",
            Slot::Secondary => "secondary",
        };
        let access = match kind.access {
            Access::ReadWrite => "",
            Access::ReadOnly => "readonly_",
        };
        let hole = format!("{HOLE}{place}{HOLE}");
        let string = format!("AccountEndpoint=https://account.documents.azure.com:443/;AccountKey={hole};");
        for name in ["key", "master_key"] {
            attributes.insert(format!("{slot}_{access}{name}"), Value::from(hole.clone()));
        }
        for name in ["sql_connection_string", "mongodb_connection_string"] {
            attributes.insert(format!("{slot}_{access}{name}"), Value::from(string.clone()));
        }
        let all =
            attributes.entry("connection_strings".to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(all) = all {
            all.push(Value::from(string));
        }
    }
    attributes.insert("endpoint".to_owned(), Value::from("https://account.documents.azure.com:443/"));
    Value::Object(attributes)
}

fn fill_in(text: &str) -> Template {
    text.split(HOLE)
        .enumerate()
        .filter(|(_, piece)| !piece.is_empty())
        .map(|(place, piece)| {
            let kind = piece.parse::<usize>().ok().and_then(|number| KeyKind::ALL.get(number));
            match kind {
                Some(kind) if place % 2 == 1 => Part::Key(*kind),
                _ => Part::Text(piece.to_owned()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::repository::File;

    fn module(secrets: &str) -> Tree {
        let data = "data \"azurerm_cosmosdb_account\" \"global\" {\n  name = \"a\"\n}\n";
        Tree::from_files([
            ("stamp/data.tf", File::new(data.as_bytes())),
            ("stamp/secrets.tf", File::new(secrets.as_bytes())),
        ])
    }

    fn value(expression: &str) -> Result<Template, String> {
        let text = format!(
            "locals {{\n  key = data.azurerm_cosmosdb_account.global.secondary_key\n  secrets = {{\n    \
             \"Other\" = var.unknown\n    \"CosmosDb-ApiKey\" = {expression}\n  }}\n}}\n"
        );
        evaluate(&module(&text), "", "CosmosDb-ApiKey")
    }

    fn key(slot: Slot) -> Part {
        Part::Key(KeyKind::read_write(slot))
    }

    #[test]
    fn an_attribute_is_the_key_that_it_names() {
        let account = "data.azurerm_cosmosdb_account.global";
        assert_eq!(value(&format!("{account}.primary_key")), Ok(vec![key(Slot::Primary)]));
        assert_eq!(value(&format!("{account}.secondary_key")), Ok(vec![key(Slot::Secondary)]));
        assert_eq!(
            value(&format!("nonsensitive({account}[\"secondary_key\"])")),
            Ok(vec![key(Slot::Secondary)])
        );
        assert_eq!(value("local.key"), Ok(vec![key(Slot::Secondary)]));
        let read_only = KeyKind { slot: Slot::Secondary, access: Access::ReadOnly };
        assert_eq!(value(&format!("{account}.secondary_readonly_key")), Ok(vec![Part::Key(read_only)]));
    }

    #[test]
    fn a_string_around_a_key_keeps_the_text() {
        let value = value("\"k=${data.azurerm_cosmosdb_account.global.primary_key}!\"");
        let text = |text: &str| Part::Text(text.to_owned());
        assert_eq!(value, Ok(vec![text("k="), key(Slot::Primary), text("!")]));
    }

    #[test]
    fn what_cannot_be_evaluated_fails_the_apply() {
        assert!(value("var.nowhere").is_err());
        assert!(evaluate(&module("locals {\n"), "", "CosmosDb-ApiKey").is_err());
    }

    #[test]
    fn the_example_reads_the_primary_key() {
        assert_eq!(evaluate(&Tree::example(), "", "CosmosDb-ApiKey"), Ok(vec![key(Slot::Primary)]));
    }
}

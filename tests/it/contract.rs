//! The services' own API descriptions, to hold traffic against. They are not part of this repository: where the
//! folder beside it is missing, the tests that need them say so and do nothing.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use crate::desk::Exchange;

pub struct Contract {
    document: Value,
}

/// What was said that the description does not allow, and what was held against it.
#[derive(Debug, Default)]
pub struct Verdict {
    pub wrong: Vec<String>,
    /// Bodies that were validated.
    pub held: usize,
    /// What they were, each kind once: how often something is polled is chance.
    pub kinds: BTreeSet<String>,
}

impl Contract {
    pub fn load(name: &str) -> Option<Contract> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts").join(name);
        let Ok(text) = std::fs::read(&path) else {
            eprintln!("skipped: {} is not there", path.display());
            return None;
        };
        Some(Contract::read(&text))
    }

    /// One of our own, of what keyslot relies on; these are always there.
    pub fn of_ours(name: &str) -> Contract {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire").join(name);
        Contract::read(&std::fs::read(path).unwrap())
    }

    fn read(text: &[u8]) -> Contract {
        let mut document = serde_json::from_slice(text).unwrap();
        as_json_schema(&mut document);
        Contract { document }
    }

    /// Lets the wire have what the official examples show and the description forgets.
    pub fn allow(mut self, pointer: &str, schema: Value) -> Contract {
        *self.document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in the contract")) =
            schema;
        self
    }

    pub fn hold(&self, exchanges: &[Exchange]) -> Verdict {
        let mut verdict = Verdict::default();
        for exchange in exchanges {
            let place = format!("{} {} → {}", exchange.method, exchange.path, exchange.status);
            let Some((template, operation)) = self.operation(exchange) else {
                verdict.wrong.push(format!("{place}: no such operation"));
                continue;
            };
            let kind = format!("{} {template}", exchange.method);
            verdict.wrong.extend(self.astray(operation, exchange).map(|why| format!("{place}: {why}")));
            if let (Some(schema), Some(body)) = (request_schema(operation), &exchange.asked) {
                verdict.kinds.insert(format!("{kind} asked"));
                self.judge(&mut verdict, &format!("{place} asked"), schema, body);
            }
            match (self.answer_schema(operation, exchange.status), &exchange.answered) {
                (Some(schema), Some(body)) => {
                    verdict.kinds.insert(format!("{kind} {}", exchange.status));
                    self.judge(&mut verdict, &format!("{place} answered"), &schema, body)
                }
                (Some(_), None) => verdict.wrong.push(format!("{place}: no JSON where a body is described")),
                (None, _) => {}
            }
        }
        verdict
    }

    /// Parameters that the operation does not have, words that one does not take, and a success that it does not know.
    fn astray<'a>(
        &'a self,
        operation: &'a Value,
        exchange: &'a Exchange,
    ) -> impl Iterator<Item = String> + 'a {
        let resolved = |parameter: &'a Value| match parameter["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => parameter,
        };
        let of_query = |all: &&'a Vec<Value>| all.iter().map(resolved).any(|known| known["in"] == "query");
        // Ours say nothing of what is asked for.
        let described = operation["parameters"].as_array().filter(of_query);
        let asked = exchange.query.iter().filter(move |_| described.is_some());
        let wrong = asked.filter_map(move |(name, word)| {
            let mut known = described?.iter().map(resolved).filter(|known| known["in"] == "query");
            let Some(known) = known.find(|known| known["name"] == *name) else {
                return Some(format!("it has no parameter {name}"));
            };
            let words = known["enum"].as_array().or_else(|| known["schema"]["enum"].as_array())?;
            (!words.iter().any(|known| known == word)).then(|| format!("{name} does not take {word}"))
        });
        let answers = operation["responses"].as_object().filter(|answers| !answers.is_empty());
        let is_known = answers.is_none_or(|answers| answers.contains_key(&exchange.status.to_string()));
        // Azure DevOps' word for a run that has no timeline yet; its description leaves it out.
        let nothing_yet = exchange.status == 204 && exchange.path.ends_with("/timeline");
        let unknown = !is_known && !nothing_yet && (200..300).contains(&exchange.status);
        wrong.chain(unknown.then(|| "no such answer is described".to_owned()))
    }

    fn judge(&self, verdict: &mut Verdict, place: &str, schema: &Value, body: &Value) {
        verdict.held += 1;
        let errors: Vec<String> = self
            .validator(schema)
            .iter_errors(body)
            .map(|error| format!("{place}: {error} at {}", error.instance_path()))
            .collect();
        verdict.wrong.extend(errors);
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut whole = Map::new();
        whole.insert("allOf".to_owned(), json!([schema]));
        for name in ["components", "definitions"] {
            if let Some(definitions) = self.document.get(name) {
                whole.insert(name.to_owned(), definitions.clone());
            }
        }
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        options.build(&Value::Object(whole)).unwrap()
    }

    /// The operation with this method whose path template fits; templates without parameters go first.
    fn operation(&self, exchange: &Exchange) -> Option<(&str, &Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &str| {
            // A timeline's id is required by the description, and left out on the wire.
            let template = template.trim_end_matches("/{timelineId}");
            let (mut wanted, mut given) = (template.split('/'), exchange.path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some(part), Some(is)) if part.starts_with('{') || part.eq_ignore_ascii_case(is) => {}
                    _ => return false,
                }
            }
        };
        let mut found: Vec<(&String, &Value)> = paths.iter().filter(|(template, _)| fits(template)).collect();
        found.sort_by_key(|(template, _)| template.matches('{').count());
        let method = exchange.method.to_ascii_lowercase();
        found.iter().find_map(|(template, item)| Some((template.as_str(), item.get(&method)?)))
    }

    fn answer_schema(&self, operation: &Value, status: u16) -> Option<Value> {
        let mut answer = operation["responses"].get(status.to_string())?.clone();
        if let Some(reference) = answer.get("$ref").and_then(Value::as_str) {
            answer = self.document.pointer(reference.trim_start_matches('#'))?.clone();
        }
        let content = answer.get("content").and_then(|content| content.get("application/json"));
        content.and_then(|content| content.get("schema")).or(answer.get("schema")).cloned()
    }
}

fn request_schema(operation: &Value) -> Option<&Value> {
    let open_api = operation.pointer("/requestBody/content/application~1json/schema");
    let swagger = || {
        let parameters = operation.get("parameters")?.as_array()?;
        parameters.iter().find(|parameter| parameter["in"] == "body")?.get("schema")
    };
    open_api.or_else(swagger)
}

/// OpenAPI 3.0 says `nullable` where JSON Schema lists `null` among the types.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        Value::Object(members) => {
            members.values_mut().for_each(as_json_schema);
            if members.remove("nullable") == Some(Value::Bool(true)) {
                let schema = std::mem::take(members);
                *value = json!({ "anyOf": [schema, { "type": "null" }] });
            }
        }
        _ => {}
    }
}

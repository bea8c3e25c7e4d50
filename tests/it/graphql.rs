//! Questions by GraphQL, and the world's answers to them, against a schema of our own (`fixtures/contracts/github.graphql`): that
//! every field and argument is there, what is sent for it is of its kind, and what comes back has the shape that was asked for.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::desk::Exchange;

/// `!` and lists around a name.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Named(String),
    List(Box<Kind>),
    Always(Box<Kind>),
}

#[derive(Clone, Debug)]
struct Field {
    arguments: BTreeMap<String, Kind>,
    kind: Kind,
}

#[derive(Debug)]
enum Type {
    /// What is answered, and what is sent: both have fields.
    Fields(BTreeMap<String, Field>),
    Choice(Vec<String>),
    Scalar,
}

pub struct Schema(BTreeMap<String, Type>);

/// A selected field: its name, what stands in its parentheses, what is selected of it.
struct Selected {
    name: String,
    arguments: Vec<(String, Term)>,
    of_it: Vec<Selected>,
}

enum Term {
    Variable(String),
    Word(String),
    List(Vec<Term>),
    Object(Vec<(String, Term)>),
}

struct Tokens(std::vec::IntoIter<String>, Option<String>);

impl Tokens {
    fn of(text: &str) -> Tokens {
        let mut all: Vec<String> = Vec::new();
        let mut word = String::new();
        for line in text.lines() {
            for letter in line.split('#').next().unwrap().chars().chain(['\n']) {
                if letter.is_ascii_alphanumeric() || letter == '_' {
                    word.push(letter);
                    continue;
                }
                all.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                all.extend((!letter.is_whitespace() && letter != ',').then(|| letter.to_string()));
            }
        }
        let mut tokens = all.into_iter();
        let next = tokens.next();
        Tokens(tokens, next)
    }

    fn is(&self, what: &str) -> bool {
        self.1.as_deref() == Some(what)
    }

    fn next(&mut self) -> String {
        let next = self.0.next();
        std::mem::replace(&mut self.1, next).unwrap()
    }

    fn takes(&mut self, what: &str) -> bool {
        let is = self.is(what);
        if is {
            self.next();
        }
        is
    }

    fn wants(&mut self, what: &str) {
        let is = self.next();
        assert_eq!(is, what);
    }

    fn kind(&mut self) -> Kind {
        let kind = match self.takes("[") {
            true => {
                let inner = self.kind();
                self.wants("]");
                Kind::List(Box::new(inner))
            }
            false => Kind::Named(self.next()),
        };
        if self.takes("!") { Kind::Always(Box::new(kind)) } else { kind }
    }

    /// `(name: Kind = default …)`, or nothing.
    fn arguments(&mut self) -> BTreeMap<String, Kind> {
        let mut arguments = BTreeMap::new();
        if self.takes("(") {
            while !self.takes(")") {
                self.takes("$");
                let name = self.next();
                self.wants(":");
                arguments.insert(name, self.kind());
                if self.takes("=") {
                    self.next();
                }
            }
        }
        arguments
    }

    fn term(&mut self) -> Term {
        if self.takes("$") {
            return Term::Variable(self.next());
        }
        if self.takes("[") {
            let mut all = Vec::new();
            while !self.takes("]") {
                all.push(self.term());
            }
            return Term::List(all);
        }
        if self.takes("{") {
            return Term::Object(self.pairs("}"));
        }
        Term::Word(self.next())
    }

    fn pairs(&mut self, end: &str) -> Vec<(String, Term)> {
        let mut all = Vec::new();
        while !self.takes(end) {
            let name = self.next();
            self.wants(":");
            all.push((name, self.term()));
        }
        all
    }

    fn selection(&mut self) -> Vec<Selected> {
        let mut all = Vec::new();
        if self.takes("{") {
            while !self.takes("}") {
                let name = self.next();
                let arguments = if self.takes("(") { self.pairs(")") } else { Vec::new() };
                all.push(Selected { name, arguments, of_it: self.selection() });
            }
        }
        all
    }
}

impl Schema {
    pub fn load() -> Schema {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contracts/github.graphql");
        Schema::read(&std::fs::read_to_string(path).unwrap())
    }

    fn read(text: &str) -> Schema {
        let (mut tokens, mut types) = (Tokens::of(text), BTreeMap::new());
        for scalar in ["String", "Int", "Boolean", "ID"] {
            types.insert(scalar.to_owned(), Type::Scalar);
        }
        while tokens.1.is_some() {
            let (what, name) = (tokens.next(), tokens.next());
            let found = match what.as_str() {
                "scalar" => Type::Scalar,
                "enum" => {
                    tokens.wants("{");
                    let mut all = Vec::new();
                    while !tokens.takes("}") {
                        all.push(tokens.next());
                    }
                    Type::Choice(all)
                }
                _ => {
                    tokens.wants("{");
                    let mut fields = BTreeMap::new();
                    while !tokens.takes("}") {
                        let (name, arguments) = (tokens.next(), tokens.arguments());
                        tokens.wants(":");
                        fields.insert(name, Field { arguments, kind: tokens.kind() });
                    }
                    Type::Fields(fields)
                }
            };
            types.insert(name, found);
        }
        Schema(types)
    }

    fn fields(&self, name: &str) -> &BTreeMap<String, Field> {
        match &self.0[name] {
            Type::Fields(fields) => fields,
            other => panic!("{name} has no fields: {other:?}"),
        }
    }

    /// What is wrong with a question and its answer.
    pub fn wrong(&self, exchange: &Exchange) -> Vec<String> {
        let asked = exchange.asked.as_ref().unwrap();
        let mut tokens = Tokens::of(asked["query"].as_str().unwrap());
        let root = if tokens.next() == "mutation" { "Mutation" } else { "Query" };
        let (declared, selection) = (tokens.arguments(), tokens.selection());
        let mut wrong = Vec::new();
        let sent = asked["variables"].as_object().unwrap();
        let unknown = sent.keys().filter(|name| !declared.contains_key(*name));
        wrong.extend(unknown.map(|name| format!("${name} is sent, and not declared")));
        for (name, kind) in &declared {
            self.value(&format!("${name}"), sent.get(name).unwrap_or(&Value::Null), kind, None, &mut wrong);
        }
        self.asked(root, &selection, &declared, &mut wrong);
        if let Some(answer) = &exchange.answered
            && answer.get("errors").is_none()
        {
            self.members(root, &answer["data"], &selection, &mut wrong);
        }
        wrong
    }

    fn asked(
        &self,
        of: &str,
        selection: &[Selected],
        declared: &BTreeMap<String, Kind>,
        wrong: &mut Vec<String>,
    ) {
        for Selected { name, arguments, of_it } in selection {
            let place = format!("{of}.{name}");
            let Some(field) = self.fields(of).get(name) else {
                wrong.push(format!("{place} is not there"));
                continue;
            };
            for (argument, term) in arguments {
                match field.arguments.get(argument) {
                    None => wrong.push(format!("{place} takes no {argument}")),
                    Some(kind) => self.term(&format!("{place}({argument})"), term, kind, declared, wrong),
                }
            }
            for (argument, kind) in &field.arguments {
                let given = arguments.iter().any(|(name, _)| name == argument);
                if matches!(kind, Kind::Always(_)) && !given {
                    wrong.push(format!("{place} wants {argument}"));
                }
            }
            let inner = name_of(&field.kind);
            match (&self.0[inner], of_it.is_empty()) {
                (Type::Fields(_), false) => self.asked(inner, of_it, declared, wrong),
                (Type::Choice(_) | Type::Scalar, true) => {}
                (_, empty) => wrong.push(format!("{place}: {inner}, and a selection: {}", !empty)),
            }
        }
    }

    /// What stands in the question itself.
    fn term(
        &self,
        place: &str,
        term: &Term,
        kind: &Kind,
        declared: &BTreeMap<String, Kind>,
        wrong: &mut Vec<String>,
    ) {
        let bare = bare(kind);
        match (term, bare) {
            (Term::Variable(name), _) => match declared.get(name) {
                // One that may be left out is not for what is always wanted.
                Some(given) if given == kind || self::bare(given) == kind => {}
                given => wrong.push(format!("{place}: ${name} is {given:?}, wanted is {kind:?}")),
            },
            (Term::List(all), Kind::List(inner)) => {
                all.iter().for_each(|one| self.term(place, one, inner, declared, wrong));
            }
            (Term::Object(all), Kind::Named(name)) => {
                for (member, term) in all {
                    match self.fields(name).get(member) {
                        Some(field) => self.term(place, term, &field.kind, declared, wrong),
                        None => wrong.push(format!("{place}: {name} has no {member}")),
                    }
                }
            }
            (Term::Word(word), Kind::Named(name)) => match &self.0[name] {
                Type::Choice(all) if !all.contains(word) => {
                    wrong.push(format!("{place}: {word} is no {name}"))
                }
                Type::Scalar if name == "Int" && word.parse::<i64>().is_err() => {
                    wrong.push(format!("{place}: {word} is no whole number"));
                }
                _ => {}
            },
            _ => wrong.push(format!("{place}: not a {kind:?}")),
        }
    }

    /// A value as it is sent, or answered where it is told what was selected of it.
    fn value(
        &self,
        place: &str,
        value: &Value,
        kind: &Kind,
        selected: Option<&[Selected]>,
        wrong: &mut Vec<String>,
    ) {
        if value.is_null() {
            wrong.extend(matches!(kind, Kind::Always(_)).then(|| format!("{place} is wanted")));
            return;
        }
        let name = match bare(kind) {
            Kind::List(inner) => match value.as_array() {
                Some(all) => {
                    return all.iter().for_each(|one| self.value(place, one, inner, selected, wrong));
                }
                None => return wrong.push(format!("{place} is no list")),
            },
            Kind::Named(name) => name,
            Kind::Always(_) => unreachable!(),
        };
        let fits = match (&self.0[name], selected) {
            (Type::Choice(all), _) => value.as_str().is_some_and(|word| all.iter().any(|one| one == word)),
            (Type::Scalar, _) => match name.as_str() {
                "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
                "Boolean" => value.is_boolean(),
                "DateTime" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
                _ => value.is_string(),
            },
            (Type::Fields(_), Some(selected)) => return self.members(name, value, selected, wrong),
            (Type::Fields(fields), None) => {
                let empty = Map::new();
                let given = value.as_object().unwrap_or(&empty);
                let unknown = given.keys().filter(|member| !fields.contains_key(*member));
                wrong.extend(unknown.map(|member| format!("{place}: {name} has no {member}")));
                for (member, field) in fields {
                    let value = given.get(member).unwrap_or(&Value::Null);
                    self.value(&format!("{place}.{member}"), value, &field.kind, None, wrong);
                }
                value.is_object()
            }
        };
        wrong.extend((!fits).then(|| format!("{place}: {value} is no {name}")));
    }

    fn members(&self, of: &str, answer: &Value, selection: &[Selected], wrong: &mut Vec<String>) {
        for Selected { name, of_it, .. } in selection {
            let place = format!("{of}.{name}");
            match (answer.get(name), self.fields(of).get(name)) {
                (Some(value), Some(field)) => self.value(&place, value, &field.kind, Some(of_it), wrong),
                (None, _) => wrong.push(format!("{place} is not answered")),
                // Told of the question.
                (_, None) => {}
            }
        }
    }
}

fn bare(kind: &Kind) -> &Kind {
    match kind {
        Kind::Always(inner) => inner,
        other => other,
    }
}

fn name_of(kind: &Kind) -> &str {
    match kind {
        Kind::Named(name) => name,
        Kind::List(inner) | Kind::Always(inner) => name_of(inner),
    }
}

/// The questions among what was said, each with its answer, and that nothing is wrong with them.
pub fn hold(exchanges: &[Exchange]) -> usize {
    let schema = Schema::load();
    let questions: Vec<&Exchange> = exchanges.iter().filter(|one| one.path == "/graphql").collect();
    let wrong: Vec<String> = questions.iter().flat_map(|one| schema.wrong(one)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    questions.len()
}

#[test]
fn the_judge_can_say_no() {
    let schema = Schema::load();
    let asked = |query: &str, variables: Value, data: Value| Exchange {
        method: "POST".to_owned(),
        path: "/graphql".to_owned(),
        query: Vec::new(),
        status: 200,
        asked: Some(serde_json::json!({ "query": query, "variables": variables })),
        answered: Some(serde_json::json!({ "data": data })),
    };
    let query = "query($owner:String!,$name:String!,$number:Int!){repository(owner:$owner,name:$name){\
        pullRequest(number:$number){number reviewThreads(first:100){nodes{isResolved}}}}}";
    let variables = serde_json::json!({ "owner": "a", "name": "b", "number": 7 });
    let answer = |number: Value| {
        let threads = serde_json::json!({ "nodes": [{ "isResolved": true }] });
        let pull = serde_json::json!({ "number": number, "reviewThreads": threads });
        serde_json::json!({ "repository": { "pullRequest": pull } })
    };
    let right = asked(query, variables.clone(), answer(7.into()));
    assert_eq!(schema.wrong(&right), [""; 0]);
    for (from, to) in [
        ("isResolved", "isResolvd"),
        ("first:100", "most:100"),
        ("first:100", "first:all"),
        ("(number:$number)", ""),
        ("$number:Int!", "$number:String!"),
        ("{nodes{isResolved}}", ""),
    ] {
        let wrong = schema.wrong(&asked(&query.replacen(from, to, 1), variables.clone(), answer(7.into())));
        assert!(!wrong.is_empty(), "{from} → {to}");
    }
    let few = serde_json::json!({ "owner": "a", "name": "b" });
    assert!(!schema.wrong(&asked(query, few, answer(7.into()))).is_empty());
    for number in [Value::Null, "7".into(), 5_000_000_000_i64.into()] {
        assert!(
            !schema.wrong(&asked(query, variables.clone(), answer(number.clone()))).is_empty(),
            "{number}"
        );
    }
}

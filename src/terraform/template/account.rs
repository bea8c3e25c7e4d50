//! Which account an ARM template lists the keys of, by the template's own words.
//!
//! Text, parameters and variables are followed, put together by `concat` and `resourceId`; all else is not known. What is
//! handed to a parameter, and what Terraform puts in, the caller knows.

use std::cell::Cell;

use serde_json::Value as Json;

use super::output::{DIGITS, HOLE, calls, closing, texts};
use crate::terraform::attribute::listed_key;
use crate::terraform::service::says_cosmos;

/// Stands before an account's name in its id.
pub const DATABASE_ACCOUNTS: &str = "/databaseAccounts/";

const TYPE: &str = "Microsoft.DocumentDB/databaseAccounts";
/// Variables of variables; more is a cycle or as bad as one.
const MAX_DEPTH: usize = 8;
/// Far more than an account takes that a person can read.
const MAX_STEPS: usize = 1_000;

/// A part of what spells an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// What the template is handed under this name.
    Parameter(String),
    /// What Terraform puts in, by its number.
    PutIn(usize),
}

/// The id, or the name, of the one account whose keys are among the outputs. Absent where there are several, or where it is
/// not known.
pub fn account(template: &str) -> Option<Vec<Part>> {
    let template = serde_json::from_str::<Json>(template).ok()?;
    let outputs = template.get("outputs").map(texts).unwrap_or_default();
    let calls = outputs.into_iter().flat_map(calls).filter(|call| {
        let key = call.member().is_some_and(|name| listed_key(name).is_some());
        key || says_cosmos(call.arguments)
    });
    let following = Following { template: &template, steps: Cell::new(MAX_STEPS) };
    let mut spelt = calls.map(|call| {
        let id = *arguments(call.arguments).first()?;
        following.expression(id, 0)
    });
    let first = spelt.next()??;
    spelt.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// What a parameter is where nothing is handed to it.
pub fn default(template: &str, parameter: &str) -> Option<String> {
    let template = serde_json::from_str::<Json>(template).ok()?;
    let declared = member(template.get("parameters")?, parameter)?;
    let text = declared.get("defaultValue")?.as_str()?;
    (!text.starts_with('[') && !text.contains(HOLE)).then(|| text.to_owned())
}

/// Azure passes over the case of such names.
fn member<'j>(object: &'j Json, name: &str) -> Option<&'j Json> {
    let mut members = object.as_object()?.iter();
    members.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Follows variables, as far as anybody would.
struct Following<'t> {
    template: &'t Json,
    steps: Cell<usize>,
}

impl Following<'_> {
    fn expression(&self, text: &str, depth: usize) -> Option<Vec<Part>> {
        let text = text.trim();
        let inner = |text: &str| self.expression(text, depth + 1);
        if let Some(literal) = literal(text) {
            return parts(literal);
        }
        self.steps.set(self.steps.get().checked_sub(1).filter(|_| depth <= MAX_DEPTH)?);
        let (function, rest) = text.split_once('(')?;
        let end = closing(rest).filter(|end| rest[end + 1..].trim().is_empty())?;
        let arguments = arguments(&rest[..end]);
        match (function.trim().to_ascii_lowercase().as_str(), arguments.as_slice()) {
            ("concat", all) => {
                Some(merged(all.iter().map(|it| inner(it)).collect::<Option<Vec<_>>>()?.concat()))
            }
            ("string", [only]) => inner(only),
            ("parameters", [name]) => Some(vec![Part::Parameter(literal(name)?.to_owned())]),
            ("variables", [name]) => {
                let value = member(self.template.get("variables")?, literal(name)?)?.as_str()?;
                match value.strip_prefix('[').filter(|rest| !rest.starts_with('[')) {
                    Some(rest) => inner(rest.strip_suffix(']')?),
                    None => parts(value),
                }
            }
            ("resourceid", all) => {
                let is_type = |it: &&str| literal(it).is_some_and(|text| text.eq_ignore_ascii_case(TYPE));
                let name = all.get(all.iter().position(is_type)? + 1)?;
                Some(merged([vec![Part::Text(DATABASE_ACCOUNTS.to_owned())], inner(name)?].concat()))
            }
            _ => None,
        }
    }
}

/// Texts that stand beside each other as one.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::new();
    for part in parts {
        match (merged.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (_, part) => merged.push(part),
        }
    }
    merged
}

/// A text with what is put in; absent where that has no number.
fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(HOLE) {
        let number = behind.get(..DIGITS)?.parse().ok()?;
        parts.extend((!before.is_empty()).then(|| Part::Text(before.to_owned())));
        parts.push(Part::PutIn(number));
        rest = &behind[DIGITS..];
    }
    parts.extend((!rest.is_empty()).then(|| Part::Text(rest.to_owned())));
    Some(parts)
}

/// What stands between quotes, if nothing else does.
fn literal(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains('\'')).then_some(inner)
}

/// The arguments of a call.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0);
    let mut arguments = Vec::new();
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                arguments.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(text[start..].trim());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(id: &str) -> Option<Vec<Part>> {
        account(&format!(
            "{{\"variables\": {{\"V\": \"acme\", \"id\": \"[resourceId('{TYPE}', variables('v'))]\", \"c\": \"[variables('c')]\"}}, \
             \"outputs\": {{\"k\": {{\"value\": \"[listKeys({id}, '2015-04-08').primaryMasterKey]\"}}}}}}"
        ))
    }

    #[test]
    fn an_account_is_spelt_by_text_parameters_and_variables() {
        let text = |text: &str| Part::Text(text.to_owned());
        let acme = Some(vec![text("/databaseAccounts/acme")]);
        let parameter = Some(vec![text("/databaseAccounts/"), Part::Parameter("n".to_owned())]);
        for (id, expected) in [
            (format!("resourceId('{TYPE}', 'acme')"), acme.clone()),
            (format!("resourceId ( 'sub', 'rg' , '{TYPE}', variables('v') )"), acme.clone()),
            ("variables('ID')".to_owned(), acme),
            ("'acme'".to_owned(), Some(vec![text("acme")])),
            (
                format!("concat('{TYPE}/', 'acme')"),
                Some(vec![text("Microsoft.DocumentDB/databaseAccounts/acme")]),
            ),
            (format!("resourceId('{TYPE}', parameters('n'))"), parameter),
            (
                format!("resourceId('{TYPE}', '{HOLE}0012-x')"),
                Some(vec![text("/databaseAccounts/"), Part::PutIn(12), text("-x")]),
            ),
            (format!("resourceId('{TYPE}', '{HOLE}')"), None),
            ("variables('c')".to_owned(), None),
            ("variables('none')".to_owned(), None),
            (format!("resourceId('{TYPE}', concat('a', uniqueString('x')))"), None),
            ("resourceId('Microsoft.Storage/storageAccounts', 'acme')".to_owned(), None),
        ] {
            assert_eq!(spelt(&id), expected, "{id}");
        }
    }

    #[test]
    fn variables_of_variables_come_to_an_end() {
        let many = |name: &str| vec![format!("variables('{name}')"); 100].join(",");
        let variables: Vec<String> =
            (0..8).map(|at| format!("\"v{at}\": \"[concat({})]\"", many(&format!("v{}", at + 1)))).collect();
        let template = format!(
            "{{\"variables\": {{{}, \"v4\": \"x\"}}, \"outputs\": {{\"k\": {{\"value\": \"[listKeys(variables('v0'), '1').primaryMasterKey]\"}}}}}}",
            variables.join(", ")
        );
        assert_eq!(account(&template), None);
    }

    #[test]
    fn keys_of_several_accounts_are_none_of_one() {
        let call = |id: &str| format!("listKeys('{id}','1').primaryMasterKey");
        let of = |one: &str, other: &str| {
            account(&format!(
                "{{\"outputs\": {{\"a\": {{\"value\": \"[{}]\"}}, \"b\": {{\"value\": \"[{}]\"}}}}}}",
                call(one),
                call(other)
            ))
        };
        assert_eq!(of("a", "b"), None);
        assert_eq!(of("a", "a"), Some(vec![Part::Text("a".to_owned())]));
    }

    #[test]
    fn a_parameter_has_its_default_where_that_is_written_out() {
        let of =
            |default: &str| format!("{{\"parameters\": {{\"N\": {{\"defaultValue\": \"{default}\"}}}}}}");
        assert_eq!(default(&of("acme"), "n").as_deref(), Some("acme"));
        for other in ["[uniqueString('x')]", HOLE] {
            assert_eq!(default(&of(other), "n"), None);
        }
        assert_eq!(default(&of("acme"), "m"), None);
    }
}

//! What an output of an ARM template hands out, by the template's own words.
//!
//! An expression is a key only where each of its calls of `listKeys` names the same one; whatever is computed may be
//! any of them. It is not worked out any further.

use serde_json::Value as Json;

use crate::model::{Access, Slot};
use crate::terraform::attribute::{KeyAttribute, listed_key};
use crate::terraform::service::says_cosmos;
use crate::terraform::walk::without_blanks;

/// What a template says of one of its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The template is not here, or says nothing of it.
    Untold,
    /// Something that is no key.
    Other,
    Key(KeyAttribute),
    /// Perhaps a key: why it is not known which.
    Unknown(&'static str),
    /// What Terraform puts into the template decides what it is.
    Interpolated,
}

/// Stands in the place of what Terraform would put in: it can be part of a text, or a value by itself.
pub const HOLE: &str = "8160000000018";

/// So many digits behind it are the number of what would be put in.
pub const DIGITS: usize = 4;

const COMPUTED: &str = "the template computes which key it hands out";
const WHOLE: &str = "the template hands out the keys as a whole, or picks from them by a computed name";
pub const BY_DESCRIPTION: &str =
    "`listConnectionStrings` tells its strings apart by their descriptions alone";
const NO_JSON: &str = "the template that hands it out does not parse as JSON";

/// What a call of `list…` in an expression leads to.
enum Listed {
    Key(KeyAttribute),
    /// Of another service.
    Other,
    Unknown(&'static str),
}

/// The output of this name in a template's text.
pub fn output(template: &str, name: &str) -> Output {
    let holed = |text: &str| text.contains(HOLE);
    let Ok(parsed) = serde_json::from_str::<Json>(template) else {
        return if holed(template) { Output::Interpolated } else { Output::Unknown(NO_JSON) };
    };
    let outputs = parsed.get("outputs").and_then(Json::as_object);
    // Nobody knows what is among them.
    let open = match (&parsed, outputs) {
        (Json::Object(template), None) => {
            template.get("outputs").is_some() || template.keys().any(|name| holed(name))
        }
        (_, None) => true,
        (_, Some(outputs)) => outputs.keys().any(|name| holed(name)),
    };
    let named =
        outputs.and_then(|outputs| outputs.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
    let beside = says_cosmos(template);
    match named {
        None if open => Output::Interpolated,
        None => Output::Untold,
        Some((_, output)) => match output.get("value") {
            Some(Json::String(text)) => expression(text, beside),
            Some(_) | None => structure(output, beside),
        },
    }
}

/// The output that hands out the other slot of this one's key: of the same type, by the same words but for the key's name.
pub fn other_output(template: &str, name: &str, key: &KeyAttribute) -> Option<String> {
    let own = listed_key(&key.other)?.other;
    let parsed = serde_json::from_str::<Json>(template).ok()?;
    let outputs = parsed.get("outputs")?.as_object()?;
    let told = |output: &Json| Some((output.get("type").cloned(), output.get("value")?.as_str()?.to_owned()));
    let (_, output) = outputs.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let (kind, value) = told(output)?;
    let wanted = Some((kind, value.replace(&own, &key.other)));
    outputs.iter().find(|(_, output)| told(output) == wanted).map(|(name, _)| name.clone())
}

/// An output of several values: which of them is read is not followed.
fn structure(output: &Json, beside: bool) -> Output {
    let found: Vec<Output> = texts(output).into_iter().map(|text| expression(text, beside)).collect();
    match found {
        all if all.iter().all(|it| *it == Output::Other) => Output::Other,
        all if all.iter().all(|it| matches!(it, Output::Other | Output::Interpolated)) => {
            Output::Interpolated
        }
        _ => Output::Unknown(COMPUTED),
    }
}

pub(super) fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) => vec![text],
        Json::Array(values) => values.iter().flat_map(texts).collect(),
        Json::Object(values) => values.values().flat_map(texts).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
    }
}

/// `beside` says whether the template speaks of Cosmos DB.
fn expression(text: &str, beside: bool) -> Output {
    let calls = calls(text);
    // What is put in among the arguments of a call says which account, and not which of its keys.
    let beyond = calls.iter().fold(text.to_owned(), |text, call| text.replace(call.arguments, ""));
    if beyond.contains(HOLE) {
        return Output::Interpolated;
    }
    let beside =
        beside || calls.iter().any(|call| call.member().is_some_and(|name| listed_key(name).is_some()));
    let mut keys: Vec<KeyAttribute> = Vec::new();
    for call in &calls {
        match call.leads_to(beside) {
            Listed::Key(key) => keys.push(key),
            Listed::Other => {}
            Listed::Unknown(why) => return Output::Unknown(why),
        }
    }
    let slot = |key: &KeyAttribute| -> (Slot, Access) { (key.slot, key.access) };
    match keys.split_first() {
        None => Output::Other,
        Some((first, rest)) if rest.iter().all(|key| slot(key) == slot(first)) && !picks(text, &calls) => {
            Output::Key(first.clone())
        }
        Some(_) => Output::Unknown(COMPUTED),
    }
}

/// Whether an expression takes one of several things. An index within a call's arguments picks no key.
fn picks(text: &str, calls: &[Call<'_>]) -> bool {
    let text = without_blanks(&text.to_ascii_lowercase());
    let called = |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    let indexed = |text: &str| without_blanks(text).matches(")[").count();
    let within: usize = calls.iter().map(|call| indexed(call.arguments)).sum();
    text.match_indices("if(").any(|(at, _)| called(at)) || indexed(&text) > within
}

/// One call of a function whose name begins with `list`.
pub(super) struct Call<'t> {
    /// In small letters.
    pub(super) function: String,
    pub(super) arguments: &'t str,
    /// What follows the call.
    behind: &'t str,
}

pub(super) fn calls(text: &str) -> Vec<Call<'_>> {
    let small = text.to_ascii_lowercase();
    let begun = small.match_indices("list").filter(|(at, _)| {
        !small[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '\'' || c == '_')
    });
    begun.filter_map(|(at, _)| call(text, at)).collect()
}

fn call(text: &str, at: usize) -> Option<Call<'_>> {
    let rest = &text[at..];
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric())?;
    let opened = rest[length..].trim_start().strip_prefix('(')?;
    // One that is never closed is followed by nothing, which is a key as a whole.
    let end = closing(opened).unwrap_or(opened.len());
    let behind = opened.get(end + 1..).unwrap_or_default();
    Some(Call { function: rest[..length].to_ascii_lowercase(), arguments: &opened[..end], behind })
}

/// Where the parenthesis closes that was opened before.
pub(super) fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (0_usize, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => return Some(at),
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

impl Call<'_> {
    fn leads_to(&self, beside: bool) -> Listed {
        let arguments = self.arguments.to_ascii_lowercase();
        let elsewhere = arguments.contains("microsoft.") && !says_cosmos(&arguments);
        let may_be = says_cosmos(&arguments) || (beside && !elsewhere);
        let member = self.member();
        match self.function.as_str() {
            "listkeys" | "listreadonlykeys" => match member.map(|name| (name, listed_key(name))) {
                // The id may be a variable of the template's: nothing but Cosmos DB calls its keys by these names.
                Some((_, Some(key))) => Listed::Key(key),
                Some((_, None)) => Listed::Other,
                None if may_be => Listed::Unknown(WHOLE),
                None => Listed::Other,
            },
            "listconnectionstrings" if may_be => Listed::Unknown(BY_DESCRIPTION),
            _ => Listed::Other,
        }
    }

    /// The member of the answer that is read by its name.
    pub(super) fn member(&self) -> Option<&str> {
        let rest = self.behind.trim_start().strip_prefix('.')?.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        rest.get(..end).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: &str, resources: &str) -> String {
        let value = serde_json::to_string(value).unwrap();
        let template =
            format!("{{\"resources\": [{resources}], \"outputs\": {{\"key\": {{\"value\": {value}}}}}}}");
        match output(&template, "key") {
            Output::Key(key) => key.slot.to_string(),
            Output::Other => "other".to_owned(),
            Output::Untold => "untold".to_owned(),
            Output::Unknown(_) => "unknown".to_owned(),
            Output::Interpolated => "interpolated".to_owned(),
        }
    }

    const ACCOUNT: &str = "{\"type\": \"Microsoft.DocumentDB/databaseAccounts\"}";

    #[test]
    fn a_key_is_known_where_every_call_names_the_same_one() {
        for (value, expected) in [
            ("[listKeys('a','1').secondaryMasterKey]", "secondary"),
            ("[listKeys( concat('a)', 'b'), '1' ) .primaryMasterKey]", "primary"),
            ("[concat('AccountKey=', listKeys('a','1').secondaryMasterKey, ';')]", "secondary"),
            ("[concat(listKeys('a','1').primaryMasterKey, listKeys('b','1').primaryMasterKey)]", "primary"),
            ("[listKeys(variables('ids')[0],'1').primaryMasterKey]", "primary"),
            ("[concat(listKeys('a','1').primaryMasterKey, listKeys('b','1').secondaryMasterKey)]", "unknown"),
            ("[concat(listKeys('a','1').primaryMasterKey, listKeys('a','1')[variables('k')])]", "unknown"),
            ("[listKeys(if(equals(1,1),'a','b'),'1').primaryMasterKey]", "unknown"),
        ] {
            assert_eq!(said(value, ACCOUNT), expected, "{value}");
        }
    }

    #[test]
    fn what_is_put_in_matters_where_it_says_which_key() {
        for (value, expected) in [
            (format!("[listKeys('{HOLE}','1').secondaryMasterKey]"), "secondary"),
            (format!("[listKeys('a','1').{HOLE}]"), "interpolated"),
            (format!("[listKeys('a','1')['{HOLE}']]"), "interpolated"),
            (HOLE.to_owned(), "interpolated"),
        ] {
            assert_eq!(said(&value, ACCOUNT), expected, "{value}");
        }
        for template in
            [HOLE, &format!("{{\"outputs\": {HOLE}}}"), &format!("{{\"outputs\": {{\"{HOLE}\": {{}}}}}}")]
        {
            assert_eq!(output(template, "key"), Output::Interpolated, "{template}");
        }
    }

    #[test]
    fn a_key_that_a_template_picks_by_a_condition_is_unknown() {
        let of = |one: &str, other: &str| {
            format!(
                "[if(equals(parameters('x'),'y'),listKeys('acme-db','2021-04-15').{one},listKeys('acme-db','2021-04-15').{other})]"
            )
        };
        for (one, other) in
            [("primaryMasterKey", "secondaryMasterKey"), ("primaryMasterKey", "primaryReadonlyMasterKey")]
        {
            assert_eq!(said(&of(one, other), ""), "unknown");
            assert_eq!(said(&of(other, one), ""), "unknown");
        }
    }

    #[test]
    fn answers_that_are_handed_out_whole_or_by_computed_names_are_unknown_beside_an_account() {
        for value in [
            "[listKeys('acme-db','2021-04-15')[parameters('which')]]",
            "[listKeys('acme-db','2021-04-15')]",
            "[listConnectionStrings('acme-db','2021-04-15').connectionStrings[0].connectionString]",
        ] {
            assert_eq!(said(value, ACCOUNT), "unknown", "{value}");
            assert_eq!(said(value, ""), "other", "{value}");
            let id =
                value.replace("'acme-db'", "resourceId('Microsoft.DocumentDB/databaseAccounts','acme-db')");
            assert_eq!(said(&id, ""), "unknown", "{id}");
            let id = value.replace("'acme-db'", "resourceId('Microsoft.Storage/storageAccounts','acme')");
            assert_eq!(said(&id, ACCOUNT), "other", "{id}");
        }
    }

    #[test]
    fn keys_of_other_services_are_others() {
        for value in [
            "[listKeys(variables('storage'), '2019-06-01').keys[0].value]",
            "[listKeys('bus', '2017-04-01').primaryConnectionString]",
            "[reference('acme-db').documentEndpoint]",
            "the listKeys() of nothing",
            "listKeys",
        ] {
            let expected = if value.contains("nothing") { "unknown" } else { "other" };
            assert_eq!(said(value, ACCOUNT), expected, "{value}");
        }
    }

    #[test]
    fn outputs_of_several_values_and_broken_templates_are_unknown() {
        let of = |output_of: &str| output(&format!("{{\"outputs\": {{\"Key\": {output_of}}}}}"), "key");
        let key = "\"[listKeys('a','1').primaryMasterKey]\"";
        assert_eq!(of(&format!("{{\"value\": {{\"k\": {key}}}}}")), Output::Unknown(COMPUTED));
        assert_eq!(
            of(&format!("{{\"copy\": {{\"count\": 2, \"input\": {key}}}}}")),
            Output::Unknown(COMPUTED)
        );
        assert_eq!(of("{\"value\": {\"k\": \"x\"}}"), Output::Other);
        assert_eq!(of("{\"value\": \"x\""), Output::Unknown(NO_JSON));
        assert_eq!(output("{}", "key"), Output::Untold);
    }
}

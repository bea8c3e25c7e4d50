//! From one string to the expressions in it.

use std::borrow::Cow;

use hcl_edit::parser::parse_template;
use hcl_edit::template::{Element, Template};

use super::super::facts::{Facts, Unread};
use super::super::json_string::unescaped;
use super::super::object::alias;
use super::super::source::Source;
use super::super::{attribute, walk};
use super::REMARK;
use super::scan::Leaf;

/// Whether an index stands within what others read by a name.
pub(super) fn is_within_value(path: &[String]) -> bool {
    (2..path.len()).any(|words| walk::can_be_read(&path[..words]))
}

/// What a string says, its escapes undone.
pub(super) fn said(raw: &str) -> Cow<'_, str> {
    let plain = raw.contains('\\').then(|| serde_json::from_str(&format!("\"{raw}\"")).ok()).flatten();
    plain.map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// Whether an expression may stand in a text.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("${") || text.contains("%{")
}

pub(super) fn take(source: &Source, string: &Leaf, mut facts: Facts) -> Facts {
    let path: Vec<&str> = string.path.iter().map(String::as_str).collect();
    // Terraform passes over a property of this name, as a comment.
    if path.contains(&REMARK) {
        return facts;
    }
    let meta = |at: usize| walk::is_meta(&string.path[..at], path[at]);
    if (0..path.len()).any(meta) || walk::is_of_addresses(&path) {
        return facts;
    }
    let Some(text) = source.text().get(string.span.clone()) else { return facts };
    let said = said(text);
    if !is_template(&said) {
        return facts;
    }
    let unread = |why: &str| Unread { span: source.to_file(string.span.clone()), why: why.to_owned() };
    let reads = facts.reads.len();
    let Some(plain) = unescaped(text) else {
        return match parse_template(&said) {
            Ok(template) => wordless(source, string, &said, &template, facts),
            Err(_) if attribute::may_name_key(&said) => {
                facts.unread.push(unread("the expression stands in a JSON string with escapes"));
                facts
            }
            Err(_) => facts,
        };
    };
    let part = source.part_as(string.span.clone(), plain);
    match parse_template(part.text()) {
        Ok(template) if string.is_key => {
            let mut facts = walk::template_facts(&part, &template, string.path.clone(), facts);
            facts.reads[reads..].iter_mut().for_each(|read| read.plain = false);
            facts
        }
        Ok(template) => {
            if let (true, Some(Element::Interpolation(only)), 1) =
                (walk::can_be_read(&string.path), template.iter().next(), template.len())
                && let Some(object) = walk::scope_of(&string.path).object_of(&part, &only.expr)
            {
                facts.aliases.push(alias(string.path.clone(), object, &only.expr));
            }
            walk::template_facts(&part, &template, string.path.clone(), facts)
        }
        Err(error) => {
            facts.unread.push(unread(&format!("the string is no template: {}", error.message())));
            facts
        }
    }
}

/// What a string says, as a text of its own: places in it are none of the file's.
pub(super) fn apart(source: &Source, said: &str) -> Source {
    Source::of(source.path(), source.syntax(), said.as_bytes().to_vec())
}

/// What a string reads whose words have no place in the file that an edit could find.
fn wordless(source: &Source, string: &Leaf, said: &str, template: &Template, facts: Facts) -> Facts {
    let (reads, choosing) = (facts.reads.len(), facts.choosing.len());
    let mut facts = walk::template_facts(&apart(source, said), template, string.path.clone(), facts);
    for read in &mut facts.reads[reads..] {
        read.object = read.object.clone().without_words();
        read.span = source.to_file(string.span.clone());
    }
    // What chooses there could not be told apart from what else stands in the string.
    facts.choosing.truncate(choosing);
    facts
}

//! A rule in SARIF: what code scanning shows beside an alert.

use serde::Serialize;

use super::sarif::Message;
use crate::check::{Rule, Severity};
use crate::terraform::mask;

/// A `reportingDescriptor`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    id: &'static str,
    name: String,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Debug, Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct Properties {
    /// At most ten, or GitHub leaves some out.
    tags: &'static [&'static str],
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

pub fn descriptor(rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.id,
        name: name(rule.id),
        short_description: Message { text: rule.summary.to_owned() },
        full_description: Message { text: format!("{} {}", rule.summary, rule.why) },
        help: Help { text: text(rule), markdown: markdown(rule) },
        default_configuration: Configuration { level: level(rule.severity) },
        properties: Properties {
            tags: &["azure", "cosmosdb", "terraform", "key-rotation"],
            precision: "high",
            severity: problem(rule.severity),
        },
    }
}

/// A `level`.
pub fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// GitHub's word for how much a problem matters that is none of security.
fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "recommendation",
    }
}

/// `mixed-slots` → `MixedSlots`.
fn name(id: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    id.split('-').filter(|word| !word.is_empty()).map(capital).collect()
}

fn text(rule: &Rule) -> String {
    format!("{} {} {}", rule.summary, rule.why, rule.remedy)
}

fn markdown(rule: &Rule) -> String {
    let example = |title: &str, text: &str| match text {
        "" => String::new(),
        text => format!("\n\n**{title}**\n\n```terraform\n{}\n```", mask(text.trim_end())),
    };
    format!(
        "{} {}\n\n{}{}{}\n",
        rule.summary,
        rule.why,
        rule.remedy,
        example("Before", rule.before),
        example("After", rule.after)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::RULES;

    #[test]
    fn rules_keep_to_the_limits_of_code_scanning() {
        for rule in RULES {
            let descriptor = descriptor(rule);
            assert!(descriptor.name.len() <= 255 && descriptor.properties.tags.len() <= 10);
            for text in [&descriptor.short_description.text, &descriptor.full_description.text] {
                assert!(text.chars().count() <= 1_024, "{}", rule.id);
            }
        }
        assert_eq!(name("mixed-slots"), "MixedSlots");
    }
}

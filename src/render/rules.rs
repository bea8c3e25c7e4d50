//! Rules for people who want to know what they find, why that matters and what to do.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::check::{RULES, Rule, Severity};
use crate::terraform::mask;

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// Prose is wrapped here; Terraform never is.
const WIDTH: usize = 100;

/// Everything that is known of one rule.
pub fn render_rule(rule: &Rule) -> String {
    let mut text = format!("{NAME}{}{NAME:#} ({})\n", rule.id, severity(rule.severity));
    for prose in [rule.summary, rule.why, rule.remedy] {
        let _ = write!(text, "\n{}\n", wrap(prose, WIDTH));
    }
    for (title, example) in [("Before", rule.before), ("After", rule.after)] {
        if !example.is_empty() {
            let _ = write!(text, "\n{NAME}{title}{NAME:#}\n{}", indented(example));
        }
    }
    if rule.before.is_empty() {
        let _ = write!(text, "\n{DIM}There is no example: what it is about stands in no text.{DIM:#}\n");
    }
    text
}

/// All rules, one a line, with their summaries.
pub fn render_rules() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in RULES {
        let (id, level) = (rule.id, rule.severity.as_str());
        let padding = " ".repeat(width - id.len());
        let style = color(rule.severity).on_default();
        let _ = writeln!(text, "{NAME}{id}{NAME:#}{padding}  {style}{level:<7}{style:#}  {}", rule.summary);
    }
    let _ = writeln!(text, "\n{DIM}`keyslot check --explain RULE` says more about one of them.{DIM:#}");
    text
}

pub fn color(severity: Severity) -> AnsiColor {
    match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Green,
    }
}

fn severity(severity: Severity) -> String {
    let style = color(severity).on_default();
    format!("{style}{}{style:#}", severity.as_str())
}

fn indented(example: &str) -> String {
    mask(example)
        .trim_end()
        .lines()
        .map(|line| format!("    {line}").trim_end().to_owned() + "\n")
        .collect::<String>()
}

/// Breaks prose at spaces; a word that is longer than a line stands alone.
fn wrap(prose: &str, width: usize) -> String {
    let (mut text, mut used) = (String::new(), 0);
    for word in prose.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            text.push('\n');
            used = 0;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_keep_their_width() {
        assert_eq!(wrap("one two three", 7), "one two\nthree");
        assert_eq!(wrap("one two", 3), "one\ntwo");
        assert_eq!(wrap("a incomprehensible b", 5), "a\nincomprehensible\nb");
        for rule in RULES {
            assert!(wrap(rule.why, WIDTH).lines().all(|line| line.chars().count() <= WIDTH));
        }
    }

    #[test]
    fn every_rule_is_listed() {
        let list = render_rules();
        assert!(RULES.iter().all(|rule| list.contains(rule.id)), "{list}");
    }
}

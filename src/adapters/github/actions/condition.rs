//! What a job's `if` says of the input that takes the names of what is left out.
//!
//! GitHub evaluates any expression. Here one form counts: a conjunction that holds `!contains(inputs.INPUT, 'NAME')`, or the
//! same with both between commas, `!contains(format(',{0},', inputs.INPUT), ',NAME,')`. Whatever else the conjunction holds,
//! it is false where that is. Any other expression may look at the input and let the job run all the same.

use std::borrow::Cow;

/// The `if` of one job.
pub(super) struct Condition {
    /// In lower case and without space outside of texts: names and comparisons of GitHub have no case.
    text: String,
    /// Whether it is one expression. Text beside an expression makes a text of it, and no such text is false.
    whole: bool,
}

/// A name for which the input is searched.
struct Sought {
    name: String,
    between_commas: bool,
}

/// Functions that let a job run although one that it needs did not.
const STATUS: [&str; 4] = ["always(", "cancelled(", "failure(", "success("];

impl Condition {
    /// Of an `if` as it is written; empty where there is none.
    pub(super) fn of(written: &str) -> Condition {
        let written = written.trim();
        let inner = written.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
        let expression = inner.unwrap_or(written);
        let whole = !expression.contains("${{") && !expression.contains("}}");
        Condition { text: bare(expression), whole }
    }

    /// Whether the job does not run where the input holds this name among others, with a comma between each two.
    pub(super) fn leaves_out(&self, input: &str, name: &str) -> bool {
        let name = name.to_lowercase();
        self.sought(input).any(|sought| match sought.between_commas {
            true => sought.name == format!(",{name},"),
            false => sought.name == name,
        })
    }

    /// Whether the job does not run where the input holds just this.
    pub(super) fn is_false_of(&self, input: &str, value: &str) -> bool {
        let value = value.to_lowercase();
        self.sought(input).any(|sought| match sought.between_commas {
            true => format!(",{value},").contains(&sought.name),
            false => value.contains(&sought.name),
        })
    }

    /// Whether it may let the job run although one that it needs did not.
    pub(super) fn goes_on(&self) -> bool {
        let asks = STATUS.iter().any(|function| self.text.contains(function));
        !self.whole || (asks && !conjuncts(&self.text).contains(&"success()"))
    }

    fn sought(&self, input: &str) -> impl Iterator<Item = Sought> {
        let all = if self.whole { conjuncts(&self.text) } else { Vec::new() };
        let input = input.to_lowercase();
        all.into_iter().filter_map(move |one| sought(one, &input))
    }
}

/// In lower case, without space outside of texts.
fn bare(expression: &str) -> String {
    let mut quoted = false;
    let kept = expression.chars().filter(|character| {
        quoted ^= *character == '\'';
        quoted || !character.is_whitespace()
    });
    kept.collect::<String>().to_lowercase()
}

/// The parts that are joined by `&&`; all of it where it is joined otherwise.
fn conjuncts(text: &str) -> Vec<&str> {
    let inner = unwrapped(text);
    match split(inner, "&&") {
        Some(parts) if parts.len() > 1 && split(inner, "||").is_some_and(|all| all.len() == 1) => {
            parts.into_iter().flat_map(conjuncts).collect()
        }
        _ => vec![inner],
    }
}

/// Without parentheses around all of it.
fn unwrapped(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    match inner.filter(|inner| split(inner, ",").is_some()) {
        Some(inner) => unwrapped(inner),
        None => text,
    }
}

/// The parts between the marks that stand in no text and no parentheses; `None` where these do not close.
fn split<'t>(text: &'t str, mark: &str) -> Option<Vec<&'t str>> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0_u32, false);
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            _ if depth == 0 && at >= from && text.get(at..)?.starts_with(mark) => {
                parts.push(text.get(from..at)?);
                from = at + mark.len();
            }
            _ => {}
        }
    }
    parts.push(text.get(from..)?);
    (depth == 0 && !quoted).then_some(parts)
}

fn sought(conjunct: &str, input: &str) -> Option<Sought> {
    let call = unwrapped(conjunct.strip_prefix('!')?);
    let inner = call.strip_prefix("contains(")?.strip_suffix(')')?;
    let [place, name] = split(inner, ",")?.try_into().ok()?;
    let name = literal(name)?.into_owned();
    let between = place.strip_prefix("format(',{0},',").and_then(|rest| rest.strip_suffix(')'));
    let forms = ["inputs", "github.event.inputs"]
        .map(|inputs| [format!("{inputs}.{input}"), format!("{inputs}['{input}']")])
        .concat();
    let place = between.unwrap_or(place);
    forms.iter().any(|form| form == place).then_some(Sought { name, between_commas: between.is_some() })
}

/// What a text in quotes says; a quote in it stands twice.
fn literal(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let said = inner.replace("''", "\u{0}");
    match said.contains('\'') {
        true => None,
        false if said.contains('\u{0}') => Some(said.replace('\u{0}', "'").into()),
        false => Some(inner.into()),
    }
}

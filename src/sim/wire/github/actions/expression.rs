//! Expressions of workflows, as much of them as `if`s use: GitHub itself decides by them which jobs of a run have their turn.
//!
//! Comparisons have no case, `contains` searches a text, what is not there is empty. What is not understood makes the file
//! invalid.

use std::collections::BTreeMap;

/// What an expression is evaluated against.
pub(super) struct Told<'a> {
    pub inputs: &'a BTreeMap<String, String>,
    pub reference: &'a str,
    /// Whether everything that the job needs has gone through.
    pub success: bool,
}

/// Whether the `if` lets the job run; `None` where it cannot be read. Without a function that asks how others ended,
/// everything that the job needs must have gone through.
pub(super) fn lets_run(written: &str, told: &Told<'_>) -> Option<bool> {
    let written = written.trim();
    let whole = written.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(written);
    if whole.contains("${{") {
        // Text beside expressions: it is not empty, so it is true.
        return Some(told.success);
    }
    if whole.trim().is_empty() {
        return Some(told.success);
    }
    let mut reader = Reader { rest: whole, told, asks_how_others_ended: false };
    let value = reader.either()?;
    reader.space();
    let ended = reader.rest.is_empty();
    ended.then_some(is_true(&value) && (reader.asks_how_others_ended || told.success))
}

struct Reader<'a> {
    rest: &'a str,
    told: &'a Told<'a>,
    asks_how_others_ended: bool,
}

fn is_true(value: &str) -> bool {
    !matches!(value, "" | "false" | "0" | "null")
}

fn truth(value: bool) -> String {
    value.to_string()
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, mark: &str) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn either(&mut self) -> Option<String> {
        self.joined("||", Self::both, true)
    }

    fn both(&mut self) -> Option<String> {
        self.joined("&&", Self::compared, false)
    }

    /// The first part that settles it, or the last.
    fn joined(&mut self, mark: &str, part: fn(&mut Self) -> Option<String>, settles: bool) -> Option<String> {
        let mut value = part(self)?;
        while self.takes(mark) {
            let other = part(self)?;
            value = if is_true(&value) == settles { value } else { other };
        }
        Some(value)
    }

    fn compared(&mut self) -> Option<String> {
        let value = self.turned()?;
        let equal = match (self.takes("=="), self.takes("!=")) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => return Some(value),
        };
        let other = self.turned()?;
        Some(truth(value.eq_ignore_ascii_case(&other) == equal))
    }

    fn turned(&mut self) -> Option<String> {
        self.space();
        if !self.rest.starts_with("!=") && self.takes("!") {
            return self.turned().map(|value| truth(!is_true(&value)));
        }
        if self.takes("(") {
            let value = self.either()?;
            return self.takes(")").then_some(value);
        }
        match self.rest.starts_with('\'') {
            true => self.text(),
            false => self.named(),
        }
    }

    /// A quote in a text stands twice.
    fn text(&mut self) -> Option<String> {
        let mut said = String::new();
        loop {
            let (part, rest) = self.rest.strip_prefix('\'')?.split_once('\'')?;
            said.push_str(part);
            self.rest = rest;
            if !rest.starts_with('\'') {
                return Some(said);
            }
            said.push('\'');
        }
    }

    /// A call, or something of the run.
    fn named(&mut self) -> Option<String> {
        let of_name = |one: char| one.is_ascii_alphanumeric() || "_-.".contains(one);
        let end = self.rest.find(|one: char| !of_name(one)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
        self.rest = rest;
        let mut name = name.to_lowercase();
        if self.takes("[") {
            self.space();
            name = format!("{name}.{}", self.text()?.to_lowercase());
            return self.takes("]").then(|| self.read(&name));
        }
        if !self.takes("(") {
            return Some(self.read(&name));
        }
        let mut given = Vec::new();
        while !self.takes(")") {
            given.push(self.either()?);
            self.takes(",");
        }
        self.called(&name, &given)
    }

    fn read(&self, name: &str) -> String {
        let input = name.strip_prefix("github.event.").unwrap_or(name).strip_prefix("inputs.");
        let inputs = || self.told.inputs.iter();
        match (input, name) {
            (Some(input), _) => inputs()
                .find(|(known, _)| known.eq_ignore_ascii_case(input))
                .map(|(_, value)| value.clone())
                .unwrap_or_default(),
            (None, "github.ref") => format!("refs/heads/{}", self.told.reference),
            (None, "github.ref_name") => self.told.reference.to_owned(),
            (None, "github.event_name") => "workflow_dispatch".to_owned(),
            (None, "true" | "false") => name.to_owned(),
            (None, number) if number.parse::<f64>().is_ok() => number.to_owned(),
            (None, _) => String::new(),
        }
    }

    fn called(&mut self, name: &str, given: &[String]) -> Option<String> {
        let lower = |place: usize| given.get(place).map(|text| text.to_lowercase());
        Some(match name {
            "contains" => truth(lower(0)?.contains(&lower(1)?)),
            "startswith" => truth(lower(0)?.starts_with(&lower(1)?)),
            "endswith" => truth(lower(0)?.ends_with(&lower(1)?)),
            "format" => {
                let places = given.iter().skip(1).enumerate();
                places.fold(given.first()?.clone(), |text, (place, value)| {
                    text.replace(&format!("{{{place}}}"), value)
                })
            }
            "success" | "always" | "cancelled" | "failure" => {
                self.asks_how_others_ended = true;
                // Nobody has cancelled it, and nothing has failed when it begins.
                truth(name == "always" || (name == "success" && self.told.success))
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ifs_are_true_and_false_as_on_github() {
        let inputs = BTreeMap::from([("skip".to_owned(), "switch-traffic,a'b".to_owned())]);
        let judged =
            |text: &str, success| lets_run(text, &Told { inputs: &inputs, reference: "release/1", success });
        for (text, expected) in [
            ("", Some(true)),
            ("${{ !cancelled() && !contains(inputs.skip, 'switch-traffic') }}", Some(false)),
            ("!contains(github.event.inputs.SKIP, 'Switch_Traffic')", Some(true)),
            ("contains(inputs['skip'], 'TRAFFIC')", Some(true)),
            ("contains(format(',{0},', inputs.skip), ',traffic,')", Some(false)),
            ("contains(inputs.skip, 'a''b') || false", Some(true)),
            ("inputs.other == '' && github.ref != 'refs/heads/main'", Some(true)),
            ("(inputs.skip == 'x') == false", Some(true)),
            ("${{ false }} && true", Some(true)),
            ("!contains(inputs.skip", None),
            ("what(inputs.skip)", None),
        ] {
            assert_eq!(judged(text, true), expected, "{text}");
        }
        assert_eq!(
            judged("github.ref_name == 'release/1'", false),
            Some(false),
            "what it needs was left out"
        );
        assert_eq!(judged("always()", false), Some(true));
        assert_eq!(judged("success() || failure()", false), Some(false));
    }
}

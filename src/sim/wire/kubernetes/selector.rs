//! Field and label selectors, as far as clients of this face use them.

use std::collections::BTreeMap;

use super::answer::Refused;

/// What a list or a watch is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    subject: Subject,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Name,
    Namespace,
    /// Of an event.
    Type,
    Label(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Is(String),
    IsNot(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

/// What of an object is selected by.
#[derive(Clone, Copy)]
pub(super) struct Selected<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub labels: &'a BTreeMap<String, String>,
}

impl Selector {
    pub fn parse(fields: &str, labels: &str) -> Result<Selector, Refused> {
        let mut requirements = Vec::new();
        for field in fields.split(',').filter(|field| !field.is_empty()) {
            requirements.push(self::field(field)?);
        }
        for label in split_labels(labels) {
            requirements.push(self::label(label)?);
        }
        Ok(Selector { requirements })
    }

    pub fn admits(&self, object: Selected<'_>) -> bool {
        self.requirements.iter().all(|requirement| requirement.holds(object))
    }
}

impl Requirement {
    fn holds(&self, object: Selected<'_>) -> bool {
        let value = match &self.subject {
            Subject::Name => Some(object.name),
            Subject::Namespace => Some(object.namespace),
            // This world writes no other events.
            Subject::Type => Some("Warning"),
            Subject::Label(key) => object.labels.get(key).map(String::as_str),
        };
        match &self.test {
            Test::Is(wanted) => value == Some(wanted),
            Test::IsNot(unwanted) => value != Some(unwanted),
            Test::In(wanted) => value.is_some_and(|value| wanted.iter().any(|one| one == value)),
            Test::NotIn(unwanted) => !value.is_some_and(|value| unwanted.iter().any(|one| one == value)),
            Test::Exists => value.is_some(),
            Test::Missing => value.is_none(),
        }
    }
}

fn field(text: &str) -> Result<Requirement, Refused> {
    let (key, test) =
        comparison(text).ok_or_else(|| Refused::bad_request(format!("invalid field selector {text}")))?;
    let subject = match key {
        "metadata.name" => Subject::Name,
        "metadata.namespace" => Subject::Namespace,
        "type" => Subject::Type,
        _ => return Err(Refused::bad_request(format!("field label not supported: {key}"))),
    };
    Ok(Requirement { subject, test })
}

fn label(text: &str) -> Result<Requirement, Refused> {
    if let Some((key, test)) = comparison(text) {
        return Ok(Requirement { subject: Subject::Label(key.to_owned()), test });
    }
    if let Some(key) = text.strip_prefix('!') {
        return Ok(Requirement { subject: Subject::Label(key.trim().to_owned()), test: Test::Missing });
    }
    let unreadable = || Refused::bad_request(format!("unable to parse requirement: {text}"));
    let Some((head, values)) = text.split_once('(') else {
        let word = !text.contains(' ');
        let exists = Requirement { subject: Subject::Label(text.to_owned()), test: Test::Exists };
        return if word { Ok(exists) } else { Err(unreadable()) };
    };
    let values = values.strip_suffix(')').ok_or_else(unreadable)?;
    let values = values.split(',').map(|value| value.trim().to_owned()).collect();
    let (key, test) = match head.trim().rsplit_once(' ') {
        Some((key, "in")) => (key, Test::In(values)),
        Some((key, "notin")) => (key, Test::NotIn(values)),
        _ => return Err(unreadable()),
    };
    Ok(Requirement { subject: Subject::Label(key.trim().to_owned()), test })
}

fn comparison(text: &str) -> Option<(&str, Test)> {
    if let Some((key, value)) = text.split_once("!=") {
        return Some((key.trim(), Test::IsNot(value.trim().to_owned())));
    }
    let (key, value) = text.split_once("==").or_else(|| text.split_once('='))?;
    Some((key.trim(), Test::Is(value.trim().to_owned())))
}

/// Commas within parentheses do not part requirements.
fn split_labels(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0_i32, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(fields: &str, labels: &str) -> bool {
        let pairs = [("app", "catalog"), ("tier", "web")];
        let map = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let object = Selected { namespace: "workload", name: "catalog-deploy", labels: &map };
        Selector::parse(fields, labels).unwrap().admits(object)
    }

    #[test]
    fn fields_and_labels_narrow_together() {
        assert!(admits("", ""));
        assert!(admits("metadata.name=catalog-deploy", "app=catalog,tier==web"));
        assert!(!admits("metadata.name=other", ""));
        assert!(!admits("metadata.name!=catalog-deploy", ""));
        assert!(admits("", "app in (x, catalog),!gone,tier,app!=y"));
        assert!(!admits("", "app notin (catalog)"));
        assert!(admits("", "gone notin (catalog)"));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(Selector::parse("spec.nodeName=x", "").unwrap_err().code, 400);
        assert_eq!(Selector::parse("", "app in catalog").unwrap_err().code, 400);
    }
}

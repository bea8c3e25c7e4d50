//! What the steps from an account lead to: a key, nothing that matters, or something that cannot be told.

use std::ops::Range;

use super::attribute::{CONNECTION_STRINGS, KeyAttribute, connection_string, key_attribute, may_be_key};
use super::facts::{Step, StepKind, Token};
use crate::model::{Access, Slot};

/// The end of a path that starts at an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRead {
    Key(FoundKey),
    /// Another attribute, or a key that is already counted where its name was bound.
    Nothing,
    /// The account itself, or one whose attribute is computed.
    Whole,
    Opaque(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// The token that carries the slot.
    pub span: Range<usize>,
    pub attribute: String,
    pub slot: Slot,
    pub access: Access,
    pub other: String,
    /// The attribute without its slot.
    pub family: String,
}

pub fn key_read(steps: &[Step]) -> KeyRead {
    for (at, step) in steps.iter().enumerate() {
        let (name, by_index) = match &step.kind {
            StepKind::Attribute(name) => (name, false),
            StepKind::Key(name) => (name, true),
            // Instances of a repeated resource.
            StepKind::Number(_)
            | StepKind::Any
            | StepKind::Element
            | StepKind::AttributeSplat
            | StepKind::Computed(_) => continue,
        };
        if let Some(key) = key_attribute(name) {
            return found(&step.token, name.clone(), family(name, &key), key);
        }
        if name == CONNECTION_STRINGS {
            return element(&steps[..at], &steps[at + 1..]);
        }
        if may_be_key(name) {
            return KeyRead::Opaque(format!("`{name}` is a key by its name, and which one is not known"));
        }
        if !by_index {
            return KeyRead::Nothing;
        }
    }
    KeyRead::Whole
}

/// Whether a step names a key, and no instance.
pub fn names_key(step: &Step) -> bool {
    step.name().is_some_and(|name| key_attribute(name).is_some() || name == CONNECTION_STRINGS)
}

pub fn family(name: &str, key: &KeyAttribute) -> String {
    match key.slot {
        Slot::Primary => name.to_owned(),
        Slot::Secondary => key.other.clone(),
    }
}

/// A key whose slot the word at `token` tells.
pub fn found(token: &Token, attribute: String, family: String, key: KeyAttribute) -> KeyRead {
    let KeyAttribute { slot, access, other } = key;
    match token {
        Token::Here(span) => {
            KeyRead::Key(FoundKey { span: span.clone(), attribute, slot, access, other, family })
        }
        Token::Elsewhere => KeyRead::Nothing,
        Token::Unplaced => KeyRead::Opaque(format!("`{attribute}` is not written out plainly")),
    }
}

/// An element of the legacy list. After `.*` an index picks an account, not a string.
fn element(before: &[Step], after: &[Step]) -> KeyRead {
    let splat = before.iter().any(|step| step.kind == StepKind::AttributeSplat);
    match after.iter().find(|step| !matches!(step.kind, StepKind::Any | StepKind::Element)) {
        Some(Step { kind: StepKind::Number(index), token }) if !splat => match connection_string(*index) {
            Some(key) => {
                let family = format!("{CONNECTION_STRINGS}[{}]", index & !1);
                found(token, format!("{CONNECTION_STRINGS}[{index}]"), family, key)
            }
            None => KeyRead::Opaque(format!(
                "`{CONNECTION_STRINGS}[{index}]`: which key the strings above 3 hold is not documented"
            )),
        },
        _ => KeyRead::Opaque(format!(
            "`{CONNECTION_STRINGS}` is read without a literal index, so the slot depends on what picks from it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str) -> Step {
        Step { kind: StepKind::Attribute(name.to_owned()), token: Token::Here(0..name.len()) }
    }

    fn step(kind: StepKind) -> Step {
        Step { kind, token: Token::Here(0..1) }
    }

    fn slot(steps: &[Step]) -> Option<(Slot, Access)> {
        match key_read(steps) {
            KeyRead::Key(key) => Some((key.slot, key.access)),
            KeyRead::Nothing | KeyRead::Whole | KeyRead::Opaque(_) => None,
        }
    }

    #[test]
    fn instances_lead_to_their_attribute() {
        let primary = Some((Slot::Primary, Access::ReadWrite));
        for instance in
            [StepKind::Number(0), StepKind::Any, StepKind::Computed(None), StepKind::Key("eu".to_owned())]
        {
            assert_eq!(slot(&[step(instance), attribute("primary_key")]), primary);
        }
        assert_eq!(slot(&[step(StepKind::Key("primary_key".to_owned()))]), primary);
    }

    #[test]
    fn connection_strings_want_a_literal_index() {
        let list = attribute(CONNECTION_STRINGS);
        assert_eq!(
            slot(&[list.clone(), step(StepKind::Number(3))]),
            Some((Slot::Secondary, Access::ReadOnly))
        );
        for after in [StepKind::Number(4), StepKind::Computed(None), StepKind::Any] {
            assert!(matches!(key_read(&[list.clone(), step(after)]), KeyRead::Opaque(_)));
        }
        let splat = [step(StepKind::AttributeSplat), list, step(StepKind::Number(0))];
        assert!(matches!(key_read(&splat), KeyRead::Opaque(_)));
    }

    #[test]
    fn what_is_a_key_by_its_name_alone_is_opaque() {
        for name in ["primary_gremlin_connection_string", "secondary_vault_key"] {
            for it in [attribute(name), step(StepKind::Key(name.to_owned()))] {
                assert!(
                    matches!(key_read(&[it]), KeyRead::Opaque(why) if why.starts_with(&format!("`{name}` is a key")))
                );
            }
        }
        let table = [attribute("secondary_readonly_table_connection_string")];
        assert_eq!(slot(&table), Some((Slot::Secondary, Access::ReadOnly)));
        for name in ["primary_location", "connection_string", "primary_key_vault", "key_vault_key"] {
            assert_eq!(key_read(&[attribute(name)]), KeyRead::Nothing, "{name}");
        }
    }

    #[test]
    fn other_attributes_are_nothing_and_no_attribute_is_the_whole() {
        assert_eq!(key_read(&[attribute("endpoint")]), KeyRead::Nothing);
        assert_eq!(key_read(&[step(StepKind::Number(0))]), KeyRead::Whole);
        assert_eq!(key_read(&[]), KeyRead::Whole);
    }
}

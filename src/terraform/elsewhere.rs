//! Keys that do not come from an account's own block: azapi's `listKeys`, ARM templates, remote state, terragrunt
//! dependencies, and modules whose code is not in the tree.

mod answer;

pub use self::answer::EXPORTS;
use self::answer::action;
use super::attribute::KeyAttribute;
use super::by_name::key_by_name;
use super::facts::{Base, Block, Object, Step, StepKind, SymbolKind};
use super::folders::Folders;
use super::key_read::{self, KeyRead, family};
use super::origin::{Origin, mentions_cosmos, origin, outputs};
use super::service::{is_about_cosmos, says_cosmos};
use super::template::{ARGUMENTS, Inlined, Output, alike, inline, other_output, output};
use crate::model::Slot;

/// The symbol that such a base is, and what the steps from it lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadElsewhere {
    pub kind: SymbolKind,
    pub name: String,
    pub read: KeyRead,
}

/// Absent for bases whose own blocks are in the tree.
pub fn read_elsewhere(
    folders: &Folders<'_>,
    folder: &str,
    base: &Base,
    steps: &[Step],
) -> Option<ReadElsewhere> {
    let found = |kind, name: &str, read| Some(ReadElsewhere { kind, name: name.to_owned(), read });
    match base {
        Base::Account(..) | Base::Local | Base::Each(_) => None,
        Base::Variable => {
            let name = steps.first()?.name()?;
            let below = &steps[1..];
            // An object that holds the account's attributes, or the key itself.
            let read = match below.is_empty() {
                true => key_by_name(steps, false),
                false => key_by_name(below, is_about_cosmos(name)),
            };
            found(SymbolKind::Variable, name, read)
        }
        Base::Module(_) | Base::Dependency(_) | Base::RemoteState(_) => {
            let Origin { kind, name, known, .. } = origin(folders, folder, base)?;
            found(kind, &name, key_by_name(outputs(folders, folder, base, steps), known))
        }
        Base::Action(kind, name) => {
            let word = match kind {
                SymbolKind::EphemeralAction => "ephemeral",
                SymbolKind::DataAction => "data",
                _ => "resource",
            };
            let block = folders.block(folder, &[word, super::facts::AZAPI_ACTION, name]);
            found(*kind, name, action(block.map(|(_, block)| block), steps))
        }
        Base::Deployment(kind, name) => {
            let block = folders.block(folder, &["resource", kind, name]);
            let read = deployment(folders, folder, block.map(|(_, block)| block), steps);
            found(SymbolKind::Deployment, &format!("{kind}.{name}"), read)
        }
    }
}

/// A key under a name of its own; `other` is what the other slot is called there.
fn found(step: &Step, name: &str, key: KeyAttribute, other: Option<String>) -> KeyRead {
    let family = match (&other, key.slot) {
        (Some(other), Slot::Secondary) => other.clone(),
        _ => family(name, &key),
    };
    let key = KeyAttribute { other: other.unwrap_or_default(), ..key };
    key_read::found(&step.token, name.to_owned(), family, key)
}

/// An output of an ARM template: what the template says of it where it stands here, else what its name says.
fn deployment<'f>(folders: &Folders<'f>, folder: &str, block: Option<&'f Block>, steps: &[Step]) -> KeyRead {
    let template = block.and_then(|block| template(folders, folder, block));
    let text = template.as_ref().map(|(text, _)| text.as_str());
    let mentions = block.is_some_and(mentions_cosmos) || text.is_some_and(says_cosmos);
    let at = steps.iter().position(
        |step| matches!(&step.kind, StepKind::Attribute(name) if name == "outputs" || name == "output_content"),
    );
    let Some(rest) = at.map(|at| &steps[at + 1..]) else { return KeyRead::Nothing };
    let Some((step, name)) = rest.iter().find_map(|step| Some((step, step.name()?))) else {
        return if mentions { KeyRead::Whole } else { KeyRead::Nothing };
    };
    match text.map_or(Output::Untold, |text| output(text, name)) {
        Output::Key(key) => {
            let other = template.and_then(|(text, put_in)| other_output(&alike(text, &put_in), name, &key));
            found(step, name, key, other)
        }
        Output::Other => KeyRead::Nothing,
        Output::Untold => key_by_name(rest, mentions),
        Output::Unknown(why) => KeyRead::Opaque(format!("`{name}` may be a key: {why}")),
        Output::Interpolated => match key_by_name(rest, mentions) {
            KeyRead::Nothing => KeyRead::Nothing,
            KeyRead::Key(_) | KeyRead::Whole | KeyRead::Opaque(_) => KeyRead::Opaque(format!(
                "`{name}` may be a key: what Terraform puts into the template decides which"
            )),
        },
    }
}

/// The text of a deployment's template, where it is here.
pub fn template<'f>(folders: &Folders<'f>, folder: &str, block: &'f Block) -> Option<Inlined<'f>> {
    let argument = ARGUMENTS.iter().find_map(|name| block.argument(name));
    let local = |object: &Object| match (&object.base, object.steps.as_slice()) {
        (Base::Local, [first, rest @ ..]) => {
            let mut locals = folders.blocks_at(folder, &["locals"]);
            let value = locals.find_map(|(_, block)| block.argument(first.name()?))?;
            rest.iter().try_fold(&value.value, |value, step| value.element(step.name()?))
        }
        _ => None,
    };
    inline(&argument?.value, &local)
}

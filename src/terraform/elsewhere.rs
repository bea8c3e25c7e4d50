//! Keys that do not come from an account's own block: azapi's `listKeys`, ARM templates, remote state, terragrunt
//! dependencies, and modules whose code is not in the tree.

use super::attribute::{KeyAttribute, listed_key};
use super::by_name::key_by_name;
use super::facts::{Argument, Base, Block, Object, Step, StepKind, SymbolKind};
use super::folders::Folders;
use super::key_read::{self, KeyRead, family};
use super::origin::{Origin, mentions_cosmos, origin, outputs};
use super::service::{is_about_cosmos, says_cosmos};
use super::template::{ARGUMENTS, BY_DESCRIPTION, Inlined, Output, inline, output};
use super::value::Value;

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

/// What the answer is called: of an action, and of a program.
const ANSWERS: [&str; 3] = ["output", "sensitive_output", "result"];

/// The answer of `listKeys`; other actions hand out no key, or none whose slot could be told. Without its block the
/// names in the answer tell enough.
fn action(block: Option<&Block>, steps: &[Step]) -> KeyRead {
    let text = |name| block.and_then(|block| block.argument(name)?.value.as_text()).unwrap_or_default();
    let argument = |name: &str| block.and_then(|block| block.argument(name));
    let action = match argument("action").map(|action| action.value.as_text()) {
        // Which action it is, is not written here: the names in the answer tell enough.
        Some(None) => "listkeys".to_owned(),
        Some(Some(_)) | None => text("action").to_ascii_lowercase(),
    };
    let kind = text("type");
    if !(kind.is_empty() || says_cosmos(kind)) {
        return KeyRead::Nothing;
    }
    match action.as_str() {
        "listkeys" | "readonlykeys" => {}
        "" if block.is_none() => {}
        "listconnectionstrings" if says_cosmos(kind) => {
            return KeyRead::Opaque(BY_DESCRIPTION.into());
        }
        _ => return KeyRead::Nothing,
    }
    let mut named = steps
        .iter()
        .filter(|step| !matches!(step.kind, StepKind::Number(_) | StepKind::Any | StepKind::Element));
    match named.next().map(|step| &step.kind) {
        Some(StepKind::Attribute(name)) if ANSWERS.contains(&name.as_str()) => {}
        Some(_) => return KeyRead::Nothing,
        None => return if block.is_some() { KeyRead::Whole } else { KeyRead::Nothing },
    }
    let Some(step) = named.next() else {
        return if block.is_some() { KeyRead::Whole } else { KeyRead::Nothing };
    };
    let Some(name) = step.name() else {
        return KeyRead::Opaque(
            "the answer of `listKeys` is indexed by a name that the text does not tell".into(),
        );
    };
    if block.is_none() && name == "connectionStrings" {
        return KeyRead::Opaque(BY_DESCRIPTION.into());
    }
    // `response_export_values` may hand the answer's parts on under names of their own.
    let exported = block
        .and_then(|block| block.argument("response_export_values"))
        .and_then(|argument| argument.value.element(name))
        .and_then(Value::as_text)
        .map(|path| path.rsplit('.').next().unwrap_or(path));
    let renamed = exported.is_some_and(|path| path != name);
    match listed_key(exported.unwrap_or(name)) {
        // Of a list of names, those alone are handed on.
        Some(key) if !hands_on(argument("response_export_values"), &key.other) => {
            found(step, name, key, true)
        }
        Some(key) => found(step, name, key, renamed),
        None => KeyRead::Nothing,
    }
}

fn hands_on(exported: Option<&Argument>, name: &str) -> bool {
    match exported.map(|argument| &argument.value) {
        Some(Value::List(names)) => {
            names.iter().any(|known| known.as_text().is_none_or(|known| known == "*" || known == name))
        }
        _ => true,
    }
}

fn found(step: &Step, name: &str, key: KeyAttribute, renamed: bool) -> KeyRead {
    let other = if renamed { String::new() } else { key.other.clone() };
    key_read::found(&step.token, name.to_owned(), family(name, &key), KeyAttribute { other, ..key })
}

/// An output of an ARM template: what the template says of it where it stands here, else what its name says.
fn deployment<'f>(folders: &Folders<'f>, folder: &str, block: Option<&'f Block>, steps: &[Step]) -> KeyRead {
    let template = block.and_then(|block| template(folders, folder, block)).map(|(text, _)| text);
    let mentions = block.is_some_and(mentions_cosmos) || template.as_deref().is_some_and(says_cosmos);
    let at = steps.iter().position(
        |step| matches!(&step.kind, StepKind::Attribute(name) if name == "outputs" || name == "output_content"),
    );
    let Some(rest) = at.map(|at| &steps[at + 1..]) else { return KeyRead::Nothing };
    let Some((step, name)) = rest.iter().find_map(|step| Some((step, step.name()?))) else {
        return if mentions { KeyRead::Whole } else { KeyRead::Nothing };
    };
    match template.map_or(Output::Untold, |template| output(&template, name)) {
        Output::Key(key) => found(step, name, key, true),
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

//! What stands in the way of a flip: whatever could hide a consumer, and consumers that cannot be changed.

use super::allowed::AllowedOpaque;
use super::attribute::listed_name;
use super::elsewhere::EXPORTS;
use super::facts::{AZAPI_ACTION, Argument, SymbolKind};
use super::reference::{Reference, Role};
use super::refusal::Refusal;
use super::tree::Tree;
use super::value::Value;
use crate::model::Access;

/// Files of which nobody knows what they say.
pub fn gaps(tree: &Tree) -> Vec<Refusal> {
    let unparsed = tree.unparsed.iter().map(|unparsed| Refusal::Unparsed {
        place: tree.place(unparsed.file, unparsed.failure.span.start),
        message: unparsed.failure.message.clone(),
    });
    let unread = tree.unread.iter();
    let unread =
        unread.map(|unread| Refusal::Unread { place: tree.shown(unread.file), why: unread.why.clone() });
    unparsed.chain(unread).collect()
}

/// Everything that stands in the way of a flip, whichever slot it goes to.
pub fn refusals(tree: &Tree, account: usize, access: Access) -> Vec<Refusal> {
    refusals_but(tree, account, access, &AllowedOpaque::default())
}

/// The same where a person vouches for opaque places.
pub fn refusals_but(tree: &Tree, account: usize, access: Access, allowed: &AllowedOpaque) -> Vec<Refusal> {
    let mut refusals = gaps(tree);
    let opaque = tree
        .opaque_for(account, access)
        .map(|read| Refusal::Opaque { place: tree.place(read.file, read.span.start), why: read.why.clone() });
    refusals.extend(
        opaque.filter(|refusal| !matches!(refusal, Refusal::Opaque { place, .. } if allowed.allows(place))),
    );
    let place = |reference: &Reference| tree.place(reference.file, reference.span.start);
    refusals.extend(tree.choices(account, access).map(|reference| Refusal::ChosenElsewhere {
        place: place(reference),
        attribute: reference.attribute.clone(),
        chooser: None,
    }));
    refusals.extend(
        tree.consumers(account, access)
            .filter(|reference| tree.sources[reference.file].is_vendored())
            .map(|reference| Refusal::Vendored { place: place(reference) }),
    );
    refusals.extend(
        tree.consumers(account, access)
            .filter(|reference| tree.is_beside(tree.sources[reference.file].path()))
            .map(|reference| Refusal::Outside { place: place(reference) }),
    );
    let nameless = |reference: &&Reference| reference.role == Role::Consumer && reference.other.is_none();
    refusals.extend(tree.consumers(account, access).filter(nameless).map(|reference| {
        not_exported(tree, reference).unwrap_or_else(|| Refusal::NoCounterpart {
            place: place(reference),
            attribute: reference.attribute.clone(),
            call: reference.uneven.as_ref().map(ToString::to_string),
        })
    }));
    if refusals.is_empty() && tree.consumers(account, access).next().is_none() {
        refusals.push(Refusal::NoReference {
            account: tree.accounts[account].key.to_string(),
            access,
            defined: tree.definitions(account, access).count(),
        });
    }
    refusals
}

/// A key of an answer whose action says what of it goes on, and not the other slot's.
fn not_exported(tree: &Tree, reference: &Reference) -> Option<Refusal> {
    let word = match reference.symbol.kind {
        SymbolKind::ManagedAction => "resource",
        SymbolKind::DataAction => "data",
        SymbolKind::EphemeralAction => "ephemeral",
        _ => return None,
    };
    let words = [word, AZAPI_ACTION, reference.symbol.name.as_str()];
    let folder = |file: usize| tree.sources[file].folder() == reference.symbol.folder;
    let (file, block) = tree.blocks().find(|(file, block)| folder(*file) && block.is(&words))?;
    let holds = |argument: &&Argument| EXPORTS.contains(&argument.name.as_str());
    let mut lists = block.arguments.iter().filter(holds);
    let list = lists.next().filter(|_| lists.next().is_none())?;
    let key = listed_name(reference.slot.other(), reference.access)?;
    let has = |it: &Value| it.as_text().is_none_or(|it| it.contains(key) || matches!(it.trim(), "*" | "@"));
    let is_there = match &list.value {
        Value::List(names) => names.iter().any(has),
        Value::Map(paths) => paths.iter().any(|(_, path)| has(path)),
        _ => true,
    };
    // Else it is another name on the way that is missing.
    if is_there {
        return None;
    }
    Some(Refusal::NotExported {
        place: tree.place(reference.file, reference.span.start),
        key: key.to_owned(),
        argument: list.name.clone(),
        list: format!("{}:{}", tree.shown(file), tree.sources[file].position(list.span.start).line),
    })
}

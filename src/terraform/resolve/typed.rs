//! Names of the other slot that a variable's type leaves out.
//!
//! Terraform converts what is handed in to the type that a variable is declared with, and an attribute that a
//! written-out `object` does not name is dropped there: whatever the caller has, the module has no such name.

use super::Look;
use crate::terraform::facts::{Base, Step};
use crate::terraform::folders::{Folders, Followed};
use crate::terraform::key_read::FoundKey;
use crate::terraform::naming::COLLECTIONS;
use crate::terraform::value::Value;

/// The type by which a variable on the way of a read drops the other slot's name: the file, and where it starts there.
pub(super) fn dropped(folders: &Folders<'_>, look: &Look<'_>, key: &FoundKey) -> Option<(usize, usize)> {
    if key.other.is_empty() {
        return None;
    }
    look.hops.iter().find_map(|hop| declared(folders, hop, key))
}

fn declared(folders: &Folders<'_>, hop: &Followed, key: &FoundKey) -> Option<(usize, usize)> {
    let (Base::Variable, [name, steps @ ..]) = (&hop.object.base, hop.object.steps.as_slice()) else {
        return None;
    };
    let mut variables = folders.blocks_at(&hop.folder, &["variable", name.name()?]);
    variables.find_map(|(file, block)| {
        let declared = block.argument("type")?;
        drops(&declared.value, steps, key).then_some((file, declared.span.start))
    })
}

/// Whether some steps from a value of a type lead to an object that has the one name and not the other.
fn drops(declared: &Value, steps: &[Step], key: &FoundKey) -> bool {
    let Some((step, rest)) = steps.split_first() else { return false };
    match declared {
        Value::Call(optional, parts) if optional == "optional" => {
            parts.first().is_some_and(|within| drops(within, steps, key))
        }
        Value::Call(collection, parts) if COLLECTIONS.contains(&collection.as_str()) => {
            let Some(within) = parts.first() else { return false };
            // A function may have taken the elements already.
            drops(within, rest, key) || step.name().is_some() && drops(within, steps, key)
        }
        Value::Call(object, parts) if object == "object" => match (parts.first(), step.name()) {
            (Some(within @ Value::Map(_)), Some(name)) if name == key.attribute => {
                within.element(name).is_some() && within.element(&key.other).is_none()
            }
            (Some(within), Some(name)) => within.element(name).is_some_and(|it| drops(it, rest, key)),
            // What takes an element there stands for the object itself.
            (_, None) => drops(declared, rest, key),
            (None, _) => false,
        },
        _ => false,
    }
}

//! What is left of the path to a key behind a read of a name on its way.
//!
//! Where a function makes a collection of another one, the names below it are not those that the text gives: as far as
//! they could lead on, they do.

use crate::terraform::facts::{Step, StepKind};
use crate::terraform::offer::COMPUTED;

/// Stands in a path where some of the names behind it may be gone, or stand in lists: what a function makes of a
/// collection has places of its own.
pub const OTHER_NAMES: &str = "(…)…";

/// What is left of a path behind the steps of a read, and the element that these take; absent where they lead elsewhere.
pub fn left(steps: &[Step], path: &[String]) -> Option<(Vec<String>, Option<String>)> {
    let mut left = path;
    let mut element = None;
    for (at, step) in steps.iter().enumerate() {
        let Some((first, rest)) = left.split_first() else { break };
        if first == OTHER_NAMES {
            let (mut left, own) = left_of_others(&steps[at..], rest)?;
            // Of what is left, some may be gone as well.
            if left.first().is_some_and(|next| next != OTHER_NAMES) {
                left.insert(0, OTHER_NAMES.to_owned());
            }
            return Some((left, own.or(element)));
        }
        match &step.kind {
            StepKind::Attribute(name) | StepKind::Key(name) if name != first && first != COMPUTED => {
                return None;
            }
            StepKind::Number(number) if number.to_string() != *first && first != COMPUTED => return None,
            StepKind::Any | StepKind::Element | StepKind::Computed(_) => element = Some(first.clone()),
            StepKind::AttributeSplat => continue,
            StepKind::Attribute(_) | StepKind::Key(_) | StepKind::Number(_) => {}
        }
        left = rest;
    }
    Some((left.to_vec(), element))
}

/// So many places in lists may have come before the other names of a path: `setproduct` makes lists of lists.
const MORE_PLACES: usize = 2;

/// The same of a path of which some names are gone, and places in lists have come before the others. Its last name is that
/// of an entry, and stays, if it is no number or alone.
fn left_of_others(steps: &[Step], path: &[String]) -> Option<(Vec<String>, Option<String>)> {
    let is_place = |name: &String| name == COMPUTED || name.parse::<u64>().is_ok();
    let may_go = path.len() < 2 || path.last().is_some_and(is_place);
    let places = steps.iter().take_while(|step| step.name().is_none()).count().min(MORE_PLACES);
    (0..path.len() + usize::from(may_go)).find_map(|gone| {
        let own = &path[gone..];
        let placed = |places: usize| [&vec![COMPUTED.to_owned(); places], own].concat();
        let of_itself = left(steps, own).filter(|_| !own.is_empty());
        of_itself.or_else(|| (1..=places).find_map(|places| left(steps, &placed(places))))
    })
}

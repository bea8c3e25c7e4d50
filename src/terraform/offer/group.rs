//! What is taken as a whole and holds the keys of one slot, of one account or of several: `local.primary` of
//! `primary = { a = …, b = … }`.
//!
//! Whoever takes it reads every key in it, and turning its name turns all of them.

use super::even::{Shared, Uneven};
use super::several::OfAccount;
use super::{Asked, Offered, Reached, all_of, key, other_name, whose};

impl Shared<'_> {
    /// The keys in what a path takes as a whole, one for each account and access. Absent where it holds both slots of one, or
    /// where it is not picked by a name. `taken`: how many names lead to what is taken, where that is known.
    pub(super) fn group(&self, within: &[Reached<'_, '_>], taken: Option<usize>) -> Option<Asked> {
        let keys = self.of_one_slot_each(within)?;
        let other = other_name(keys.first()?.first.0, self.offers, self.references);
        if let Some((at, _)) = &other
            && !within.iter().all(|(_, names)| names.get(*at).is_some_and(Option::is_some))
        {
            return None;
        }
        let slot = |one: &Reached<'_, '_>| self.references[one.0.defined].slot;
        let turned = keys.iter().any(|one| slot(one.first) != slot(keys[0].first));
        let others = keys.iter().map(|one| other_name(one.first.0, self.offers, self.references));
        let odd = turned || others.skip(1).any(|it| it != other);
        let named: Vec<Reached<'_, '_>> = within.iter().map(|(offer, _)| (*offer, Vec::new())).collect();
        let uneven = match &other {
            _ if odd => Some(None),
            Some((at, name)) => self.is_even(&named, *at, name).err().map(|it| it.0),
            None => None,
        };
        let along = other
            .as_ref()
            .and_then(|(at, name)| within.iter().find_map(|(offer, _)| self.taken_along(offer, *at, name)));
        let key_of = |one: &Reached<'_, '_>| {
            let own = &self.references[one.0.defined];
            (own.account, own.access)
        };
        let below = |first: &Reached<'_, '_>| {
            let same = within.iter().filter(|one| key_of(one) == key_of(first));
            let below = same.map(|(offer, _)| offer.path.get(taken?..).map(<[String]>::to_vec));
            below.collect::<Option<Vec<_>>>().unwrap_or_default()
        };
        let mut told = Vec::new();
        for OfAccount { first, runs } in keys {
            let (offer, names) = first;
            let even = uneven.clone().map_or(Ok(()), |call| Err(Uneven(call)));
            match key(names, offer, other.clone(), even, self.references) {
                Asked::Key(key) => {
                    told.push(Offered { runs, along: along.clone(), below: below(first), ..*key })
                }
                Asked::Elsewhere(_) => return Some(Asked::Elsewhere(whose(within, self.references))),
                asked => return Some(asked),
            }
        }
        Some(all_of(told))
    }
}

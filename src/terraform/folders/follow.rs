//! Other names of objects, followed from folder to folder: which object is meant, and in which run of its folder's code.

use super::{Cell, Entry, Folders, Kind, MAX_DEPTH};
use crate::terraform::facts::{Base, Object, REMOTE_STATE, Step, StepKind, SymbolKind, Token};
use crate::terraform::instance::Call;
use crate::terraform::key_read::names_key;
use crate::terraform::naming::At;
use crate::terraform::object::{is_instance, within_outputs};
use crate::terraform::offer::COMPUTED;
use crate::terraform::runs::words;
use crate::terraform::value::Value;

/// An object with its other names followed, and where it stands.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The folder that the object's base is a name of.
    pub folder: String,
    pub object: Object,
    /// The run of the folder's code that is meant, as far as the way tells it.
    pub call: Option<Call>,
}

impl<'f> Folders<'f> {
    /// Follows other names of objects: the object itself, then what each name stands for.
    pub fn follow(&self, folder: &str, object: &Object) -> Vec<Followed> {
        self.follow_on(vec![Followed { folder: folder.to_owned(), object: object.clone(), call: None }])
    }

    /// The same along every way, where elements of a collection are meant that are several accounts.
    pub fn follow_all(&self, folder: &str, object: &Object) -> Vec<Vec<Followed>> {
        let hops = self.follow(folder, object);
        let elements = hops.last().map(|end| self.elements(end)).unwrap_or_default();
        if elements.is_empty() {
            return vec![hops];
        }
        let way = |element| self.follow_on(hops.iter().cloned().chain([element]).collect());
        elements.into_iter().map(way).collect()
    }

    /// The accounts that are elements of what a path leads to, where it takes any of them.
    fn elements(&self, from: &Followed) -> Vec<Followed> {
        let Some((cell, [first, rest @ ..])) = self.cell_of(&from.folder, &from.object) else {
            return Vec::new();
        };
        if !is_any(first) || self.aliases.contains_key(&cell) {
            return Vec::new();
        }
        let accounts: Vec<&Entry<'f>> = self.accounts(&cell).collect();
        // What lies deeper is no element.
        let direct = accounts.iter().all(|(path, ..)| path.len() == 1);
        let element = |(_, folder, object): &Entry<'f>| {
            let mut target = (*object).clone().seen_from_afar();
            target.steps.extend(rest.iter().map(|step| self.carried(&from.folder, folder, step)));
            Followed {
                folder: (*folder).to_owned(),
                object: target,
                call: self.call_behind(from, &cell, folder),
            }
        };
        accounts.into_iter().filter(|_| direct).map(element).collect()
    }

    /// The accounts that are entries of what goes by a name.
    pub(super) fn accounts(&self, cell: &Cell) -> impl Iterator<Item = &Entry<'f>> {
        self.entries.get(cell).into_iter().flatten().filter(|(_, _, object)| is_instance(object))
    }

    fn follow_on(&self, mut hops: Vec<Followed>) -> Vec<Followed> {
        while let Some(next) = hops.last().and_then(|last| self.next(last))
            && hops.len() < MAX_DEPTH
        {
            hops.push(next);
        }
        hops
    }

    fn next(&self, from: &Followed) -> Option<Followed> {
        let (cell, rest) = self.cell_of(&from.folder, &from.object)?;
        let (folder, target, rest) = match self.only_alias(&cell) {
            Some((folder, target)) => (folder, target, rest),
            None => self.entry(&cell, rest)?,
        };
        let mut object = target.seen_from_afar();
        let named = object.steps.len();
        // What Terraform makes of a repeated block is a map, whose elements a name picks too.
        let is_map = self.is_repeated(folder, &object.base) && (named == 0 || self.moved.contains(&cell));
        object.steps.extend(rest.iter().map(|step| self.carried(&from.folder, folder, step)));
        if let Some(first) = object.steps.get_mut(named) {
            match self.renamed.contains(&cell) {
                _ if first.kind == StepKind::Element && self.filtered.contains(&cell) => {
                    first.kind = StepKind::Any;
                }
                true if first.name().is_some() => says_nothing(first),
                true => says_no_place(first),
                false if self.moved.contains(&cell) => says_no_place(first),
                false => {}
            }
            if let StepKind::Attribute(name) = &first.kind
                && is_map
            {
                first.kind = StepKind::Key(name.clone());
            }
        }
        let object = within_outputs(object);
        let call = self.call_behind(from, &cell, folder);
        Some(Followed { folder: folder.to_owned(), object, call })
    }

    /// Whether a name stands for the instances of a block with `for_each`.
    fn is_repeated(&self, folder: &str, base: &Base) -> bool {
        let words = match base {
            Base::Account(kind, name) | Base::Action(kind, name) => words(*kind, name),
            Base::RemoteState(name) => vec!["data", REMOTE_STATE, name],
            Base::Module(name) => words(SymbolKind::Module, name),
            _ => return false,
        };
        self.block(folder, &words).is_some_and(|(_, block)| block.argument("for_each").is_some())
    }

    /// The run of a folder in which a name of it is given its value.
    fn call_behind(&self, from: &Followed, cell: &Cell, folder: &str) -> Option<Call> {
        match cell.kind {
            Kind::Output => self.made_call(from),
            Kind::Local | Kind::Each => from.call.clone(),
            Kind::Variable => {
                from.call.as_ref().filter(|it| it.folder == folder).and_then(Call::caller).cloned()
            }
        }
    }

    /// The call that an object reads an output through, made in the run of its folder through which it was come to.
    pub fn made_call(&self, from: &Followed) -> Option<Call> {
        let call = self.call_of(&from.folder, &from.object)?;
        Some(if call.folder == from.folder { call.within(from.call.clone()) } else { call })
    }

    /// A step as another folder sees it: what it is worked out from means nothing there.
    fn carried(&self, from: &str, to: &str, step: &Step) -> Step {
        let StepKind::Computed(Some(index)) = &step.kind else { return step.clone() };
        if from == to {
            return step.clone();
        }
        let text = self.evaluator().name(&At::folder(from), index);
        let known = text.as_literal().map(|text| Box::new(Value::Text(text.to_owned())));
        Step { kind: StepKind::Computed(known), token: step.token.clone() }
    }

    /// The end of the same way.
    pub fn end(&self, folder: &str, object: &Object) -> Followed {
        self.end_of_run(folder, None, object)
    }

    /// The same from one run of the folder's code.
    pub fn end_of_run(&self, folder: &str, call: Option<Call>, object: &Object) -> Followed {
        let mut end = Followed { folder: folder.to_owned(), object: object.clone(), call };
        for _ in 1..MAX_DEPTH {
            let Some(next) = self.next(&end) else { break };
            end = next;
        }
        end
    }

    /// What a name stands for; absent where callers hand in different objects, or something else.
    fn only_alias(&self, cell: &Cell) -> Option<(&'f str, Object)> {
        one_of(self.aliases.get(cell).filter(|named| self.are_all(cell, named.len()))?)
    }

    /// Whether so many are all that callers hand in.
    fn are_all(&self, cell: &Cell, count: usize) -> bool {
        self.given.get(cell).is_none_or(|given| *given <= count)
    }

    /// What some steps lead to in what goes by a name, if that is an account or goes by another name, and the steps from
    /// there. Absent where that is one for one caller and another for another.
    fn entry<'s>(&self, cell: &Cell, steps: &'s [Step]) -> Option<(&'f str, Object, &'s [Step])> {
        let leads = |path: &[String]| {
            let named = |(step, name): (&Step, &String)| match &step.kind {
                StepKind::Number(number) => number.to_string() == *name,
                _ => step.name() == Some(name),
            };
            path.len() <= steps.len() && steps.iter().zip(path).all(named)
        };
        let (path, ..) = self.entries.get(cell)?.iter().find(|(path, ..)| leads(path))?;
        let (folder, object) = self.only_entry(cell, path)?;
        Some((folder, object, &steps[path.len()..]))
    }

    /// The same at a path below a name; absent where callers hand in different ones there, or something else.
    fn only_entry(&self, cell: &Cell, path: &[String]) -> Option<(&'f str, Object)> {
        let overlaps = |other: &[String]| other.starts_with(path) || path.starts_with(other);
        let here = || self.entries.get(cell).into_iter().flatten().filter(|(other, ..)| overlaps(other));
        if self.aliases.contains_key(cell) || here().any(|(other, ..)| *other != path) {
            return None;
        }
        let named: Vec<_> = here().map(|(_, folder, object)| (*folder, *object)).collect();
        one_of(&named).filter(|_| self.are_all(cell, named.len()))
    }

    /// The name below which an account stands that is an entry of what goes by it, or what goes by another name, and the
    /// path there; and whether it is an account.
    pub fn entry_of<'b>(&self, folder: &str, binding: &'b [String]) -> Option<(Cell, &'b [String], bool)> {
        let (cell, path) = self.readable(folder, binding)?;
        let (_, object) = self.only_entry(&cell, path).filter(|_| !self.escapes(&cell))?;
        Some((cell, path, is_instance(&object)))
    }

    /// The objects that a folder hands out under names of its own, and where they are named.
    pub fn outputs(&self, folder: &str) -> impl Iterator<Item = (&'f str, &'f Object)> + '_ {
        let start = Cell::new(folder, Kind::Output, "");
        let of_folder = self.aliases.range(start.clone()..);
        of_folder
            .take_while(move |(cell, _)| cell.folder == start.folder && cell.kind == Kind::Output)
            .flat_map(|(_, objects)| objects.iter().copied())
    }

    /// What an output stands for that is another object's name, the steps behind it followed.
    pub fn output(&self, folder: &str, name: &str, behind: &[Step]) -> Option<Followed> {
        let (at, mut object) = self.only_alias(&Cell::new(folder, Kind::Output, name))?;
        object.steps.extend(behind.iter().cloned());
        Some(self.end(at, &object))
    }

    /// Whether a value bound like this is read by its name alone, so that naming an object there loses nothing.
    pub fn is_followed(&self, folder: &str, binding: &[String]) -> bool {
        let Some((cell, rest)) = self.readable(folder, binding) else { return false };
        // Elements that go by other names there are those of the object, too.
        let element = self.renamed.contains(&cell) && matches!(rest, [name] if name == COMPUTED);
        (rest.is_empty() || element) && !self.escapes(&cell) && self.only_alias(&cell).is_some()
    }

    /// Whether a local value is one of several objects, so that no name leads to any of them.
    pub fn is_ambiguous(&self, folder: &str, binding: &[String]) -> bool {
        let Some((cell, [])) = self.readable(folder, binding) else { return false };
        let several = self.aliases.get(&cell).is_some_and(|aliases| aliases.len() > 1);
        cell.kind == Kind::Local && several && self.only_alias(&cell).is_none()
    }

    /// Whether a name is read by whoever reads the state of a root, in this tree or not.
    fn escapes(&self, cell: &Cell) -> bool {
        cell.kind == Kind::Output && self.callers(&cell.folder).is_empty()
    }
}

/// A number that says nothing of what it picks.
fn says_no_place(step: &mut Step) {
    if let StepKind::Number(_) = step.kind {
        says_nothing(step);
    }
}

/// A name that says nothing of what it picks.
fn says_nothing(step: &mut Step) {
    *step = Step { kind: StepKind::Computed(None), token: Token::Unplaced };
}

/// Whether a step takes an element and does not say which.
pub fn is_any(step: &Step) -> bool {
    matches!(step.kind, StepKind::Any | StepKind::Element | StepKind::AttributeSplat | StepKind::Computed(_))
}

/// The object that all of them are, each named in its folder. Different instances of one block are one object of which any
/// instance may be meant.
fn one_of<'f>(named: &[(&'f str, &Object)]) -> Option<(&'f str, Object)> {
    let (folder, object) = named.first()?;
    let picks = |step: &Step| {
        let index = matches!(&step.kind, StepKind::Key(_) | StepKind::Number(_) | StepKind::Computed(_));
        index && !names_key(step)
    };
    let alike = |(one, other): (&Step, &Step)| one.kind == other.kind || picks(one) && picks(other);
    let same = |(other, target): &(&str, &Object)| {
        other == folder
            && target.base == object.base
            && target.steps.len() == object.steps.len()
            && target.steps.iter().zip(&object.steps).all(alike)
    };
    if !named.iter().all(same) {
        return None;
    }
    let mut object = (*object).clone();
    for (at, step) in object.steps.iter_mut().enumerate() {
        if named.iter().any(|(_, target)| target.steps[at].kind != step.kind) {
            step.kind = StepKind::Any;
        }
    }
    Some((*folder, object))
}

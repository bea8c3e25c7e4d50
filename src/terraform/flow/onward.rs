//! From one name to the reads of it.

use super::super::facts::{Base, Read, StepKind};
use super::super::folders::{Cell, Kind, repeated};
use super::super::instance::{Call, Instance, admits};
use super::super::offer::COMPUTED;
use super::passed::left;
use super::{Stand, Tracer};

impl<'f> Tracer<'f> {
    /// The reads of the elements of a collection that a block is repeated over, where that goes by a name which the block's
    /// own place among the names does not tell.
    pub(super) fn repeated_over(&self, stand: &Stand<'_>) -> Vec<(&'f str, &'f Read)> {
        let at = stand.binding.iter().position(|name| name == "for_each").unwrap_or(stand.binding.len());
        let (block, over) = stand.binding.split_at(at);
        // A `for` may give the elements other names.
        if over.is_empty() || over[1..].iter().any(|name| name != COMPUTED) {
            return Vec::new();
        }
        let is_here = |file: usize, read: &Read| {
            let around = read.span.start <= stand.span.start && stand.span.end <= read.span.end;
            file == stand.file && around && read.binding == stand.binding
        };
        let mut named = self.reads.values().filter_map(|reads| {
            let (_, _, over) = reads.iter().find(|(file, _, read)| is_here(*file, read))?;
            Some((reads, *over))
        });
        let Some((reads, over)) = named.next() else { return Vec::new() };
        let kinds = |read: &'f Read| read.object.steps.iter().map(|step| &step.kind);
        let over_name = stand.binding.get(at);
        let elements = reads.iter().filter(|(file, folder, read)| {
            let takes = read.object.base == over.object.base
                && kinds(read).take(over.object.steps.len()).eq(kinds(over))
                && matches!(
                    kinds(read).nth(over.object.steps.len()),
                    Some(StepKind::Element | StepKind::Any)
                );
            takes
                && *file == stand.file
                && *folder == stand.folder
                && read.binding.starts_with(block)
                && read.binding.get(at) != over_name
                && !read.tested
        });
        elements.map(|(_, folder, read)| (*folder, *read)).collect()
    }

    /// The run of the folder in which a name is read, if what stands there is read by it: an output is read by the calls
    /// that it is an output of.
    pub(super) fn next_run(
        &self,
        stand: &Stand<'_>,
        cell: &Cell,
        folder: &str,
        read: &Read,
    ) -> Option<Option<Call>> {
        match cell.kind {
            Kind::Local | Kind::Each => Some(stand.run.clone()),
            Kind::Variable => {
                let name = match stand.binding {
                    [module, name, ..] if module == "module" => name,
                    _ => "",
                };
                Some(Some(Call::new(stand.folder, name).within(stand.run.clone())))
            }
            Kind::Output => {
                let Some(run) = &stand.run else { return Some(None) };
                let Some(call) = self.folders.call_of(folder, &read.object) else { return Some(None) };
                let caller = run.caller().filter(|_| run.folder == folder).cloned();
                admits(Some(&call), Some(run)).then_some(caller)
            }
        }
    }

    /// Whether a read of a name takes the value at a path below it: what is left of the path, and the key of the
    /// element that it came through. `came` is the element that it came through before.
    pub(super) fn reaches(
        &self,
        folder: &str,
        read: &Read,
        path: &[String],
        came: &Option<String>,
    ) -> Option<(Vec<String>, Option<String>)> {
        // What a block is repeated over and named as such is read where its elements are.
        let last = read.binding.last().map(String::as_str);
        let named = last == Some("for_each") && read.mention;
        if read.tested || last == Some("count") || named || read.looped {
            return None;
        }
        let (_, steps) = self.folders.cell_of(folder, &read.object)?;
        let (left, element) = left(steps, path)?;
        let through = path.is_empty() && matches!(read.object.base, Base::Each(_));
        Some((left, element.or_else(|| came.clone().filter(|_| through))))
    }

    /// What is left of the path to an output where all outputs are read together: the output's own name is the first of
    /// it, behind that of the instance whose output it is.
    pub(super) fn holds(
        &self,
        folder: &str,
        read: &Read,
        output: &str,
        path: &[String],
        run: Option<&Call>,
    ) -> Option<(Vec<String>, Option<String>)> {
        let last = read.binding.last().map_or("", String::as_str);
        if read.tested || read.looped || ["count", "for_each"].contains(&last) || !is_value(&read.binding) {
            return None;
        }
        let repeated = match &read.object.base {
            Base::Module(name) if read.object.steps.is_empty() => {
                self.folders.block(folder, &["module", name]).is_some_and(|(_, block)| repeated(block))
            }
            _ => false,
        };
        let instance = run.and_then(|run| run.instance.as_ref()).map(Instance::text);
        let instance = repeated.then(|| instance.unwrap_or_else(|| COMPUTED.to_owned()));
        let names = instance.into_iter().chain([output.to_owned()]);
        Some((names.chain(path.iter().cloned()).collect(), None))
    }
}

/// Whether what stands there is a value, and does not only say what waits for what.
fn is_value(binding: &[String]) -> bool {
    let orders = |word: &String| ["depends_on", "providers", "replace_triggered_by"].contains(&word.as_str());
    !binding.iter().any(orders)
}

//! What a configuration takes from the files that it reads: `include.NAME.locals.…`, `read_terragrunt_config(…).locals.…`,
//! and what it hands to the code that it runs.

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, TraversalOperator};

use super::{Configurations, Here, READING, ROOTS, folder_of, is_include, name_of};
use crate::terraform::facts::{Base, Block};
use crate::terraform::object::Scope;
use crate::terraform::source::Source;
use crate::terraform::syntax::Syntax;
use crate::terraform::value::{Value, is_written_out};
use crate::terraform::walk::{text_of, without_blanks};

/// Names of names; more is a circle or as bad as one.
const MAX_DEPTH: usize = 16;

/// What of another file is a value.
const PARTS: [&str; 2] = ["locals", "inputs"];

/// A value of another file of Terragrunt's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromFile {
    /// As it is written, without white space.
    pub text: String,
    from: From,
    /// What is taken of it, one in the other: `locals`, `slot`.
    names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum From {
    /// An included file, by the name of its block; empty where that has none.
    Include(String),
    /// A file by its path.
    Path(Value),
}

impl FromFile {
    /// Absent where an expression is none, or takes something whose name the text does not tell.
    pub fn of(source: &Source, scope: &Scope, expression: &Expression) -> Option<FromFile> {
        let Expression::Traversal(traversal) = expression else { return None };
        if source.syntax() != Syntax::Terragrunt {
            return None;
        }
        let name = |operator: &TraversalOperator| match operator {
            TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
            TraversalOperator::Index(Expression::String(name)) => Some(name.value().clone()),
            _ => None,
        };
        let mut names: Vec<String> =
            traversal.operators.iter().map(|it| name(it.value())).collect::<Option<_>>()?;
        let is_part = |name: Option<&String>| name.is_some_and(|name| PARTS.contains(&name.as_str()));
        let from = match &traversal.expr {
            Expression::Variable(root) if root.as_str() == "include" && !scope.binds("include") => {
                match is_part(names.get(1)) {
                    true => From::Include(names.remove(0)),
                    false => From::Include(String::new()),
                }
            }
            Expression::FuncCall(call) if call.name.name.as_str() == READING => {
                From::Path(Value::of(source, scope, call.args.get(0)?))
            }
            _ => return None,
        };
        let text = without_blanks(text_of(source, expression.span()));
        is_part(names.first()).then_some(FromFile { text, from, names })
    }

    /// The path of the file, where it is not an included one.
    pub fn path(&self) -> Option<&Value> {
        match &self.from {
            From::Path(path) => Some(path),
            From::Include(_) => None,
        }
    }

    /// Puts what is known of the repository into the path.
    pub fn place(&mut self, put: impl FnOnce(&mut Value)) {
        if let From::Path(path) = &mut self.from {
            put(path);
        }
    }
}

/// What a configuration hands to a variable of the code that it runs.
#[derive(Clone, Copy, Debug)]
pub enum Given<'f> {
    /// A value, and the folder that its names mean something in.
    Value(&'f str, &'f Value),
    Nothing,
    /// It may hand over something.
    Unknown,
}

impl<'f> Configurations<'f> {
    /// The value that a name of a configuration stands for in the end, which may be written in another file; itself where
    /// it is no such name. Absent where that is not known.
    pub fn end_of<'x>(&self, here: Here<'x>, value: &'x Value) -> Option<(Here<'x>, &'x Value)>
    where
        'f: 'x,
    {
        self.part(here, value, &[], 0)
    }

    /// The same of a part of a value.
    fn part<'x>(
        &self,
        here: Here<'x>,
        value: &'x Value,
        names: &[String],
        depth: usize,
    ) -> Option<(Here<'x>, &'x Value)>
    where
        'f: 'x,
    {
        if depth > MAX_DEPTH {
            return None;
        }
        match (value, names) {
            (Value::Path(object), _) if object.base == Base::Local => {
                let steps: Option<Vec<String>> =
                    object.steps.iter().map(|step| step.name().map(str::to_owned)).collect();
                let steps = steps?;
                let (first, rest) = steps.split_first()?;
                let (_, facts) = self.by_path.get(here.file)?;
                let local = local(&facts.blocks, first)?;
                self.part(here, local, &[rest, names].concat(), depth + 1)
            }
            (Value::Read(read), _) => {
                let there = match &read.from {
                    From::Include(name) => self.included(here, name)?,
                    From::Path(path) => self.read(here, path)?,
                };
                self.of_file(there, &[read.names.as_slice(), names].concat(), depth + 1)
            }
            (_, []) => Some((here, value)),
            (Value::Call(function, arguments), _) if function == READING => {
                self.of_file(self.read(here, arguments.first()?)?, names, depth + 1)
            }
            (Value::Call(function, parts), [first, ..]) if function == "merge" => {
                // The later stands in the place of what is called the same before it.
                for part in parts.iter().rev() {
                    let (there, whole) = self.part(here, part, &[], depth + 1)?;
                    match whole {
                        Value::Map(entries)
                            if entries.iter().all(|(key, _)| key != first && is_written_out(key)) => {}
                        whole => return self.part(there, whole, names, depth + 1),
                    }
                }
                None
            }
            (Value::Map(_), [first, rest @ ..]) => self.part(here, value.element(first)?, rest, depth + 1),
            _ => None,
        }
    }

    /// What a file says under some names.
    fn of_file<'x>(&self, there: Here<'x>, names: &[String], depth: usize) -> Option<(Here<'x>, &'x Value)>
    where
        'f: 'x,
    {
        let (_, facts) = self.by_path.get(there.file)?;
        match names {
            [part, name, rest @ ..] if part == PARTS[0] => {
                self.part(there, local(&facts.blocks, name)?, rest, depth)
            }
            [part, rest @ ..] if part == PARTS[1] => {
                let inputs = facts.blocks.iter().filter(|block| block.words.is_empty());
                let inputs = inputs.filter_map(|block| block.argument(PARTS[1])).next()?;
                self.part(there, &inputs.value, rest, depth)
            }
            _ => None,
        }
    }

    /// A file that an `include` of this name names; it speaks in the folder that includes it.
    fn included<'h>(&self, here: Here<'h>, name: &str) -> Option<Here<'h>>
    where
        'f: 'h,
    {
        let (_, facts) = self.by_path.get(here.file)?;
        let is_meant =
            |block: &&Block| is_include(block) && block.words.get(1).map_or("", String::as_str) == name;
        let block = facts.blocks.iter().find(is_meant)?;
        let path = self.file(here, &block.argument("path")?.value)?;
        let (file, _) = self.by_path.get_key_value(path.as_str())?;
        Some(Here { folder: here.folder, file })
    }

    /// A file that is read by its path, which speaks in its own folder.
    fn read<'h>(&self, here: Here<'_>, path: &Value) -> Option<Here<'h>>
    where
        'f: 'h,
    {
        let path = self.file(here, path)?;
        let (file, _) = self.by_path.get_key_value(path.as_str())?;
        Some(Here { folder: folder_of(file), file })
    }

    /// What the configuration of a folder hands to a variable: what it says itself, else what it includes.
    pub fn given(&self, folder: &'f str, name: &str) -> Given<'f> {
        let Some(own) = self.own(folder) else { return Given::Unknown };
        let Some((_, facts)) = self.by_path.get(own.file) else { return Given::Unknown };
        let is_deep = facts.blocks.iter().filter(|block| is_include(block)).any(|block| {
            let strategy = block.argument("merge_strategy");
            strategy.is_some_and(|it| !matches!(it.value.as_text(), Some("no_merge" | "shallow")))
        });
        let is_one = |it: &Value| {
            matches!(it, Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Template(_))
        };
        match self.handed(own, name) {
            Given::Nothing => {}
            // A collection that is merged deeply has what the included file says, too.
            Given::Value(_, value) if is_deep && !is_one(value) => return Given::Unknown,
            given => return given,
        }
        let mut found = Given::Nothing;
        for block in facts.blocks.iter().filter(|block| is_include(block)) {
            let strategy = block.argument("merge_strategy").map(|it| it.value.as_text());
            if strategy == Some(Some("no_merge")) {
                continue;
            }
            let included = self.included(own, block.words.get(1).map_or("", String::as_str));
            let given = included.map_or(Given::Unknown, |included| self.handed(included, name));
            found = match (found, given) {
                (found, Given::Nothing) => found,
                (Given::Nothing, given) => given,
                // Which of them comes last is not looked at.
                (_, _) => Given::Unknown,
            };
        }
        found
    }

    /// What the inputs of one file hold.
    fn handed(&self, here: Here<'f>, name: &str) -> Given<'f> {
        let Some((_, facts)) = self.by_path.get(here.file) else { return Given::Unknown };
        let inputs = facts.blocks.iter().filter(|block| block.words.is_empty());
        let Some(inputs) = inputs.filter_map(|block| block.argument(PARTS[1])).next() else {
            return Given::Nothing;
        };
        self.handed_by(here, &inputs.value, name, 0)
    }

    fn handed_by(&self, here: Here<'f>, inputs: &'f Value, name: &str, depth: usize) -> Given<'f> {
        if let Some(there) = self.all_locals(here, inputs, depth) {
            let facts = self.by_path.get(there.file).map(|(_, facts)| &facts.blocks);
            return match facts.and_then(|blocks| local(blocks, name)) {
                Some(value) => self.meant(there, value),
                None => Given::Nothing,
            };
        }
        let Some((there, inputs)) = self.part(here, inputs, &[], depth) else { return Given::Unknown };
        match inputs {
            // One that is worked out may be this one.
            Value::Map(entries) if !entries.iter().all(|(key, _)| is_written_out(key)) => Given::Unknown,
            Value::Map(_) => match inputs.element(name) {
                Some(value) => self.meant(there, value),
                None => Given::Nothing,
            },
            Value::Call(function, parts) if function == "merge" => {
                for part in parts.iter().rev() {
                    match self.handed_by(there, part, name, depth + 1) {
                        Given::Nothing => {}
                        given => return given,
                    }
                }
                Given::Nothing
            }
            _ => Given::Unknown,
        }
    }

    /// A name that leads nowhere known is a value by itself.
    fn meant(&self, here: Here<'f>, value: &'f Value) -> Given<'f> {
        let (there, value) = self.end_of(here, value).unwrap_or((here, value));
        Given::Value(there.folder, value)
    }

    /// The file of which a value is all the local values.
    fn all_locals(&self, here: Here<'f>, value: &'f Value, depth: usize) -> Option<Here<'f>> {
        match value {
            Value::Read(read) if read.names == PARTS[..1] => match &read.from {
                From::Include(name) => self.included(here, name),
                From::Path(path) => self.read(here, path),
            },
            Value::Path(object) if object.base == Base::Local => {
                let [first, last] = object.steps.as_slice() else { return None };
                let (_, facts) = self.by_path.get(here.file)?;
                let whole = local(&facts.blocks, first.name()?).filter(|_| last.name() == Some(PARTS[0]))?;
                match self.part(here, whole, &[], depth + 1)? {
                    (there, Value::Call(function, arguments)) if function == READING => {
                        self.read(there, arguments.first()?)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The configuration of a folder.
    fn own(&self, folder: &'f str) -> Option<Here<'f>> {
        let mut files = self.by_path.keys().filter(|path| folder_of(path) == folder);
        let usual = files.clone().find(|path| name_of(path) == ROOTS[0]);
        usual.or_else(|| files.next()).map(|file| Here { folder, file })
    }
}

fn local<'f>(blocks: &'f [Block], name: &str) -> Option<&'f Value> {
    let mut locals = blocks.iter().filter(|block| block.is(&["locals"]));
    locals.find_map(|block| block.argument(name)).map(|argument| &argument.value)
}

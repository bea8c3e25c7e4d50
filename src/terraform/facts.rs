//! What one file says, before any other file is known.
//!
//! Plain owned data: the syntax tree itself never leaves the thread that parsed it. All spans count bytes of
//! the file.

use std::ops::Range;

/// `resource` or `data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    Managed,
    Data,
}

/// What an expression reads from, as far as its own file can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// A Cosmos DB account, by its symbol in this folder.
    Account(SymbolKind, String),
    Module(String),
    /// The first step names the local value.
    Local,
    /// The first step names the variable.
    Variable,
}

/// Where the word stands that names a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Bytes of the file that the read stands in.
    Here(Range<usize>),
    /// Where a name was bound that the read goes through.
    Elsewhere,
    /// No word of its own, or one that is not spelt as it reads.
    Unplaced,
}

/// One step from a base towards a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: StepKind,
    pub token: Token,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// `.name`
    Attribute(String),
    /// `["name"]`
    Key(String),
    /// `[0]` or `.0`
    Number(u64),
    /// An element, whichever: `[*]`, an iteration, a function that picks one.
    Any,
    /// `.*`, after which an index applies to the list of results.
    AttributeSplat,
    /// An index that is computed.
    Computed,
}

/// A base and the steps from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub base: Base,
    pub steps: Vec<Step>,
}

impl Object {
    pub fn then(mut self, step: Step) -> Object {
        self.steps.push(step);
        self
    }

    /// The same seen from another place, where this one's words do not stand.
    pub fn seen_from_afar(mut self) -> Object {
        self.steps.iter_mut().for_each(|step| step.token = Token::Elsewhere);
        self
    }
}

/// Where in its file's structure a value stands: `["locals", "secrets", "CosmosDb-ApiKey"]`.
pub type Binding = Vec<String>;

/// One expression that may read a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub object: Object,
    /// The whole expression.
    pub span: Range<usize>,
    pub binding: Binding,
    /// The conditionals and computed lookups that decide whether this read takes effect, by a number within
    /// the file.
    pub choices: Vec<u32>,
    /// Naming an object here hands nothing of it on (`depends_on`, `for_each`, `length(…)`, an alias).
    pub mention: bool,
}

/// The expression that gives an account's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameExpression {
    Literal(String),
    /// `azurerm_cosmosdb_account.X.name` and the like: another symbol of the same folder.
    Symbol(SymbolKind, String),
    /// Anything else, by its source text with white space removed. `specific` tells whether literal text is
    /// part of it, so that equal texts in different folders mean the same.
    Text {
        text: String,
        specific: bool,
    },
}

/// A `resource` or `data` block that declares a Cosmos DB account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub kind: SymbolKind,
    pub name: String,
    pub account_name: Option<NameExpression>,
}

/// A `module` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleCall {
    pub name: String,
    /// Absent unless a literal.
    pub source: Option<String>,
}

/// A local value that is another name for an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    pub name: String,
    pub object: Object,
}

/// A place that may read a key and cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub span: Range<usize>,
    pub why: String,
}

/// Everything of one file that the rest of the tree may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub declarations: Vec<Declaration>,
    pub modules: Vec<ModuleCall>,
    pub aliases: Vec<Alias>,
    pub reads: Vec<Read>,
    pub unread: Vec<Unread>,
    /// How many choices were numbered.
    pub choices: u32,
}

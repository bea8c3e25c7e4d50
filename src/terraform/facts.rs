//! What one file says, before any other file is known.
//!
//! Plain owned data: the syntax tree itself never leaves the thread that parsed it. All spans count bytes of
//! the file.

use std::ops::Range;

use super::chooser::words;
use super::either::Turn;
use super::generated::Generated;
use super::naming::{of_element, spelt, takes_each};
use super::value::Value;

/// What kind of block hands out an account's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// `resource "azurerm_cosmosdb_account"`
    Managed,
    /// `data "azurerm_cosmosdb_account"`
    Data,
    /// `resource`, `data` and `ephemeral` of azapi that call `listKeys` on an account.
    ManagedAction,
    DataAction,
    EphemeralAction,
    /// A `module` whose code is not in the tree.
    Module,
    /// terragrunt's `dependency` on code that is not in the tree.
    Dependency,
    /// `data "terraform_remote_state"`
    RemoteState,
    /// A deployment of an ARM template.
    Deployment,
    /// A variable whose value is not in the tree.
    Variable,
}

/// The types of resources that deploy ARM templates.
pub const DEPLOYMENTS: [&str; 4] = [
    "azurerm_resource_group_template_deployment",
    "azurerm_subscription_template_deployment",
    "azurerm_management_group_template_deployment",
    "azurerm_template_deployment",
];

/// The type of azapi's resource and data source that call an action, `listKeys` among them.
pub const AZAPI_ACTION: &str = "azapi_resource_action";

/// The type of azapi's resource and data source that are anything, an account of Cosmos DB among others.
pub const AZAPI_RESOURCE: &str = "azapi_resource";

/// The data source that reads another root's outputs.
pub const REMOTE_STATE: &str = "terraform_remote_state";

/// The data source by which HCP Terraform hands out another workspace's outputs.
pub const TFE_OUTPUTS: &str = "tfe_outputs";

/// The block by which a stack reads what another one publishes.
pub const UPSTREAM: &str = "upstream_input";

/// The block that gives the inputs of a stack their values.
pub const DEPLOYMENT: &str = "deployment";

/// The data source that is what a program prints, as `az cosmosdb keys list` does.
pub const EXTERNAL: &str = "external";

/// What an expression reads from, as far as its own file can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// A Cosmos DB account, by its symbol in this folder.
    Account(SymbolKind, String),
    Module(String),
    /// terragrunt's `dependency.NAME.outputs`
    Dependency(String),
    /// `data.terraform_remote_state.NAME.outputs`
    RemoteState(String),
    /// What an azapi action answered: `resource`, `data` or `ephemeral`, by its name.
    Action(SymbolKind, String),
    /// The outputs of an ARM template, by type and name.
    Deployment(String, String),
    /// The first step names the local value.
    Local,
    /// The first step names the variable.
    Variable,
    /// The elements of a repeated block whose collection is written where the block stands: the words that lead to
    /// its `for_each`. The first step picks an element.
    Each(String),
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
    /// The element that a block is repeated for: each of them has a block of its own.
    Element,
    /// `.*`, after which an index applies to the list of results.
    AttributeSplat,
    /// An index that is computed: by what, where that is written there.
    Computed(Option<Box<Value>>),
}

impl StepKind {
    /// Whether an index is computed here.
    pub fn is_computed(&self) -> bool {
        matches!(self, StepKind::Computed(_))
    }
}

impl Step {
    /// The name that it goes by, as an attribute or as a key; absent for numbers and for what is computed.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            StepKind::Attribute(name) | StepKind::Key(name) => Some(name),
            StepKind::Number(_)
            | StepKind::Any
            | StepKind::Element
            | StepKind::AttributeSplat
            | StepKind::Computed(_) => None,
        }
    }
}

/// A base and the steps from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub base: Base,
    pub steps: Vec<Step>,
}

impl Object {
    /// The collection that a block at these words is repeated over.
    pub fn each(block: &[String]) -> Object {
        Object { base: Base::Each(format!("{}.for_each", block.join("."))), steps: Vec::new() }
    }

    pub fn then(mut self, step: Step) -> Object {
        self.steps.push(step);
        self
    }

    /// The same seen from another place, where this one's words do not stand.
    pub fn seen_from_afar(mut self) -> Object {
        self.steps.iter_mut().for_each(|step| step.token = Token::Elsewhere);
        self
    }

    /// The same where its words are not spelt as they read.
    pub fn without_words(mut self) -> Object {
        for step in self.steps.iter_mut().filter(|step| matches!(step.token, Token::Here(_))) {
            step.token = Token::Unplaced;
        }
        self
    }
}

/// Where in its file's structure a value stands: `["locals", "secrets", "CosmosDb-ApiKey"]`.
pub type Binding = Vec<String>;

/// When a branch of a choice takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The chooser has this value.
    Is(String),
    /// It has any other.
    IsNot(String),
    /// It has one of these.
    Among(Vec<String>),
    /// It has none of these.
    NotAmong(Vec<String>),
    Unknown,
}

impl When {
    pub fn is(&self, value: &str) -> bool {
        match self {
            When::Is(text) => text == value,
            When::IsNot(text) => text != value,
            When::Among(texts) => texts.iter().any(|text| text == value),
            When::NotAmong(texts) => texts.iter().all(|text| text != value),
            When::Unknown => false,
        }
    }

    /// Whether it is for the values that it names, or for all others; and which those are.
    fn named(&self) -> Option<(bool, &[String])> {
        match self {
            When::Is(text) => Some((true, std::slice::from_ref(text))),
            When::IsNot(text) => Some((false, std::slice::from_ref(text))),
            When::Among(texts) => Some((true, texts)),
            When::NotAmong(texts) => Some((false, texts)),
            When::Unknown => None,
        }
    }

    fn of(is: bool, mut texts: Vec<String>) -> When {
        texts.sort();
        texts.dedup();
        match (is, texts.as_slice()) {
            (true, [text]) => When::Is(text.clone()),
            (false, [text]) => When::IsNot(text.clone()),
            (true, _) => When::Among(texts),
            (false, _) => When::NotAmong(texts),
        }
    }

    /// It has one of these values.
    pub fn among(texts: Vec<String>) -> When {
        When::of(true, texts)
    }

    /// The others.
    pub fn denied(&self) -> When {
        self.named().map_or(When::Unknown, |(is, texts)| When::of(!is, texts.to_vec()))
    }

    /// One or the other.
    pub fn or(&self, other: &When) -> When {
        let (Some((is, ours)), Some((theirs_is, theirs))) = (self.named(), other.named()) else {
            return When::Unknown;
        };
        let but = |texts: &[String], without: &[String]| -> Vec<String> {
            texts.iter().filter(|text| !without.contains(text)).cloned().collect()
        };
        match (is, theirs_is) {
            (true, true) => When::of(true, [ours, theirs].concat()),
            (true, false) => When::of(false, but(theirs, ours)),
            (false, true) => When::of(false, but(ours, theirs)),
            (false, false) => {
                When::of(false, ours.iter().filter(|text| theirs.contains(text)).cloned().collect())
            }
        }
    }

    /// The same of what the chooser is before something else is made of it; unknown where it cannot come to that.
    pub fn before(&self, before: impl Fn(&str) -> Option<String>) -> When {
        let Some((is, texts)) = self.named() else { return When::Unknown };
        let texts: Vec<String> = texts.iter().filter_map(|text| before(text)).collect();
        if texts.is_empty() { When::Unknown } else { When::of(is, texts) }
    }

    /// Whether one value never answers to both.
    pub fn excludes(&self, other: &When) -> bool {
        match (self.named(), other.named()) {
            (Some((true, ours)), Some((true, theirs))) => !ours.iter().any(|text| theirs.contains(text)),
            (Some((true, some)), Some((false, others))) | (Some((false, others)), Some((true, some))) => {
                some.iter().all(|text| others.contains(text))
            }
            (Some((false, _)), Some((false, _))) | (None, _) | (_, None) => false,
        }
    }
}

/// One branch of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The choice's number within its file.
    pub choice: u32,
    pub when: When,
    /// The condition under which it is taken; absent for entries that are picked.
    pub asked: Option<Asked>,
}

/// A condition under which something is taken, or a block is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is asked, as it is written, without white space.
    pub text: String,
    /// Where the block or the value starts in which alone that means the same; absent where it does in the whole folder.
    pub within: Option<usize>,
    /// The answer that it needs.
    pub when: When,
}

/// What a choice goes by: a variable or a local value, an element or a part of one, or what is made of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub number: u32,
    pub by: Object,
    /// Where it is named.
    pub span: Range<usize>,
    /// Where the same condition names it again, or names what else its value is made of.
    pub beside: Vec<Range<usize>>,
    /// The expressions between which it chooses.
    pub branches: Vec<Range<usize>>,
    pub takes: Takes,
    /// What is made of its value before it chooses, the last first: `x[var.use_secondary ? "s" : "p"]`.
    pub turned: Vec<Turn>,
    /// The expression whose value it goes by, where that is more than a name.
    pub whole: Option<Value>,
    /// The element whose value it goes by, where its collection has no name.
    pub of: Option<String>,
    /// The names that stand for the key of the element whose value it goes by, where it takes one after the other: `each.key`.
    pub keys: Vec<String>,
}

impl Choice {
    /// The same by one element of the collection whose elements choose.
    pub fn of_element(&self, element: &str) -> Choice {
        let of = matches!(self.by.base, Base::Each(_)).then(|| element.to_owned());
        let whole = self.whole.as_ref().map(|whole| self.value_of(whole, element));
        Choice { by: of_element(&self.by, element), whole, of, ..self.clone() }
    }

    /// A path beside the choice, where one element alone is meant.
    pub fn path_of(&self, path: &Object, element: &str) -> Object {
        let at = self.by.steps.iter().position(takes_each);
        let is_same = path.base == self.by.base
            && at.and_then(|at| path.steps.get(..=at).zip(self.by.steps.get(..=at))).is_some_and(
                |(ours, own)| ours.iter().map(|step| &step.kind).eq(own.iter().map(|step| &step.kind)),
            );
        let mut path = if is_same { of_element(path, element) } else { path.clone() };
        for step in &mut path.steps {
            if let StepKind::Computed(Some(index)) = &mut step.kind {
                **index = self.value_of(index, element);
            }
        }
        path
    }

    /// The same of a value.
    fn value_of(&self, value: &Value, element: &str) -> Value {
        let own =
            |text: &str| self.keys.iter().any(|key| key == text).then(|| Value::Text(element.to_owned()));
        value.with_parts(&|path| self.path_of(path, element), &own)
    }

    /// What it goes by, as people read it.
    pub fn name(&self) -> String {
        let name = self.whole.as_ref().and_then(words).unwrap_or_else(|| spelt(&self.by));
        self.of.as_ref().map_or_else(|| name.clone(), |of| format!("{name} of {of}"))
    }

    /// The names whose values say which part of another one is meant: `var.env` of `local.slots[var.env]`.
    pub fn found_by(&self) -> Vec<Object> {
        let indexes = self.by.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Computed(Some(index)) => Some(index.paths()),
            _ => None,
        });
        let within = self.whole.iter().map(Value::paths);
        indexes.chain(within).flatten().cloned().collect()
    }
}

/// Which values a choice can tell apart: Terraform compares without converting, and converts what is a condition or
/// an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `… == "primary"`
    Text,
    /// `… == 1`
    Number,
    /// `… == true`
    Bool,
    /// `… ? … : …`
    Condition,
    /// `…[…]`
    Index,
}

/// One expression that may read a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub object: Object,
    /// The whole expression.
    pub span: Range<usize>,
    pub binding: Binding,
    /// The conditionals and computed lookups that decide whether this read takes effect.
    pub choices: Vec<Branch>,
    /// The conditions under which the blocks are there that it stands in.
    pub exists: Vec<Asked>,
    /// The choice by which it picks an element, where that goes by a name: `local.keys[var.slot]`.
    pub picks: Option<u32>,
    /// Where the value of the argument or entry starts that it is part of.
    pub value: usize,
    /// Whether it is the whole value of an argument or an entry, and not part of an expression.
    pub plain: bool,
    /// Naming an object here hands nothing of it on (`depends_on`, `for_each`, `length(…)`, an alias).
    pub mention: bool,
    /// Whether its elements are read where a name stands for them, which a loop or a repeated block goes by: naming it here
    /// hands none on.
    pub looped: bool,
    /// Whether an expression around it picks from what it gathers, or passes over some of it: `reverse(…)[0]`,
    /// `[for … if …]`.
    pub sifted: bool,
    /// Whether a `for` around it leaves elements out by a condition.
    pub filtered: bool,
    /// Whether it stands in an entry of a collection that is picked from where it is written.
    pub is_entry: bool,
    /// What tells the nested block or object that it stands in from others beside it: how many words of the binding lead
    /// there, and what it calls itself.
    pub label: Option<(usize, String)>,
    /// Whether all of it goes on as it is: what it holds keeps its names, and nothing is taken out.
    pub entire: bool,
    /// Names that stand in its place, of what is merged over it.
    pub overridden: Vec<String>,
    /// Whether it is only compared, counted or asked for: what comes of that holds nothing of the value.
    pub tested: bool,
    /// Whether it stands in an entry of an object that a later one of the same name replaces: dead text.
    pub replaced: bool,
    /// What the nested block or object is called whose value it is: `setting { name = "…" value = … }`.
    pub called: Option<String>,
    /// Whether it stands in a text beside the endpoint of an account: `AccountEndpoint=…`.
    pub beside_endpoint: bool,
    /// Whether something else is taken, and nothing said, where there is no such value (`try`, `lookup` with a default).
    pub masked: bool,
    /// Whether it is taken only where what stands before it in `try` or `coalesce` is not there.
    pub fallback: bool,
    /// What an expression around it makes other names of.
    pub remade: Option<Remade>,
}

/// Names that may be others in what an expression makes: `values(…)`, `reverse(…)[0]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remade {
    /// From which word of the binding on.
    pub from: usize,
    /// Whether those of the binding are told, as they are written there: what lies below them is not.
    pub told: bool,
}

/// An argument of a block, nested blocks' names before its own: `lifecycle.ignore_changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    /// The value's expression.
    pub span: Range<usize>,
    pub value: Value,
}

/// How the name of a write-only argument ends, and behind it that of the number by which Terraform knows that it is
/// another: `value_wo_version` of azurerm, `data_wo_revision` of kubernetes, `set_wo_revision` of helm.
pub const WRITE_ONLY: &str = "_wo";
pub const VERSIONS: [&str; 2] = ["_version", "_revision"];

/// What the version of a write-only argument may be called.
pub fn versions_of(write_only: &str) -> impl Iterator<Item = String> {
    VERSIONS.iter().map(move |version| format!("{write_only}{version}"))
}

/// A block that others may ask for: its words (`["resource", TYPE, NAME]`), and its arguments. The assignments of
/// a variables file are one without words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub words: Vec<String>,
    /// The words in the file.
    pub header: Range<usize>,
    pub arguments: Vec<Argument>,
}

impl Block {
    pub fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    pub fn argument_mut(&mut self, name: &str) -> Option<&mut Argument> {
        self.arguments.iter_mut().find(|argument| argument.name == name)
    }

    /// An argument, or a part of one, by its dotted name: a nested block of a JSON file is a map.
    pub fn value(&self, dotted: &str) -> Option<&Value> {
        if let Some(argument) = self.argument(dotted) {
            return Some(&argument.value);
        }
        let (head, tail) = dotted.split_once('.')?;
        tail.split('.').try_fold(&self.argument(head)?.value, |value, name| value.element(name))
    }

    /// What says when a write-only argument is written again: providers call it its version, or its revision.
    pub fn version_of(&self, write_only: &str) -> Option<&Argument> {
        versions_of(write_only).find_map(|version| self.argument(&version))
    }

    pub fn is(&self, words: &[&str]) -> bool {
        self.words.iter().map(String::as_str).eq(words.iter().copied())
    }
}

/// A value that is another name for an object: where it stands, and the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    pub binding: Binding,
    pub object: Object,
    /// Whether its elements stand in another order there, or among others: a number says nothing of what it picks.
    pub moved: bool,
    /// Whether they go by other names there than those that they have in the object.
    pub renamed: bool,
    /// Whether some are left out by a condition.
    pub filtered: bool,
}

/// A value that is one account or another, by a condition: where it stands, and the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrOther {
    pub binding: Binding,
    pub one: Object,
    pub other: Object,
}

/// The instance that a block is repeated for.
pub const OWN_INSTANCE: [&str; 2] = ["each.key", "count.index"];

/// Types of resources that hand back what they are given, and the attributes by which they do: the arguments' own names,
/// and what `terraform_data` calls its input once it is applied.
pub const HELD: [(&str, &[&str]); 4] = [
    ("azurerm_key_vault_secret", &["value"]),
    ("azurerm_iothub_endpoint_cosmosdb_account", &["primary_key", "secondary_key"]),
    ("terraform_data", &["input", "output"]),
    ("null_resource", &["triggers"]),
];

/// What is read of a resource that is given values: one of those, or an instance of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The type of the resource, and its name; `data.` and the type where the secret is looked up.
    pub kind: String,
    pub name: String,
    pub attribute: String,
    /// Whether it picks an instance, other than the one that its own block is repeated for.
    pub picks: bool,
    /// The whole expression.
    pub span: Range<usize>,
    /// Where what is read goes.
    pub binding: Binding,
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
    pub blocks: Vec<Block>,
    pub aliases: Vec<Alias>,
    /// Accounts of which one or the other goes by a name of its own.
    pub either: Vec<OneOrOther>,
    pub reads: Vec<Read>,
    pub unread: Vec<Unread>,
    pub read_back: Vec<ReadBack>,
    /// How many choices were numbered.
    pub choices: u32,
    /// Those of them that go by a name.
    pub choosing: Vec<Choice>,
    /// Code that is written out of the file.
    pub generated: Vec<Generated>,
}

#[cfg(test)]
mod tests {
    use super::When;

    fn among(texts: &[&str]) -> When {
        When::among(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn conditions_of_one_value_come_together_as_their_values_say() {
        let all = [among(&["a"]), among(&["a", "b"]), among(&["c"]), among(&["a"]).denied()];
        let all: Vec<When> = all.iter().flat_map(|when| [when.clone(), when.denied()]).collect();
        for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
            for value in ["a", "b", "c", "d"] {
                let either = one.is(value) || other.is(value);
                assert_eq!(one.or(other).is(value), either, "{one:?} {other:?} {value}");
                assert_eq!(one.denied().is(value), !one.is(value), "{one:?} {value}");
                let both = one.is(value) && other.is(value);
                assert!(!(one.excludes(other) && both), "{one:?} {other:?} {value}");
            }
        }
        assert!(among(&["a"]).excludes(&among(&["b", "c"])));
        assert!(among(&["a"]).excludes(&among(&["a", "b"]).denied()));
        assert!(!When::Unknown.excludes(&When::Unknown) && When::Unknown.or(&among(&["a"])) == When::Unknown);
    }
}

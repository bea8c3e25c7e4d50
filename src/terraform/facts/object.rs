//! Objects: what a path starts at, and the steps from there.

use std::ops::Range;

use super::super::value::Value;

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

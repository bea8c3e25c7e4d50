//! What one file says, before any other file is known.
//!
//! Plain owned data: the syntax tree itself never leaves the thread that parsed it. All spans count bytes of
//! the file.

mod block;
mod choice;
mod object;
mod read;
mod when;

use std::ops::Range;

pub use self::block::{Argument, Block, VERSIONS, WRITE_ONLY, versions_of};
pub use self::choice::{Asked, Branch, Choice, Takes};
pub use self::object::{
    AZAPI_ACTION, AZAPI_RESOURCE, Base, DEPLOYMENT, DEPLOYMENTS, EXTERNAL, Object, REMOTE_STATE, Step,
    StepKind, SymbolKind, TFE_OUTPUTS, Token, UPSTREAM,
};
pub use self::read::{Read, Remade};
pub use self::when::When;
use super::generated::Generated;

/// Where in its file's structure a value stands: `["locals", "secrets", "CosmosDb-ApiKey"]`.
pub type Binding = Vec<String>;

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

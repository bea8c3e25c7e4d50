//! A Terraform plan, as `terraform show -json PLANFILE` prints it: what it would change, by name.
//!
//! Such a text holds every secret of the state in clear. So values are compared where they stand in the caller's
//! text and never copied: what leaves this module is addresses, actions and the names of attributes. The parser's
//! own messages quote values, so they do not leave either; [`PlanError`] has only places.

mod difference;
mod error;
mod read;
#[cfg(test)]
mod tests;

pub use error::PlanError;
pub use read::read_plan;

/// The resource type of a Key Vault secret.
pub const KEY_VAULT_SECRET: &str = "azurerm_key_vault_secret";

/// What a plan says. Lists are in the plan's own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The program that made it, where it says so.
    pub terraform_version: Option<String>,
    /// Everything that it would do something to; objects that stay as they are, are left out.
    pub changes: Vec<ResourceChange>,
    /// Key Vault secrets of the plan's root that it leaves as they are.
    pub kept: Vec<ResourceChange>,
    pub outputs: Vec<OutputChange>,
    /// What changed outside of Terraform since the last run.
    pub drift: Vec<ResourceChange>,
    /// What it puts off to a later plan, with Terraform's word for why.
    pub deferred: Vec<(ResourceChange, String)>,
    /// Provider actions that it would invoke, by address.
    pub invocations: Vec<String>,
    /// Whether planning ended in an error. Absent from plans of old programs, as the next two.
    pub errored: Option<bool>,
    /// Whether it brings everything to where the code wants it.
    pub complete: Option<bool>,
    /// Whether it can be applied, and applying would do something.
    pub applyable: Option<bool>,
}

/// What would happen to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// As Terraform writes it: `module.stamp["eastus2"].azurerm_key_vault_secret.stamp["CosmosDb-ApiKey"]`.
    pub address: String,
    /// The resource type.
    pub kind: String,
    /// The resource's name in the code.
    pub name: String,
    /// The key of `for_each` or the number of `count`.
    pub index: Option<String>,
    /// Whether it is a data source, which is read and never changed.
    pub data: bool,
    /// In the plan's words and order; more than one for a replacement.
    pub actions: Vec<String>,
    /// The address that the state knows it by, where that is another.
    pub moved_from: Option<String>,
    /// Whether it would be taken into the state.
    pub imported: bool,
    /// Whether this is a left-over of an earlier replacement.
    pub deposed: bool,
    /// What differs; empty for an object that comes or goes whole.
    pub attributes: Vec<Attribute>,
    /// The secret's name, where it is a [`KEY_VAULT_SECRET`] and has one.
    pub secret: Option<String>,
}

/// An attribute that would change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// `tags`, or the path to what differs inside: `site_config[0].app_settings.COSMOS_KEY`.
    pub path: String,
    /// Whether the plan knows what it will be.
    pub known: bool,
}

/// What would happen to one output of the root module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChange {
    pub name: String,
    pub actions: Vec<String>,
    /// Sensitive both before and after.
    pub sensitive: bool,
}

impl ResourceChange {
    /// Whether the plan changes it where it is.
    pub fn is_update(&self) -> bool {
        self.actions == ["update"]
    }

    /// Whether the object would be gone afterwards, for good or for a moment.
    pub fn is_removal(&self) -> bool {
        self.actions.iter().any(|action| action == "delete" || action == "forget")
    }
}

impl Attribute {
    /// The attribute itself, without the path inside.
    pub fn top(&self) -> &str {
        self.path.split(['.', '[']).next().unwrap_or_default()
    }
}

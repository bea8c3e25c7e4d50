//! What `self` stands for: the block that it is written in, where that is an account or hands its keys out.
//!
//! Terraform knows the word in provisioners, connections and conditions. In blocks of all other types it is nothing here.

use super::attribute::COSMOSDB_ACCOUNT;
use super::facts::{AZAPI_ACTION, Base, DEPLOYMENTS, EXTERNAL, Object, REMOTE_STATE, SymbolKind};

/// The word.
pub const SELF: &str = "self";

/// What the word stands for in a block of these words.
pub fn itself(block: &[String]) -> Option<Object> {
    let [word, kind, name] = block else { return None };
    let name = name.clone();
    let base = match (word.as_str(), kind.as_str()) {
        ("resource", COSMOSDB_ACCOUNT) => Base::Account(SymbolKind::Managed, name),
        ("data", COSMOSDB_ACCOUNT) => Base::Account(SymbolKind::Data, name),
        ("resource", AZAPI_ACTION) => Base::Action(SymbolKind::ManagedAction, name),
        ("data", AZAPI_ACTION) => Base::Action(SymbolKind::DataAction, name),
        ("ephemeral", AZAPI_ACTION) => Base::Action(SymbolKind::EphemeralAction, name),
        ("data", EXTERNAL) => Base::Action(SymbolKind::DataAction, format!("{EXTERNAL}.{name}")),
        ("data", REMOTE_STATE) => Base::RemoteState(name),
        ("resource", kind) if DEPLOYMENTS.contains(&kind) => Base::Deployment(kind.to_owned(), name),
        _ => return None,
    };
    Some(Object { base, steps: Vec::new() })
}

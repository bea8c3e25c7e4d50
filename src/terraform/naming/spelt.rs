//! Paths in words.

use super::super::facts::{Base, Object, StepKind, SymbolKind};

/// A path in words, the same for the same path.
pub fn spelt(object: &Object) -> String {
    let mut text = match &object.base {
        Base::Account(SymbolKind::Managed, name) => format!("azurerm_cosmosdb_account.{name}"),
        Base::Account(_, name) => format!("data.azurerm_cosmosdb_account.{name}"),
        Base::Module(name) => format!("module.{name}"),
        Base::Dependency(name) => format!("dependency.{name}.outputs"),
        Base::RemoteState(name) if name.contains('.') => format!("data.{name}.values"),
        Base::RemoteState(name) => format!("data.terraform_remote_state.{name}.outputs"),
        Base::Action(SymbolKind::ManagedAction, name) => format!("azapi_resource_action.{name}"),
        Base::Action(SymbolKind::EphemeralAction, name) => format!("ephemeral.azapi_resource_action.{name}"),
        Base::Action(SymbolKind::DataAction, name) if name.contains('.') => format!("data.{name}"),
        Base::Action(_, name) => format!("data.azapi_resource_action.{name}"),
        Base::Deployment(kind, name) => format!("{kind}.{name}"),
        Base::Local => "local".to_owned(),
        Base::Variable => "var".to_owned(),
        Base::Each(_) => "each.value".to_owned(),
    };
    let picked = usize::from(matches!(object.base, Base::Each(_)));
    for step in object.steps.iter().skip(picked) {
        match &step.kind {
            StepKind::Attribute(name) => text.push_str(&format!(".{name}")),
            StepKind::Key(name) => text.push_str(&format!("[{name:?}]")),
            StepKind::Number(number) => text.push_str(&format!("[{number}]")),
            StepKind::Any | StepKind::Element | StepKind::AttributeSplat => text.push_str("[*]"),
            StepKind::Computed(_) => text.push_str("[…]"),
        }
    }
    text
}

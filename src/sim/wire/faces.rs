//! Which hosts the world answers for, and with which faces.

use super::{Directory, HostPattern, SharedWorld, WireBuilder, arm, data_plane, vault};

/// Entra ID, Azure Resource Manager, the Cosmos DB data plane, Key Vault.
pub(super) fn azure(builder: WireBuilder, world: &SharedWorld, directory: &Directory) -> WireBuilder {
    let arm = arm::face(world, directory);
    builder
        .face(HostPattern::name("login.microsoftonline.com"), directory.face())
        .face(HostPattern::name("management.azure.com"), arm.clone())
        .face(HostPattern::below("management.azure.com"), arm)
        .face(HostPattern::below("documents.azure.com"), data_plane::face(world))
        .face(HostPattern::below("vault.azure.net"), vault::face(world, directory))
}

//! Which hosts the world answers for, and with which faces.

use std::sync::Arc;

use super::azure_devops::{self, DevOpsAccess};
use super::entra::DEVOPS;
use super::github::{self, GitHubAccess};
use super::{Directory, HostPattern, SharedWorld, Tickets, WireBuilder, arm, data_plane, vault};

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

/// GitHub and Azure DevOps. The organization is called as the repository's owner, the project as the repository.
pub(super) fn release(
    builder: WireBuilder,
    world: &SharedWorld,
    directory: &Directory,
    tickets: &Tickets,
) -> WireBuilder {
    let (owner, name) = world.with(|world| {
        let repository = &world.config().repository;
        (repository.owner.clone(), repository.name.clone())
    });
    let directory = directory.clone();
    let devops = DevOpsAccess::new(&owner, &name, tickets.azure_devops.clone(), Tickets::LOGIN)
        .bearer(Arc::new(move |headers| directory.admits(headers, DEVOPS)));
    builder
        .face(
            github::host(),
            github::router(world.clone(), GitHubAccess::new(tickets.github.clone(), Tickets::LOGIN)),
        )
        .face(azure_devops::host(), azure_devops::router(world.clone(), devops))
}

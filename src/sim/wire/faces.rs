//! Which hosts the world answers for, and with which faces.

use std::sync::Arc;

use super::aks::Servers;
use super::azure_devops::{self, DevOpsAccess};
use super::entra::{AKS_SERVER, DEVOPS};
use super::github::{self, GitHubAccess};
use super::kubernetes::{self, Access};
use super::{
    Directory, HostPattern, SharedWorld, Tickets, WireBuilder, WireError, arm, data_plane, log_analytics,
    vault,
};

/// Entra ID, Azure Resource Manager, the Cosmos DB data plane, Key Vault.
pub(super) fn azure(
    builder: WireBuilder,
    world: &SharedWorld,
    directory: &Directory,
    servers: &Servers,
) -> WireBuilder {
    let arm = arm::face(world, directory, servers);
    builder
        .face(HostPattern::name("login.microsoftonline.com"), directory.face())
        .face(HostPattern::name("management.azure.com"), arm.clone())
        .face(HostPattern::below("management.azure.com"), arm)
        .face(HostPattern::name("api.loganalytics.io"), log_analytics::face(world, directory))
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
    let access = GitHubAccess::new(tickets.github.clone(), Tickets::LOGIN)
        .and_reader(tickets.github_reader.clone(), "reader")
        .and_stranger(tickets.github_stranger.clone(), "stranger")
        .app(github::App::of_the_world());
    let github::Routers { api, web } = github::routers(world.clone(), access);
    builder
        .face(github::host(), api)
        .face(github::web_host(), web)
        .face(github::actions::logs_host(), github::actions::logs_router(world.clone()))
        .face(azure_devops::host(), azure_devops::router(world.clone(), devops))
}

/// One API server a stamp, on a listener of the stamp's name. A stamp that is destroyed later stops answering.
///
/// # Errors
/// When no port is free.
pub(super) fn clusters(
    builder: WireBuilder,
    world: &SharedWorld,
    directory: &Directory,
    tickets: &Tickets,
) -> Result<WireBuilder, WireError> {
    let stamps: Vec<_> = world.with(|world| world.stamps().map(|stamp| stamp.name.clone()).collect());
    stamps.into_iter().try_fold(builder, |builder, stamp| {
        let directory = directory.clone();
        let entra: kubernetes::Admits = Arc::new(move |headers| directory.admits(headers, AKS_SERVER));
        let name = stamp.as_str().to_owned();
        let access = Access { stamp, token: tickets.kubernetes.clone(), entra: Some(entra) };
        let router = kubernetes::face(world, access);
        builder.listener(&name, |_| router)
    })
}

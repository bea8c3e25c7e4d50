//! All ports of one environment.

use std::path::Path;
use std::sync::Arc;

use super::Variables;
use super::azure::{account, arm, inventory, logs, vaults};
use super::code::{code, github};
use super::pipelines::{self, Organizations, Repository};
use crate::adapters::http::{Http, Turns};
use crate::adapters::key_vault::CurrentKeys;
use crate::adapters::kubernetes::{AksAccess, ClusterPlace, KubeconfigPlace, Kubernetes, StampCluster};
use crate::cli::settings::{Chosen, StampSettings};
use crate::cli::{CliError, azure, files, tokens};
use crate::model::Propagation;
use crate::ports::{Clock, Ports};

pub(super) async fn ports(
    chosen: &Chosen<'_>,
    http: &Http,
    clock: &Arc<dyn Clock>,
    variables: Variables<'_>,
) -> Result<Ports, CliError> {
    let environment = chosen.environment;
    files::enough_for(environment.stamps.len())?;
    let access = arm(chosen, http, clock, variables)?;
    let clusters = environment
        .stamps
        .iter()
        .map(|stamp| {
            let cluster = StampCluster {
                place: cluster_place(chosen, stamp),
                vault: Some(stamp.key_vault.clone()),
                namespaces: stamp.namespaces.clone(),
            };
            (stamp.stamp_name(), cluster)
        })
        .collect();
    let accounts = Arc::new(account(chosen, &access)?);
    let vaults = vaults(chosen, &access)?;
    let forge = tokens::forge(chosen, http, clock, variables)?;
    let github = github(chosen, http, clock, &forge)?;
    let code = code(chosen, &github, &forge, variables).await?;
    let organizations = Organizations::default();
    let repository = Repository {
        code: &code,
        github: &github,
        token: &forge,
        http,
        clock,
        azure: &access.tokens,
        organizations: &organizations,
        variables,
    };
    let pipeline = pipelines::pipeline(chosen, repository)?;
    let validation = pipelines::validation(chosen, repository)?;
    // All clusters and vaults of the fleet together.
    let turns = Turns::default();
    let vaults = vaults.taking(turns.clone());
    Ok(Ports {
        code,
        forge: Arc::new(github),
        pipeline,
        validation,
        clusters: Arc::new(
            Kubernetes::new(chosen.secret()?, clusters, chosen.http()?, Arc::clone(clock))
                .taking(turns)
                .restarting(environment.workloads.names())
                .named(azure::clusters(environment))
                .asking(AksAccess { access: access.clone(), endpoint: chosen.endpoints.arm.url()? }),
        ),
        vaults: Arc::new(match environment.release.propagate {
            Propagation::Pipeline => vaults,
            Propagation::Write => vaults.writing(Arc::clone(&accounts) as Arc<dyn CurrentKeys>),
        }),
        inventory: inventory(chosen, &access)?,
        logs: logs(chosen, &access)?,
        accounts,
        clock: Arc::clone(clock),
    })
}

fn cluster_place(chosen: &Chosen<'_>, stamp: &StampSettings) -> ClusterPlace {
    let account = &chosen.environment.account;
    match (&stamp.kubeconfig, azure::cluster(account, stamp)) {
        (None, Some(cluster)) => ClusterPlace::Aks(cluster),
        // Settings that were read have at least one of the two; a kubeconfig goes first.
        (path, _) => ClusterPlace::Kubeconfig(KubeconfigPlace {
            path: chosen.path(path.as_deref().unwrap_or(Path::new("kubeconfig"))),
            context: stamp.context.clone(),
        }),
    }
}

//! The Cosmos DB account: Azure Resource Manager for what it is, the data plane for whether a key works.
//!
//! Keys are read for as long as one question takes, compared and signed with here, and wiped; what leaves are
//! fingerprints and verdicts. Reads are repeated with patience, a regeneration never.

mod account;
mod data_plane;
mod management;
mod operation;
mod proof;
mod rights;
mod signature;
mod term;
mod verdict;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use url::Url;

pub use proof::ProbeTarget;

use self::account::{AccountBody, Keys};
use self::data_plane::DataPlane;
use self::management::{Management, is_unknown_version};
use super::arm::{ArmAccess, ArmFailure};
use super::http::Backoff;
use super::key_vault::CurrentKeys;
use crate::model::{
    AccountId, AccountRights, AccountView, Blindness, KeyKind, KeyMaterial, KeyProof, Operation,
    OperationState, Region, Salt,
};
use crate::ports::{Accounts, Effect, Fault, Permit};

/// Azure Resource Manager of the public cloud.
pub const PUBLIC_ENDPOINT: &str = "https://management.azure.com";

/// Which account, and how it is asked.
#[derive(Clone, Debug)]
pub struct CosmosSettings {
    pub account: AccountId,
    /// Base URL of Azure Resource Manager.
    pub endpoint: Url,
    /// Hosts of which, and below which, operations may be followed, as `management.azure.com`.
    pub operation_suffixes: Vec<String>,
    /// Whether to ask with the preview api-version, which alone tells when keys were last used. A service that
    /// does not know it is asked with the stable one from then on.
    pub ask_last_use: bool,
    /// The container to probe; otherwise one is looked for with the key.
    pub probe: Option<ProbeTarget>,
}

/// One account of the real service (or of one that speaks like it).
pub struct Cosmos {
    management: Management,
    plane: DataPlane,
    settings: CosmosSettings,
    preview_unknown: AtomicBool,
    /// The container that the last proof found, as long as proofs hold with it.
    found: Mutex<Option<ProbeTarget>>,
    backoff: Backoff,
}

impl Cosmos {
    pub fn new(access: ArmAccess, settings: CosmosSettings) -> Cosmos {
        let plane = DataPlane::new(access.http.clone(), Arc::clone(&access.clock));
        let (endpoint, account) = (settings.endpoint.clone(), settings.account.clone());
        let management = Management { access, endpoint, account };
        let (preview_unknown, found) = (AtomicBool::new(false), Mutex::new(None));
        Cosmos { management, plane, settings, preview_unknown, found, backoff: Backoff::default() }
    }

    async fn target(&self, regions: &[Region], key: &KeyMaterial) -> Result<ProbeTarget, proof::NoTarget> {
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.settings.probe.clone().or(known) {
            Some(target) => Ok(target),
            None => proof::discover(&self.plane, regions, key).await,
        }
    }

    fn name(&self) -> &str {
        &self.settings.account.name
    }

    async fn account(&self) -> Result<(AccountBody, bool), Fault> {
        let clock = self.management.access.clock.as_ref();
        self.backoff
            .read(clock, || async {
                self.account_once()
                    .await
                    .map_err(|failure| failure.read_error("read the account", self.name()))
            })
            .await
    }

    /// With whether the version that answered tells when keys were last used.
    async fn account_once(&self) -> Result<(AccountBody, bool), ArmFailure> {
        if self.settings.ask_last_use && !self.preview_unknown.load(Ordering::Relaxed) {
            match self.management.get_preview().await {
                Err(failure) if is_unknown_version(&failure) => {
                    self.preview_unknown.store(true, Ordering::Relaxed);
                }
                answered => return answered.map(|body| (body, true)),
            }
        }
        self.management.get_stable().await.map(|body| (body, false))
    }

    async fn keys(&self) -> Result<Keys, Fault> {
        let clock = self.management.access.clock.as_ref();
        self.backoff
            .read(clock, || async {
                let keys = self.management.list_keys().await;
                keys.map_err(|failure| failure.read_error("list the keys", self.name()))
            })
            .await
    }
}

#[async_trait]
impl CurrentKeys for Cosmos {
    async fn current(&self, kind: KeyKind) -> Result<KeyMaterial, Fault> {
        let keys = self.keys().await?;
        keys.get(kind).cloned().ok_or_else(|| {
            let why = format!("the service lists no {kind} key");
            Fault::new(Blindness::Unintelligible, "read a key", self.name(), why)
        })
    }
}

#[async_trait]
impl Accounts for Cosmos {
    async fn look(&self, salt: &Salt) -> Result<AccountView, Fault> {
        let (body, tells_last_use) = self.account().await?;
        let mut view = body.view(tells_last_use);
        match self.keys().await {
            Ok(keys) => keys.mark(&mut view, salt),
            // Who may read the account but not its keys still sees it, without fingerprints.
            Err(fault) if fault.kind == Blindness::Forbidden => view.keys_hidden = Some(fault.blind()),
            Err(fault) => return Err(fault),
        }
        Ok(view)
    }

    async fn prove(&self, kind: KeyKind, regions: &[Region], salt: &Salt) -> Result<KeyProof, Fault> {
        let keys = self.keys().await?;
        let Some(key) = keys.get(kind) else {
            let why = format!("the service lists no {kind} key");
            return Err(Fault::new(Blindness::Unintelligible, "prove a key", self.name(), why));
        };
        let target = self.target(regions, key).await;
        let mut regions = proof::prove(&self.plane, regions, key, kind.access, &target).await;
        if target.is_ok() && self.settings.probe.is_none() {
            // A container that was found and is gone by now: the next proof looks for another one.
            regions.values_mut().for_each(proof::look_again);
        }
        let proof = KeyProof { fingerprint: Some(key.fingerprint(salt)), regions };
        let found = target.ok().filter(|_| proof.holds());
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(proof)
    }

    async fn regenerate(
        &self,
        kind: KeyKind,
        request_id: &str,
        permit: &Permit,
    ) -> Effect<Option<Operation>> {
        self.management.regenerate(kind, request_id, permit).await
    }

    async fn rights(&self) -> Result<AccountRights, Fault> {
        self.management.rights().await
    }

    async fn poll(&self, operation: &Operation) -> Result<OperationState, Fault> {
        let what = "follow the operation";
        let url = Url::parse(&operation.url).ok().filter(|url| {
            operation::may_follow(url, &self.settings.endpoint, &self.settings.operation_suffixes)
        });
        let Some(url) = url else {
            let why = "its address lies outside Azure Resource Manager, and a token would go there";
            let fault = Fault::new(Blindness::Forbidden, what, self.name(), why);
            return Err(fault.remedy("judge the regeneration by the key's generation time"));
        };
        let access = &self.management.access;
        self.backoff
            .read(access.clock.as_ref(), || async {
                let request = reqwest::Request::new(reqwest::Method::GET, url.clone());
                match access.send(request, None).await {
                    Ok(answer) => Ok(operation::state(&answer)),
                    Err(failure) => Err(failure.read_error(what, self.name())),
                }
            })
            .await
    }
}

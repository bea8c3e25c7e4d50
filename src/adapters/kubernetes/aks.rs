//! A cluster of Azure Kubernetes Service: what Azure says of its state and its CSI driver, and its kubeconfig.
//!
//! The kubeconfig never touches a disk. Azure is asked for the form that names `kubelogin` as plugin; the plugin is
//! not run: a token for the cluster's server application comes from the credential that everything else uses, and is
//! renewed by it. What the server answers is what decides: a stopped cluster and one that is gone are told by Azure,
//! never guessed from silence.

mod body;

use http::StatusCode;
use reqwest::Method;
use serde::{Deserialize, Deserializer};
use url::Url;
use zeroize::Zeroizing;

use self::body::{ManagedCluster, parse, rotates, said, state};
use super::super::arm::{ArmAccess, ArmError, ArmFailure};
use super::super::arm_pages::Asking;
use super::super::http::{Answer, Backoff, ReadError};
use super::synced::base64;
use crate::model::{Blindness, ClusterState};
use crate::ports::Fault;

const VERSION: &str = "2024-09-01";

/// The add-on that brings the Secrets Store CSI driver. Azure takes its name in any case.
const DRIVER: &str = "azureKeyvaultSecretsProvider";

/// Of that add-on's settings: whether mounts and Secrets follow the vault.
const ROTATION: &str = "enableSecretRotation";

/// A cluster's place in Azure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AksCluster {
    pub subscription: String,
    /// Whether somebody said so. In one that is guessed Azure finds nothing, although there is a cluster.
    pub is_told: bool,
    pub resource_group: String,
    pub name: String,
    /// Whether the administrator's kubeconfig is wanted, which Entra's roles do not bind.
    pub admin: bool,
}

impl AksCluster {
    /// Where nobody says in which subscription it lies, it may lie in another one.
    fn not_found(&self, what: &str, subject: &str) -> Fault {
        let AksCluster { subscription, resource_group, name, .. } = self;
        let why = format!(
            "there is no cluster {name} in {resource_group} of the account's subscription {subscription}, and \
             keyslot.toml does not say which subscription it is in"
        );
        Fault::new(Blindness::Missing, what, subject, why).remedy(
            "write `subscription` beside `resource_group` in the stamp's `aks`: there, Azure's word that it is gone counts",
        )
    }

    fn path(&self) -> String {
        format!(
            "subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerService/managedClusters/{}",
            self.subscription, self.resource_group, self.name
        )
    }
}

/// What Azure says of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AksStanding {
    pub state: ClusterState,
    /// Whether its add-on for the CSI driver has rotation on. `None` where it has no such add-on (a driver may have been
    /// installed otherwise), or the add-on does not say.
    pub rotates: Option<bool>,
    /// Whether it adds nodes to one of its pools where room is short.
    pub grows: bool,
    /// In its own words, where not all is well: what a silent API server may be silent for.
    pub said: Option<Said>,
}

/// What Azure says of a cluster that may not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub why: String,
    /// Empty where there is nothing but waiting.
    pub remedy: &'static str,
}

impl AksStanding {
    /// The same fault with Azure's word, where nobody answers.
    pub(super) fn beside(&self, fault: Fault) -> Fault {
        match &self.said {
            Some(Said { why, remedy }) if fault.kind == Blindness::Unreachable => {
                let why = format!("{}, and Azure says that {why}", fault.why);
                Fault { why, remedy: (*remedy).to_owned(), ..fault }
            }
            Some(_) | None => fault,
        }
    }
}

/// Azure Resource Manager, as far as clusters go.
#[derive(Clone)]
pub struct AksAccess {
    pub access: ArmAccess,
    /// As `https://management.azure.com`.
    pub endpoint: Url,
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    kubeconfigs: Vec<Credential>,
}

#[derive(Deserialize)]
struct Credential {
    #[serde(deserialize_with = "wiped")]
    value: Zeroizing<String>,
}

fn wiped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

impl AksAccess {
    /// Whether the cluster is there and runs, and whether its CSI driver rotates.
    pub async fn standing(&self, cluster: &AksCluster, subject: &str) -> Result<AksStanding, Fault> {
        let what = "ask Azure for the cluster";
        let asking = Asking { access: &self.access, what, subject };
        // A role that ends at another resource group gives 403: 404 is Azure's word that there is none.
        match asking.if_there(&self.address(&cluster.path(), "", what, subject)?).await? {
            Some(answer) => {
                let properties = parse::<ManagedCluster>(&answer, what, subject)?.properties;
                let (rotates, said) = (rotates(&properties), said(&properties));
                let mut pools = properties.agent_pool_profiles.iter().flatten();
                let grows = pools.any(|pool| pool.enable_auto_scaling == Some(true));
                Ok(AksStanding { rotates, grows, said, state: state(properties) })
            }
            None if cluster.is_told => {
                Ok(AksStanding { state: ClusterState::Gone, ..AksStanding::default() })
            }
            None => Err(cluster.not_found(what, subject)),
        }
    }

    fn address(&self, path: &str, query: &str, what: &str, subject: &str) -> Result<Url, Fault> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        let address = format!("{base}/{path}?api-version={VERSION}{query}");
        address.parse().map_err(|error| {
            Fault::new(Blindness::Unintelligible, what, subject, format!("{address} is no address: {error}"))
        })
    }

    /// The kubeconfig's text.
    pub async fn kubeconfig(&self, cluster: &AksCluster, subject: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let what = "get the cluster's kubeconfig from Azure";
        let (list, form) = match cluster.admin {
            true => ("listClusterAdminCredential", ""),
            false => ("listClusterUserCredential", "&format=exec"),
        };
        let path = format!("{}/{list}", cluster.path());
        let answer = self.post(cluster, &path, form, (what, subject)).await?;
        let credentials: Credentials = parse(&answer, what, subject)?;
        let text = credentials.kubeconfigs.first().and_then(|credential| base64(&credential.value));
        text.ok_or_else(|| {
            Fault::new(Blindness::Unintelligible, what, subject, "the answer holds no kubeconfig")
        })
    }

    /// The list of credentials is a read, though it is asked for with POST.
    async fn post(
        &self,
        cluster: &AksCluster,
        path: &str,
        query: &str,
        (what, subject): (&str, &str),
    ) -> Result<Answer, Fault> {
        let url = self.address(path, query, what, subject)?;
        let once = || async {
            let mut request = reqwest::Request::new(Method::POST, url.clone());
            request.headers_mut().insert(http::header::CONTENT_LENGTH, http::HeaderValue::from_static("0"));
            self.access.send(request, None).await.map_err(|failure: ArmFailure| {
                let own = match &failure {
                    ArmFailure::Answer(error) => remedy(error, cluster.admin),
                    ArmFailure::Token(_) | ArmFailure::Send(_) | ArmFailure::Sdk(_) => None,
                };
                match (failure.read_error(what, subject), own) {
                    (ReadError::Final(fault), Some(own)) => ReadError::Final(fault.remedy(own)),
                    (other, _) => other,
                }
            })
        };
        Backoff::default().read(self.access.clock.as_ref(), once).await
    }
}

/// What helps where a kubeconfig is refused. Locks, policies and deny assignments have remedies of their own.
fn remedy(error: &ArmError, admin: bool) -> Option<&'static str> {
    match (error.status, admin) {
        (StatusCode::FORBIDDEN, false) if error.says("AuthorizationFailed") => {
            Some("assign “Azure Kubernetes Service Cluster User Role” on the cluster")
        }
        (StatusCode::FORBIDDEN, true) if error.says("AuthorizationFailed") => Some(
            "assign “Azure Kubernetes Service Cluster Admin Role” on the cluster, or leave out `admin = true` in the \
             stamp's `aks`",
        ),
        (StatusCode::BAD_REQUEST, true) => Some(
            "a cluster without local accounts has no administrator's kubeconfig: leave out `admin = true` in the stamp's \
             `aks`",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_missing_role_is_told_to_be_assigned() {
        let told = |status: u16, code: &str, admin| {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
            let status = StatusCode::from_u16(status).unwrap();
            let body = Zeroizing::new(body.into_bytes());
            let error = ArmError::of(&Answer { status, headers: http::HeaderMap::new(), body });
            remedy(&error, admin).unwrap_or_default()
        };
        assert!(told(403, "AuthorizationFailed", false).contains("Cluster User Role"));
        assert!(told(403, "AuthorizationFailed", true).contains("Cluster Admin Role"));
        assert!(told(400, "BadRequest", true).contains("leave out `admin = true`"));
        for (status, code) in [
            (409, "ScopeLocked"),
            (401, "ExpiredAuthenticationToken"),
            (403, "DenyAssignmentAuthorizationFailed"),
            (403, "RequestDisallowedByPolicy"),
            (404, "ResourceNotFound"),
            (400, "BadRequest"),
        ] {
            assert_eq!(told(status, code, false), "", "{code}");
        }
    }

    #[test]
    fn a_server_that_is_silent_is_explained_by_azures_word() {
        let told = |provisioning: &str, power: &str| {
            let properties = json!({"provisioningState": provisioning, "powerState": {"code": power}});
            let properties = serde_json::from_value::<ManagedCluster>(json!({"properties": properties}))
                .unwrap()
                .properties;
            let standing = AksStanding { said: said(&properties), ..AksStanding::default() };
            standing.beside(Fault::new(Blindness::Unreachable, "look", "x", "no connection")).to_string()
        };
        assert!(told("Deleting", "Running").contains("Azure says that the cluster is Deleting"));
        assert!(told("Starting", "Stopped").contains("Azure says that the cluster is Starting"));
        let failed = told("Failed", "Stopped");
        assert!(failed.contains("ended as Failed") && failed.contains("az aks stop"), "{failed}");
        assert!(!told("Succeeded", "Running").contains("Azure"));
    }
}

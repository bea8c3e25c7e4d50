//! Whether all clusters and vaults of a subscription may be seen.
//!
//! The graph leaves out without a word what the caller may not read, and shows the rest. Azure Resource Manager does not:
//! the list of one kind in a whole subscription is refused to whoever may read that kind in some of its resource groups
//! only. So each list is asked for once, and nothing is taken from it but that it was given. Where the kind's provider is
//! not registered in the subscription there is none of that kind: Azure makes none before, and lets nobody undo it while
//! there is one.

use reqwest::{Method, Request, StatusCode};
use url::Url;

use super::super::arm::{ArmAccess, ArmError, ArmFailure};
use super::super::http::{Backoff, ReadError};
use crate::model::Blindness;
use crate::ports::Fault;

/// The lists, by what is in them; one page's first entry is enough where there are pages.
const LISTS: [(&str, &str); 2] = [
    ("Key Vaults", "Microsoft.KeyVault/vaults?api-version=2023-07-01&$top=1"),
    ("clusters", "Microsoft.ContainerService/managedClusters?api-version=2024-09-01"),
];

const WHAT: &str = "ask Azure whether all stamps may be seen";

/// Two requests.
///
/// # Errors
/// The right that is missing, or what keeps Azure from telling.
pub(super) async fn is_whole(access: &ArmAccess, endpoint: &Url, subscription: &str) -> Result<(), Fault> {
    for (of, list) in LISTS {
        let base = endpoint.as_str().trim_end_matches('/');
        let address = format!("{base}/subscriptions/{subscription}/providers/{list}");
        let url: Url = address.parse().map_err(|error| {
            let why = format!("{address} is no address: {error}");
            Fault::new(Blindness::Unintelligible, WHAT, subscription, why)
        })?;
        let once = || async {
            match access.send(Request::new(Method::GET, url.clone()), None).await {
                Ok(_) => Ok(()),
                Err(ArmFailure::Answer(error)) if error.is_of_unregistered_provider() => Ok(()),
                Err(ArmFailure::Answer(error)) if is_of_role(&error) => {
                    Err(ReadError::Final(in_part(&error, of, subscription)))
                }
                Err(failure) => Err(failure.read_error(WHAT, subscription)),
            }
        };
        Backoff::default().read(access.clock.as_ref(), once).await?;
    }
    Ok(())
}

/// Locks, policies and deny assignments have remedies of their own.
fn is_of_role(error: &ArmError) -> bool {
    error.status == StatusCode::FORBIDDEN && error.says("AuthorizationFailed")
}

fn in_part(error: &ArmError, of: &str, subscription: &str) -> Fault {
    let why = format!(
        "the {of} of the whole subscription {subscription} may not be listed, and those that may not be seen are left out of \
         what Azure shows ({error})"
    );
    Fault::new(Blindness::Forbidden, WHAT, subscription, why).remedy(format!(
        "assign “Reader” on the subscription {subscription}, not only on resource groups in it"
    ))
}

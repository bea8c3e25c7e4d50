//! How one run of git reaches the remote: its address, and for an https one the token, the CA and the host's address.
//!
//! Everything travels in the environment of that run: nothing on a command line, in an address or in a file. The token
//! is handed out by a helper of one line that git asks when the server wants to know who it is; the helper answers for
//! the remote's own host alone, so a redirection to another host takes no token along. The person's own helpers are left
//! out of such a run: git would have them forget what they keep when a token of ours is refused.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::remote::NAME;
use crate::adapters::token::TokenSource;
use crate::model::Blindness;
use crate::ports::Fault;

/// The variable in which the helper finds the token.
const TOKEN: &str = "KEYSLOT_GIT_TOKEN";

/// The user's name is free for tokens of GitHub and Azure DevOps alike; this is the one that GitHub documents for those
/// of an installation.
const USER: &str = "x-access-token";

/// Says the token when it is asked for one; what git wants kept or forgotten is none of its business.
const HELPER: &str = "!f() { test \"$1\" = get || exit 0; echo username=x-access-token; \
                      echo \"password=$KEYSLOT_GIT_TOKEN\"; }; f";

/// What is known of the way to a remote.
pub(super) struct Way {
    pub(super) remote: String,
    pub(super) token: Option<Arc<dyn TokenSource>>,
    /// Where the token's places have none, git looks for itself.
    pub(super) or_gits_own: bool,
    /// A file of CA certificates, instead of git's.
    pub(super) trust_root: Option<PathBuf>,
    /// Where the host is, instead of where DNS says.
    pub(super) host_at: Option<SocketAddr>,
}

/// What one run is given.
#[derive(Default)]
pub(super) struct Reach {
    pub(super) settings: Vec<(String, String)>,
    pub(super) environment: BTreeMap<String, String>,
    token: Option<(SecretString, String)>,
}

impl Way {
    pub(super) fn address(&self) -> &str {
        &self.remote
    }

    /// Settings and variables for one run.
    pub(super) async fn reach(&self, what: &str) -> Result<Reach, Fault> {
        if self.remote.trim().is_empty() {
            return Err(Fault::new(Blindness::Missing, what, "the repository", "no remote is configured")
                .remedy(
                    "name the remote's address in the configuration, or add a remote to your repository",
                ));
        }
        let mut reach = Reach::default();
        let https = Url::parse(&self.remote).ok().filter(|address| address.scheme() == "https");
        let Some(address) = https else {
            reach.set(format!("remote.{NAME}.url"), &self.remote);
            return Ok(reach);
        };
        let address = self.placed(address, &mut reach);
        reach.set(format!("remote.{NAME}.url"), address.as_str());
        if let Some(path) = &self.trust_root {
            reach.environment.insert("GIT_SSL_CAINFO".to_owned(), path.display().to_string());
        }
        if let Some(source) = &self.token {
            self.sign_in(source.as_ref(), &address, &mut reach).await?;
        }
        Ok(reach)
    }

    /// The address with the port that its host has there. No proxy stands before a host that is placed by hand.
    fn placed(&self, mut address: Url, reach: &mut Reach) -> Url {
        let (Some(at), Some(host)) = (self.host_at, address.host_str().map(str::to_owned)) else {
            return address;
        };
        if address.set_port(Some(at.port())).is_ok() {
            reach.set("http.curloptResolve".to_owned(), &format!("{host}:{}:{}", at.port(), at.ip()));
            reach.set("http.proxy".to_owned(), "");
        }
        address
    }

    async fn sign_in(&self, source: &dyn TokenSource, address: &Url, reach: &mut Reach) -> Result<(), Fault> {
        let token = match source.token().await {
            Ok(token) => token,
            Err(_) if self.or_gits_own => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let Some(host) = address.host_str() else { return Ok(()) };
        let port = address.port().map(|port| format!(":{port}")).unwrap_or_default();
        reach.set("credential.helper".to_owned(), "");
        reach.set(format!("credential.https://{host}{port}.helper"), HELPER);
        // Known since git 2.46: it does not first ask without the token. Older ones do, and are asked who they are.
        reach.set(format!("http.https://{host}{port}/.proactiveAuth"), "basic");
        reach.environment.insert(TOKEN.to_owned(), token.expose_secret().to_owned());
        reach.token = Some((token, source.place()));
        Ok(())
    }
}

impl Reach {
    fn set(&mut self, key: String, value: &str) {
        self.settings.push((key, value.to_owned()));
    }

    /// Where the token comes from, if there is one.
    pub(super) fn place(&self) -> Option<&str> {
        self.token.as_ref().map(|(_, place)| place.as_str())
    }

    /// What a server or a program may have repeated, without the token in any form that is sent.
    pub(super) fn censored(&self, text: &str) -> String {
        let Some((token, _)) = &self.token else { return text.to_owned() };
        let plain = token.expose_secret();
        let sent = STANDARD.encode(format!("{USER}:{plain}"));
        text.replace(plain, "[token]").replace(&sent, "[token]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::token::FixedToken;

    fn way(remote: &str) -> Way {
        Way {
            remote: remote.to_owned(),
            token: Some(Arc::new(FixedToken::new("CANARY".to_owned()).from("the drawer"))),
            or_gits_own: false,
            trust_root: None,
            host_at: None,
        }
    }

    #[tokio::test]
    async fn what_a_server_repeats_of_the_token_is_not_passed_on_in_any_form() {
        let reach = way("https://git.example/a.git").reach("fetch").await.unwrap();
        let sent = STANDARD.encode("x-access-token:CANARY");
        let said = reach.censored(&format!("remote: no CANARY, no Basic {sent}"));
        assert_eq!(said, "remote: no [token], no Basic [token]");
        assert_eq!(reach.place(), Some("the drawer"));
    }

    #[tokio::test]
    async fn a_host_that_is_placed_by_hand_is_found_there_with_its_port_and_without_a_proxy() {
        let placed =
            Way { host_at: Some("127.0.0.1:8443".parse().unwrap()), ..way("https://git.example/a.git") };
        let reach = placed.reach("fetch").await.unwrap();
        let value = |key: &str| {
            let found = reach.settings.iter().find(|(known, _)| known == key);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(value("remote.keyslot.url"), Some("https://git.example:8443/a.git"));
        assert_eq!(value("http.curloptResolve"), Some("git.example:8443:127.0.0.1"));
        assert_eq!(value("http.proxy"), Some(""));
        assert_eq!(value("credential.https://git.example:8443.helper"), Some(HELPER));
        assert_eq!(value("credential.helper"), Some(""), "the person's own are left out");
        assert!(reach.settings.iter().all(|(_, value)| !value.contains("CANARY")));
    }
}

//! Which face answers for which host.

use axum::Router;

/// The names that a face answers for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    /// One name.
    Name(String),
    /// Every name one label below a domain: `vault.azure.net` for `NAME.vault.azure.net`.
    Below(String),
}

impl HostPattern {
    pub fn name(name: &str) -> HostPattern {
        HostPattern::Name(name.to_ascii_lowercase())
    }

    pub fn below(domain: &str) -> HostPattern {
        HostPattern::Below(domain.to_ascii_lowercase())
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            HostPattern::Name(name) => host == name,
            HostPattern::Below(domain) => host
                .strip_suffix(domain.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
        }
    }

    /// The subject alternative name that covers it.
    pub(super) fn certificate_name(&self) -> String {
        match self {
            HostPattern::Name(name) => name.clone(),
            HostPattern::Below(domain) => format!("*.{domain}"),
        }
    }
}

/// What a listener serves.
#[derive(Clone, Default)]
pub(super) struct Faces {
    by_host: Vec<(HostPattern, Router)>,
    /// Answers whatever the host is called: a listener that is one service, as a Kubernetes API is.
    any: Option<Router>,
}

impl Faces {
    pub(super) fn any(router: Router) -> Faces {
        Faces { by_host: Vec::new(), any: Some(router) }
    }

    /// Names go before domains.
    pub(super) fn add(&mut self, pattern: HostPattern, router: Router) {
        self.by_host.push((pattern, router));
        self.by_host.sort_by(|(a, _), (b, _)| a.cmp(b));
    }

    pub(super) fn patterns(&self) -> Vec<HostPattern> {
        self.by_host.iter().map(|(pattern, _)| pattern.clone()).collect()
    }

    /// The face for a host without its port.
    pub(super) fn find(&self, host: &str) -> Option<&Router> {
        let host = host.to_ascii_lowercase();
        self.by_host
            .iter()
            .find(|(pattern, _)| pattern.matches(&host))
            .map(|(_, router)| router)
            .or(self.any.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_covers_one_label_and_names_go_first() {
        let below = HostPattern::below("vault.azure.net");
        assert!(below.matches("kv-1.vault.azure.net"));
        assert!(!below.matches("vault.azure.net"));
        assert!(!below.matches(".vault.azure.net"));
        assert!(!below.matches("a.b.vault.azure.net"));
        assert!(!below.matches("evilvault.azure.net"));
        assert!(HostPattern::name("x") < HostPattern::below("a"));
    }
}

//! ResourceQuotas. The default world has none.

use serde::Serialize;

/// A ResourceQuota in every stamp's cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuotaConfig {
    pub namespace: String,
    pub name: String,
    /// `hard.pods`.
    pub pods: Option<u32>,
    /// `hard["requests.cpu"]`, in thousandths.
    pub cpu: Option<u32>,
}

impl QuotaConfig {
    /// So many pods in the namespace `workload`.
    pub fn pods(most: u32) -> QuotaConfig {
        QuotaConfig { namespace: "workload".to_owned(), name: "team".to_owned(), pods: Some(most), cpu: None }
    }

    /// So many thousandths of processors in the namespace `workload`.
    pub fn cpu(most: u32) -> QuotaConfig {
        QuotaConfig { pods: None, cpu: Some(most), ..QuotaConfig::pods(0) }
    }
}

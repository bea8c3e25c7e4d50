//! What a node has for pods. In the default world no node is ever full.

use serde::Serialize;

/// Of every node that any pod may run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeConfig {
    /// `allocatable.cpu`, in thousandths.
    pub cpu: Option<u32>,
    /// `allocatable.pods`.
    pub pods: Option<u32>,
}

impl NodeConfig {
    pub fn cpu(most: u32) -> NodeConfig {
        NodeConfig { cpu: Some(most), pods: None }
    }

    pub fn pods(most: u32) -> NodeConfig {
        NodeConfig { cpu: None, pods: Some(most) }
    }

    pub(super) fn is_endless(&self) -> bool {
        *self == NodeConfig::default()
    }
}

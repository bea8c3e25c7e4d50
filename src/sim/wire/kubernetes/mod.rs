//! One Kubernetes API server a stamp, as kubectl and keyslot see it.

mod kubeconfig;

pub use kubeconfig::Kubeconfig;

//! One Kubernetes API server a stamp, as kubectl and keyslot see it.
//!
//! Lists, watches, patches and refusals look as they were recorded from a real control plane. What can be changed
//! is what the world can change: annotations, image, replicas, pause and strategy of Deployments, and their roll back to an
//! earlier revision; pods, Jobs and CronJobs can be made, pods, Jobs and SecretProviderClasses deleted. Whoever has the token may do everything; the world's own faults say when somebody may not.

mod answer;
mod create;
mod discovery;
mod encode;
mod kubeconfig;
mod list;
mod objects;
mod options;
mod partial;
mod patch;
mod query;
mod resource;
mod route;
mod selector;
mod serve;
mod table;
mod undo;
mod watch;
mod write;

pub use kubeconfig::{Kubeconfig, User, base64};
pub use serve::{Access, Admits, face};

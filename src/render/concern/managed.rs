//! What a tool that manages a workload makes of the mark of its restart.

use crate::model::Manager;

/// Whether it leaves the mark alone. What a Flux Kustomization applies is restarted under a name whose fields Flux passes over
/// (<https://fluxcd.io/flux/faq/#how-to-restart-a-deployment-managed-by-flux>); of the others nobody knows.
pub(in crate::render) fn leaves_marks(by: &Manager) -> bool {
    match by {
        Manager::FluxKustomization(_) => true,
        Manager::FluxHelmRelease(_) | Manager::ArgoApplication(_) => false,
    }
}

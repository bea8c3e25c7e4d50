//! What a tool that manages a workload makes of the mark of its restart.

use crate::model::Manager;

/// Whether it leaves the mark alone. What a Flux Kustomization applies is restarted under a name whose fields Flux passes over
/// (<https://fluxcd.io/flux/faq/#how-to-restart-a-deployment-managed-by-flux>); of the others nobody knows.
pub(super) fn leaves_marks(by: &Manager) -> bool {
    match by {
        Manager::FluxKustomization(_) => true,
        Manager::FluxHelmRelease(_) | Manager::ArgoApplication(_) => false,
    }
}

/// The same in words, of which it is the subject.
pub(in crate::render) fn on_mark(by: &Manager) -> &'static str {
    match leaves_marks(by) {
        true => "leaves the mark of a restart alone",
        false => "may take the mark of a restart away again, which rolls the pods once more",
    }
}

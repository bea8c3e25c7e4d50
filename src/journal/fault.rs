//! From the store's errors to faults with a remedy.

use std::error::Error;
use std::io;

use object_store::client::{HttpError, HttpErrorKind};

use crate::model::Blindness;
use crate::ports::Fault;

/// A file system's refusal in words for people.
pub(super) fn io_fault(what: &str, subject: &str, error: &io::Error) -> Fault {
    let (kind, remedy) = io_remedy(error.kind());
    Fault::new(kind, what, subject, error.to_string()).remedy(remedy)
}

fn io_remedy(kind: io::ErrorKind) -> (Blindness, &'static str) {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            Blindness::Unreachable,
            "make room on this disk and run this again; no effect is attempted before its intent is written",
        ),
        io::ErrorKind::ReadOnlyFilesystem => {
            (Blindness::Forbidden, "point `state` at a folder that can be written to")
        }
        io::ErrorKind::PermissionDenied => (
            Blindness::Forbidden,
            "give this user the right to read and write the folder, or point `state` elsewhere",
        ),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            (Blindness::Unintelligible, "point `state` at a folder: something else has this name")
        }
        io::ErrorKind::Unsupported => {
            (Blindness::Forbidden, "use a file system with hard links, or a shared store")
        }
        // The list of kinds is open; what has no remedy of its own gets the general one.
        _ => (Blindness::Unreachable, "look at the folder in `state`; nothing was changed"),
    }
}

/// Any error of the object store in words for people.
pub(super) fn store_fault(what: &str, subject: &str, error: &object_store::Error) -> Fault {
    if let Some(error) = find::<io::Error>(error).filter(|error| error.raw_os_error().is_some())
        && find::<HttpError>(error).is_none()
    {
        return io_fault(what, subject, error);
    }
    if let Some(identity) = find::<Fault>(error) {
        let why = format!("cannot {} ({}): {}", identity.what, identity.subject, identity.why);
        let remedy = match identity.remedy.as_str() {
            "" => "sign in to the store".to_owned(),
            remedy => format!("sign in to the store: {remedy}"),
        };
        return Fault::new(identity.kind, what, subject, why).remedy(remedy).respite(identity.respite);
    }
    let (kind, remedy) = match error {
        object_store::Error::PermissionDenied { .. } => (
            Blindness::Forbidden,
            "give this identity the right to read, list and create objects there (Azure: Storage Blob Data \
             Contributor)",
        ),
        object_store::Error::Unauthenticated { .. } => (
            Blindness::Forbidden,
            "sign in to the store: `az login` for Azure, or its credentials in the environment (AZURE_…, AWS_…, GOOGLE_…)",
        ),
        object_store::Error::NotFound { .. } => (
            Blindness::Missing,
            "make the container or bucket first, or correct `state`: keyslot does not create it",
        ),
        // The crate's list of errors is open; the rest are answers that did not come or make no sense.
        _ => {
            (Blindness::Unreachable, "look at the address in `state` and at the network, and run this again")
        }
    };
    Fault::new(kind, what, subject, error.to_string()).remedy(remedy)
}

/// Whether a request surely never left: the connection was not made.
pub(super) fn never_sent(error: &object_store::Error) -> bool {
    find::<HttpError>(error).is_some_and(|error| error.kind() == HttpErrorKind::Connect)
}

/// Whether the store answered, and the answer was no.
pub(super) fn refused(error: &object_store::Error) -> bool {
    matches!(
        error,
        object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. }
            | object_store::Error::NotFound { .. }
            | object_store::Error::InvalidPath { .. }
            | object_store::Error::NotSupported { .. }
            | object_store::Error::NotImplemented { .. }
    )
}

/// The first error of this type in a chain of causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

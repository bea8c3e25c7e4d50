//! How many files and sockets the process may have open.
//!
//! A stamp wants a few sockets at the same time, and systems allow 256 or 1,024 by default where they would allow
//! far more: what may be had is taken, and where it is too little, that is said before anything is begun.

use super::{CliError, ErrorKind};

/// Of a stamp: one for calls, one each for the watches of workloads and pods, one for its vault.
const A_STAMP: u64 = 4;

/// For everything else.
const REST: u64 = 128;

/// Takes as many as the system lets the process have.
pub fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current == maximum {
            return;
        }
        let all = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        if all.is_err() {
            // Some systems call their maximum unlimited and take this much at most.
            let much = Some(10_240.max(current.unwrap_or_default()));
            let _ = setrlimit(Resource::Nofile, Rlimit { current: much, maximum });
        }
    }
}

/// Whether so many stamps can be worked on at once.
///
/// # Errors
/// The limit is too low, and what it should be.
pub fn enough_for(stamps: usize) -> Result<(), CliError> {
    #[cfg(unix)]
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let allowed = None;
    judge(stamps, allowed)
}

/// `None` allows any number.
fn judge(stamps: usize, allowed: Option<u64>) -> Result<(), CliError> {
    let needed = stamps as u64 * A_STAMP + REST;
    match allowed {
        Some(allowed) if allowed < needed => {
            Err(CliError::new(ErrorKind::Configuration, "too few files may be open at once")
                .at(format!("{stamps} stamps"))
                .because(format!("they want about {needed}, and this process may have {allowed}"))
                .hint(format!(
                    "raise the hard limit (ulimit -Hn {needed}, LimitNOFILE= of a service, --ulimit nofile= of a container)"
                )))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_low_a_limit_is_named_with_what_is_wanted() {
        assert!(judge(200, Some(1_024)).is_ok());
        assert!(judge(100_000, None).is_ok());
        let error = judge(1_000, Some(1_024)).unwrap_err();
        let said = format!("{error:?}");
        assert!(said.contains("4128") && said.contains("1024") && said.contains("ulimit -Hn"), "{said}");
    }

    #[cfg(unix)]
    #[test]
    fn what_the_system_allows_is_taken() {
        use rustix::process::{Resource, getrlimit};
        raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert!(limit.current == limit.maximum || limit.current >= Some(10_240), "{limit:?}");
    }
}

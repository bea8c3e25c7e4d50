//! Being asked to end: Ctrl-C at a terminal, or a polite end from elsewhere, as a cancelled CI job gets it.

use super::CliError;

/// Listens from when it is made.
pub struct Stop {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Stop {
    /// Begins to listen; from then on neither ends the process by itself, also after this is dropped. Must be called within a
    /// runtime.
    ///
    /// # Errors
    /// The system does not let this process listen.
    pub fn listen() -> Result<Stop, CliError> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let cannot =
                |error: std::io::Error| CliError::io("cannot listen for signals", "this process", &error);
            let interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
            let terminate = signal(SignalKind::terminate()).map_err(cannot)?;
            Ok(Stop { signals: [interrupt, terminate] })
        }
        #[cfg(not(unix))]
        Ok(Stop {})
    }

    /// Returns when it comes.
    pub async fn come(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}

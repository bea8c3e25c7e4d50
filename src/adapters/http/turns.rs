//! How many calls are at work at the same time, whatever else waits.
//!
//! A thousand handshakes in one moment make each of them late, so calls take turns. But who waits for a server that says
//! nothing does no work: after a while the turn goes to the next one, and the call waits on beside it. A fleet that never
//! answers is so waited for side by side, and takes a timeout and some seconds instead of a timeout for each batch.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// Calls at work at the same time, over all servers that share the turns.
const AT_ONCE: usize = 128;

/// Servers that are well have answered by then.
const HELD: Duration = Duration::from_secs(2);

/// Shared by whoever calls many servers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Turns {
    free: Arc<Semaphore>,
    held: Duration,
}

impl Default for Turns {
    fn default() -> Self {
        Turns::new(AT_ONCE, HELD)
    }
}

impl Turns {
    /// So many calls at the same time; none of them keeps its turn for longer than `held`, in wall time.
    pub fn new(at_once: usize, held: Duration) -> Turns {
        Turns { free: Arc::new(Semaphore::new(at_once.max(1))), held }
    }

    /// Does nothing of the call before its turn has come.
    pub async fn take<T>(&self, call: impl Future<Output = T>) -> T {
        // Never closed.
        let turn = self.free.acquire().await;
        let mut call = pin!(call);
        match tokio::time::timeout(self.held, call.as_mut()).await {
            Ok(answer) => answer,
            Err(_) => {
                drop(turn);
                call.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn who_is_at_work_is_counted_and_who_waits_for_silence_is_not() {
        let turns = Turns::new(4, Duration::from_millis(40));
        let (at_work, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let quick = || async {
            most.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(3)).await;
            at_work.fetch_sub(1, Ordering::SeqCst);
        };
        join_all((0..40).map(|_| turns.take(quick()))).await;
        assert_eq!(most.load(Ordering::SeqCst), 4);
        let begun = Instant::now();
        join_all((0..40).map(|_| turns.take(tokio::time::sleep(Duration::from_secs(1))))).await;
        // One after the other they would take ten seconds.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
}

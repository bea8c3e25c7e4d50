//! When a step that was put off may be tried again. From the journal alone, so that a keyslot that was started anew
//! waits as long as the one that asked.

use std::time::Duration;

use jiff::Timestamp;

use super::reason::later;
use super::{Context, Step, StepRecord};
use crate::model::Respite;
use crate::model::service::UNUSED;

/// However often it was put off, it is tried again after that.
const LONGEST_PAUSE: Duration = Duration::from_secs(30 * 60);

/// Of a regeneration the pause grows from one time to the next; what the service itself asked for counts where it is
/// longer.
pub fn again(ctx: &Context<'_>, record: &StepRecord, at: Timestamp, asked: Respite) -> Timestamp {
    let grows = matches!(record.intent.step, Step::Regenerate { .. });
    let usual = later(at, pause(ctx.policy.pace.account, if grows { record.put_off } else { 1 }));
    match asked {
        Respite::Unsaid => usual,
        Respite::Seconds(seconds) => usual.max(later(at, Duration::from_secs(seconds.into()))),
        Respite::KeyInUse => usual.max(last_use(ctx, record).map_or(usual, |used| later(used, UNUSED))),
    }
}

/// Twice as long each time.
fn pause(first: Duration, times: u32) -> Duration {
    let doublings = times.saturating_sub(1).min(16);
    (first * 2_u32.pow(doublings)).min(LONGEST_PAUSE.max(first))
}

/// Of the key that is to be made anew, where the account tells it.
fn last_use(ctx: &Context<'_>, record: &StepRecord) -> Option<Timestamp> {
    let Step::Regenerate { kind, .. } = &record.intent.step else { return None };
    ctx.world.account.as_ref()?.get()?.key(*kind).last_used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_half_an_hour() {
        let seconds = |times| pause(Duration::from_secs(30), times).as_secs();
        let pauses: Vec<u64> = [0, 1, 2, 3, 7, 40].into_iter().map(seconds).collect();
        assert_eq!(pauses, [30, 30, 60, 120, 1800, 1800]);
    }
}

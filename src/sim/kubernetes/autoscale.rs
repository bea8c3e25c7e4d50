//! HorizontalPodAutoscalers: as many pods as the load takes, within their limits. More are given at once, and none are taken
//! away before the load has been less for five minutes, as the real controller stabilizes what it recommends.

use std::time::Duration;

use super::super::time::before;
use super::{Cluster, Hand, Task};

/// For so long the largest number that the load took counts (`--horizontal-pod-autoscaler-downscale-stabilization`).
const STABILIZATION: Duration = Duration::from_secs(300);

impl Cluster {
    /// From now on the load takes so many pods of the Deployment at this place: how many its autoscaler gives it; `None` where
    /// it has none.
    pub(in crate::sim) fn load(&mut self, place: usize, wanted: u32, hand: &mut Hand<'_>) -> Option<u32> {
        let standing = self.autoscalers.iter().find(|one| one.place == place)?.wanted;
        let past = self.loads.entry(place).or_default();
        if let Some(last) = past.last_mut() {
            last.0 = Some(hand.now);
        } else if standing > wanted {
            past.push((Some(hand.now), standing));
        }
        past.push((None, wanted));
        // What counts no more then is let go of then.
        hand.later(STABILIZATION, Task::Autoscale(place));
        self.autoscaled(place, hand)
    }

    /// How many the autoscaler gives now.
    pub(in crate::sim) fn autoscaled(&mut self, place: usize, hand: &Hand<'_>) -> Option<u32> {
        let past = self.loads.get_mut(&place)?;
        let since = before(hand.now, STABILIZATION);
        past.retain(|(until, _)| until.is_none_or(|until| until > since));
        let wanted = past.iter().map(|(_, wanted)| *wanted).max()?;
        let autoscaler = self.autoscalers.iter_mut().find(|autoscaler| autoscaler.place == place)?;
        autoscaler.wanted = wanted;
        Some(wanted.clamp(autoscaler.least, autoscaler.most))
    }
}

//! As what a reason is accepted: whoever has accepted one thing has not accepted the next.

use super::why::Why;

impl Why {
    /// What an acceptance is bound to: the kind of reason, and the thing where several under one subject are of that kind.
    /// Whoever has accepted one check or Secret has not accepted the next.
    pub fn accepted_as(&self) -> String {
        let of = match self {
            Why::CheckNotPassed { name, passed: Some(_), .. } => format!(" {name} failed"),
            Why::CheckNotPassed { name, passed: None, .. } => format!(" {name} without a result"),
            Why::SyncedSecretLags { secret, .. }
            | Why::SyncedSecretStale { secret }
            | Why::SyncedSecretContested { secret, .. }
            | Why::SyncedSecretAbsent { secret, .. }
            | Why::SyncedSecretUndated { secret, .. } => format!(" {secret}"),
            Why::SyncedSecretUnread { secrets } => format!(" {}", secrets.join(" ")),
            // Whoever has it tried once more has not asked for the time after that.
            Why::FailedRestartUndone { restarted_at } => format!(" {restarted_at}"),
            Why::MayNotRestart { what, .. } => format!(" {what}"),
            // Whoever has accepted one rule has not accepted the next.
            Why::RuleRefuses { deed, demand } => format!(" {deed:?} {demand:?}"),
            Why::TreeProblems { problems } => format!(" {}", problems.join(" / ")),
            Why::MayHoldSecret { class, fate, .. } => format!(" {class} {fate:?}"),
            // What is taken by another argument, or in another file, is another reader; and who has the one key renewed may
            // hold the other.
            Why::DeliveredElsewhere { slot, arguments, files, .. } => {
                format!(" {slot} {} / {}", arguments.join(" "), files.join(" "))
            }
            Why::CronJobReadsStale { secret } => format!(" {secret}"),
            // Where fewer are seen than was accepted, that is another matter.
            Why::NamespacesUnseen { looked, .. } => format!(" {}", looked.join(" ")),
            // The machine may be gone, or another one may run by its name now.
            Why::DeletedUnheard { pods, .. } => format!(" {}", pods.join(" ")),
            // A use after the one that was accepted is another one.
            Why::UsedRecently { at, .. }
            | Why::NotesBehind { at, .. }
            | Why::SeenInLogs { at, stamp: Some(_), .. } => format!(" {at}"),
            Why::RefusedSince { at, stranger: false, .. } => format!(" {at}"),
            Why::RefusedByMetrics { refusals, .. } => format!(" {}", refusals.most),
            Why::StagesUndeclared { stages, .. } | Why::StagesNotSkipped { stages } => {
                format!(" {}", stages.join(" "))
            }
            _ => String::new(),
        };
        format!("{}{of}", self.kind())
    }

    /// Whether it is what was accepted as that. Metrics name nobody: up to twice as many refused in a minute are taken to be
    /// the same callers.
    pub fn is_accepted_as(&self, accepted: &str) -> bool {
        match self {
            Why::RefusedByMetrics { refusals, .. } => {
                let most =
                    accepted.strip_prefix(self.kind()).and_then(|most| most.trim().parse::<u64>().ok());
                most.is_some_and(|most| refusals.most <= most.saturating_mul(2))
            }
            _ => accepted == self.accepted_as(),
        }
    }
}

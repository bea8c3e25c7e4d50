//! What holds in spite of what people have accepted.

use super::super::{Context, Opens, Reason, Why};

impl<'a> Context<'a> {
    /// Leaves out what a person accepted, and what a test switched off.
    pub fn holding(&self, reasons: Vec<Reason>) -> Vec<Reason> {
        reasons
            .into_iter()
            .filter(|reason| !self.without.contains(&reason.gate) || reason.is_blindness())
            .filter(|reason| !self.is_accepted(reason))
            .collect()
    }

    /// What a look may still find, nobody has accepted: an acceptance that was given ahead keeps nothing from being
    /// looked at.
    fn is_accepted(&self, reason: &Reason) -> bool {
        if reason.gate.never_accepted() || reason.is_blindness() {
            return false;
        }
        let subject = reason.subject.to_string();
        self.fold.acceptances.iter().any(|accepted| {
            accepted.gate == reason.gate
                && accepted.subject == subject
                && !accepted.is_over(self.now)
                && accepted.why.as_deref().is_none_or(|why| reason.why.is_accepted_as(why))
        })
    }
}

impl Reason {
    /// Whether nothing but a person would end it, and one has said that it may stay.
    pub fn is_given_up(&self, ctx: &Context<'_>) -> bool {
        self.why.opens() == Opens::ByPerson && ctx.holding(vec![self.clone()]).is_empty()
    }

    /// Whether we may not see it, or there is nothing to see: what no gate depends on alone is no evidence then.
    pub fn is_out_of_sight(&self) -> bool {
        matches!(&self.why, Why::Blind { blind, .. } if blind.kind.is_refusal())
    }

    /// Whether it only says that something was not looked at yet, or not all of it.
    pub fn is_blindness(&self) -> bool {
        matches!(self.why, Why::NotSeen(_) | Why::TooOld { .. } | Why::WindowShort { .. })
    }
}

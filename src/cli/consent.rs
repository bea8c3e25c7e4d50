//! The words of people on the command line: approval and acceptance.

use jiff::Timestamp;

use super::CliError;
use crate::drive::Driver;
use crate::rotation::{Acceptance, Gate, Verdict};

/// `--approve` and `--accept`.
#[derive(Clone, Debug, clap::Args)]
pub struct Consent {
    /// Approve the regeneration of this rotation's old key; without it, the rotation halts there. The approval is
    /// recorded and holds for this rotation, also when the command is run again without it.
    #[arg(long)]
    pub approve: bool,
    /// Let one gate not hold for one subject, as `explain` names them; needs --because and --until. Never a
    /// blanket force: some gates nobody may open.
    #[arg(long, value_name = "GATE:SUBJECT", requires_all = ["because", "until"])]
    pub accept: Vec<String>,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT", requires = "accept")]
    pub because: Option<String>,
    /// Until when (RFC 3339, as 2026-01-12T18:00:00Z).
    #[arg(long, value_name = "TIME", requires = "accept")]
    pub until: Option<Timestamp>,
}

impl Consent {
    /// Checks what can be checked before anything is done.
    ///
    /// # Errors
    /// An unknown gate, or one that nobody may open.
    pub fn check(&self) -> Result<Vec<(Gate, String)>, CliError> {
        self.accept.iter().map(|text| gate_and_subject(text)).collect()
    }

    /// Records them for the open rotation.
    ///
    /// # Errors
    /// The journal.
    pub async fn record(&self, driver: &mut Driver, by: &str) -> Result<(), CliError> {
        let accepted = self.check()?;
        if !accepted.is_empty() {
            let report = driver.report().await?;
            if let Some(until) = self.until.filter(|until| *until < report.at) {
                return Err(
                    CliError::usage("--until lies in the past, so nothing would be accepted").at(until)
                );
            }
            for (gate, subject) in accepted {
                let why = report.decision.as_ref().and_then(|decision| match &decision.verdict {
                    Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons
                        .iter()
                        .find(|reason| reason.gate == gate && reason.subject.to_string() == subject)
                        .map(|reason| reason.why.kind().to_owned()),
                    Verdict::Act { .. } | Verdict::Record(_) | Verdict::Done => None,
                });
                let acceptance = Acceptance {
                    by: by.to_owned(),
                    gate,
                    subject,
                    because: self.because.clone().unwrap_or_default(),
                    until: self.until.unwrap_or(Timestamp::MIN),
                    why,
                };
                driver.accept(acceptance).await?;
            }
        }
        if self.approve {
            driver.approve(by, None).await?;
        }
        Ok(())
    }
}

fn gate_and_subject(text: &str) -> Result<(Gate, String), CliError> {
    let (name, subject) = text.split_once(':').ok_or_else(|| {
        CliError::usage("--accept names a gate and a subject").at(text).hint(
            "write it as `explain` does: --accept 'preflight:northeurope/workload/healthservice-deploy'",
        )
    })?;
    let Some(gate) = Gate::from_id(name) else {
        let near = Gate::ALL
            .iter()
            .map(|gate| gate.id())
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
            .unwrap_or_default();
        return Err(CliError::usage("there is no such gate").at(name).hint(format!("did you mean {near}?")));
    };
    if gate.never_accepted() {
        return Err(CliError::usage("this gate is one that nobody may open")
            .at(gate)
            .because(format!("it protects from this: {}", gate.harm()))
            .hint("`keyslot explain` says what opens it"));
    }
    Ok((gate, subject.to_owned()))
}

//! What a rehearsal came to: the rotation by its driver, everything else by the world.

use crate::cli::stage::Stage;
use crate::cli::words::Output;
use crate::cli::{CliError, ErrorKind, Terminal};
use crate::model::Slot;
use crate::ports::Clock as _;
use crate::render::matrix::columns;
use crate::render::rehearse_json::{
    AccountV1, OutageV1, RegeneratedV1, RehearsalV1, RotationV1, StampV1, StepV1,
};
use crate::render::report_html::Page;
use crate::render::span::rfc3339;
use crate::rotation::{Leg, PhaseState, Report};
use crate::sim::Holds;

/// The driver's own account.
pub struct Rotation {
    pub driver: &'static str,
    pub told: RotationV1,
}

impl Rotation {
    pub fn of(report: &Report, state: &str) -> Rotation {
        let from = report.opened.as_ref().map_or(Slot::Primary, |opened| opened.from);
        let steps = report
            .phases
            .iter()
            .map(|phase| StepV1 {
                step: match phase.leg {
                    Leg::Out => phase.phase.to_string(),
                    Leg::Back => format!("back-{}", phase.phase),
                },
                outcome: match phase.state {
                    PhaseState::Done => "done",
                    PhaseState::FoundDone => "found-done",
                    PhaseState::Current | PhaseState::Running => "current",
                    PhaseState::Pending => "pending",
                }
                .to_owned(),
                started: phase.started.map(rfc3339),
                ended: phase.ended.map(rfc3339),
            })
            .collect();
        let id = report.opened.as_ref().map(|opened| opened.rotation.to_string()).unwrap_or_default();
        Rotation {
            driver: "keyslot",
            told: RotationV1 {
                id,
                state: state.to_owned(),
                from: from.to_string(),
                to: from.other().to_string(),
                steps,
            },
        }
    }
}

/// The whole course of a rehearsal.
pub struct Course {
    told: RehearsalV1,
}

impl Course {
    /// Asks the world how it all went.
    pub fn of(stage: &Stage, rotation: Rotation) -> Course {
        let start = stage.simulation.wire.clock().world_start();
        let now = stage.simulation.wire.clock().now();
        let (digest, outcome) =
            stage.simulation.world.with(|world| (world.digest().to_owned(), world.outcome()));
        let simulated = now.duration_since(start).as_secs_f64();
        let outage = &outcome.outage;
        let told = RehearsalV1 {
            version: 1,
            world_digest: digest,
            driver: rotation.driver.to_owned(),
            rotation: rotation.told,
            outage: OutageV1 {
                served: outage.served,
                refused: outage.refused,
                first_refused_at: outage.first_refused_at.map(rfc3339),
                served_after_regeneration: outage.served_after_regeneration,
            },
            stamps: outcome
                .stamps
                .iter()
                .map(|stamp| StampV1 {
                    name: stamp.name.clone(),
                    vault_slot: holds(stamp.vault_slot).to_owned(),
                    pods_slot: holds(stamp.pods_slot).to_owned(),
                    restarted: stamp.restarted,
                })
                .collect(),
            account: AccountV1 {
                regenerated: outcome
                    .regenerated
                    .iter()
                    .map(|one| RegeneratedV1 { kind: one.kind.to_owned(), at: rfc3339(one.at) })
                    .collect(),
            },
            wall_seconds: simulated / stage.speed,
            simulated_seconds: simulated,
        };
        Course { told }
    }

    /// Shows it: tables for people on stderr and stdout, or one JSON object on stdout.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&self, output: Output, terminal: &mut Terminal) -> Result<(), CliError> {
        match output {
            Output::Human => terminal.data(self.tables().as_bytes()),
            Output::Json => {
                let mut text = serde_json::to_string_pretty(&self.told).map_err(|error| {
                    CliError::new(ErrorKind::Bug, "the result cannot be written").caused_by(&error)
                })?;
                text.push('\n');
                terminal.data(text.as_bytes())
            }
        }
    }

    /// The same for the report.
    pub fn page(&self) -> Page<'_> {
        Page { told: &self.told }
    }

    fn tables(&self) -> String {
        let told = &self.told;
        let mut lines = vec![["stamp", "key vault", "pods", "restarted"].map(str::to_owned)];
        for stamp in &told.stamps {
            lines.push([
                stamp.name.clone(),
                stamp.vault_slot.clone(),
                stamp.pods_slot.clone(),
                if stamp.restarted { "yes" } else { "no" }.to_owned(),
            ]);
        }
        let mut text = format!("\nas the world counted it:\n{}", columns(&lines));
        for one in &told.account.regenerated {
            text.push_str(&format!("regenerated: {} at {}\n", one.kind, one.at));
        }
        let outage = &told.outage;
        text.push_str(&format!(
            "outage meter: {} requests served, {} refused ({} served after the regeneration)\n",
            outage.served, outage.refused, outage.served_after_regeneration
        ));
        if let Some(first) = &outage.first_refused_at {
            text.push_str(&format!("first refused at {first}\n"));
        }
        text.push_str(&format!(
            "{:.0} minutes of the world in {:.0} s\n",
            told.simulated_seconds / 60.0,
            told.wall_seconds
        ));
        text
    }
}

fn holds(holds: Holds) -> &'static str {
    match holds {
        Holds::Primary => "primary",
        Holds::Secondary => "secondary",
        Holds::Mixed => "mixed",
        Holds::Unknown => "unknown",
    }
}

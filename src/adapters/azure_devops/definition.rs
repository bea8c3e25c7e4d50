//! Which pipeline it is: found once, by its number or its name.

use serde::Deserialize;

use super::settings::PipelineRef;
use super::{AzureDevOps, arrivals, origin, triggers};
use crate::model::Blindness;
use crate::ports::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Definition {
    pub(super) id: u32,
    pub(super) name: String,
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    pub(super) queue_status: String,
    #[serde(default)]
    pub(super) triggers: Vec<triggers::Trigger>,
    #[serde(default)]
    pub(super) process: arrivals::Process,
    #[serde(default)]
    pub(super) repository: origin::Origin,
}

/// It has never been found: its name is wrong as likely as a right is missing, and is told at once.
fn never_found(fault: Fault) -> Fault {
    match fault.kind {
        Blindness::Missing => Fault { kind: Blindness::Misconfigured, ..fault },
        _ => fault,
    }
}

impl AzureDevOps {
    /// The pipeline's number; looked up once. A number that no pipeline has would give an empty list of runs, which says
    /// that nothing is under way.
    pub(super) async fn pipeline(&self) -> Result<u32, Fault> {
        let look = async || match &self.settings.pipeline {
            PipelineRef::Id(id) => self.definition(*id).await.map(|definition| definition.id),
            PipelineRef::Name(name) => self.find(name).await,
        };
        self.pipeline.get_or_try_init(look).await.copied().map_err(never_found)
    }

    /// The pipeline's definition as it is now, with its number.
    pub(super) async fn defined(&self) -> Result<(u32, Definition), Fault> {
        let number = match (self.pipeline.get(), &self.settings.pipeline) {
            // Whoever looks whether there is one of that number has it.
            (None, PipelineRef::Id(id)) => *id,
            _ => self.pipeline().await?,
        };
        let definition = self.definition(number).await;
        let definition = definition
            .map_err(|fault| if self.pipeline.initialized() { fault } else { never_found(fault) })?;
        Ok((*self.pipeline.get_or_init(async || definition.id).await, definition))
    }

    pub(super) async fn definition(&self, id: u32) -> Result<Definition, Fault> {
        let path = format!("build/definitions/{id}");
        self.client.read("look the pipeline up", &self.subject(), &path, &[]).await
    }

    pub(super) async fn find(&self, name: &str) -> Result<u32, Fault> {
        let what = "find the pipeline by its name";
        let (folder, bare) =
            name.rsplit_once('\\').map_or((None, name), |(folder, bare)| (Some(folder), bare));
        let query = [("name", bare)];
        let found: Vec<Definition> =
            self.client.list(what, &self.subject(), "build/definitions", &query, usize::MAX).await?;
        let wanted = |definition: &&Definition| {
            let in_folder = |folder: &str| definition.path.trim_matches('\\') == folder.trim_matches('\\');
            definition.name.eq_ignore_ascii_case(bare) && folder.is_none_or(in_folder)
        };
        let matches: Vec<&Definition> = found.iter().filter(wanted).collect();
        match matches.as_slice() {
            [one] => Ok(one.id),
            [] => Err(Fault::new(Blindness::Missing, what, self.subject(), "there is none of that name")
                .remedy("check the name, or give the pipeline's number (definitionId in its address)")),
            several => {
                let numbers = several.iter().map(|definition| {
                    format!(
                        "{}\\{} = {}",
                        definition.path.trim_end_matches('\\'),
                        definition.name,
                        definition.id
                    )
                });
                let numbers = numbers.collect::<Vec<_>>().join(", ");
                Err(Fault::new(
                    Blindness::Unintelligible,
                    what,
                    self.subject(),
                    format!("several have it: {numbers}"),
                )
                .remedy("give the folder too, or the number"))
            }
        }
    }
}

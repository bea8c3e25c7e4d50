//! Which stages a pipeline has at one commit: the YAML that the service makes of it, without starting anything.

use serde::Deserialize;

/// What a pipeline without stages has.
const ONLY: &str = "__default";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Final {
    stages: Option<Vec<Stage>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stage {
    stage: Option<String>,
}

/// The names of the stages, in their order.
///
/// # Errors
/// Where it is no YAML of a pipeline.
pub(super) fn stages(yaml: &str) -> Result<Vec<String>, String> {
    let parsed: Final =
        serde_saphyr::from_str(yaml).map_err(|error| format!("the expanded YAML cannot be read: {error}"))?;
    let Some(stages) = parsed.stages else { return Ok(vec![ONLY.to_owned()]) };
    Ok(stages.into_iter().map(|stage| stage.stage.unwrap_or_else(|| ONLY.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_found_whatever_stands_beside_them() {
        let yaml = "trigger: none\nstages:\n- stage: infra\n  dependsOn: []\n  jobs:\n  - job: apply\n    steps:\n    - script: |\n        - stage: not this\n- stage: 'traffic'\n  condition: succeeded()\n";
        assert_eq!(stages(yaml).unwrap(), ["infra", "traffic"]);
        assert_eq!(stages("steps:\n- script: echo\n").unwrap(), ["__default"]);
        assert_eq!(stages("stages: []\n").unwrap(), Vec::<String>::new());
        assert!(stages("stages: [").is_err());
    }
}

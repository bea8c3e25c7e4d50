//! Flows in `keyslot check --output json`: where each reference's key goes. Names may hold literal text, so they are
//! masked like everything that comes from the source.

use schemars::JsonSchema;
use serde::Serialize;

use crate::terraform::{Flow, SinkKind, Tree, mask};

/// One way of one key.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FlowJson {
    /// Index into `references`.
    pub reference: usize,
    /// The names that the key passes, in order.
    pub through: Vec<HopJson>,
    pub ends: SinkJson,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct HopJson {
    pub name: String,
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// Where a key ends.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SinkJson {
    pub kind: SinkKindJson,
    /// The secret's name, or the address of the argument.
    pub name: String,
    pub file: String,
    pub line: usize,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SinkKindJson {
    KeyVaultSecret,
    /// Another argument of a resource or data source.
    Argument,
    /// A provider's or backend's settings.
    Setting,
    /// An output of a folder that no module block uses: it leaves the tree. The folder may be a root, which is applied by
    /// itself, or a module that others use.
    RootOutput,
    /// An input of code that is not in the tree.
    Input,
    /// A name that nothing reads.
    Unread,
}

pub fn flow_json(tree: &Tree, flow: &Flow) -> FlowJson {
    let through = flow.hops.iter().map(|hop| {
        let position = tree.sources[hop.file].position(hop.span.start);
        HopJson {
            name: mask(&hop.name).into_owned(),
            file: tree.shown(hop.file),
            line: position.line,
            column: position.column,
        }
    });
    let sink = &flow.sink;
    let ends = SinkJson {
        kind: match sink.kind {
            SinkKind::KeyVaultSecret => SinkKindJson::KeyVaultSecret,
            SinkKind::Argument => SinkKindJson::Argument,
            SinkKind::Setting => SinkKindJson::Setting,
            SinkKind::RootOutput => SinkKindJson::RootOutput,
            SinkKind::Input => SinkKindJson::Input,
            SinkKind::Unread => SinkKindJson::Unread,
        },
        name: mask(&sink.name).into_owned(),
        file: tree.shown(sink.file),
        line: tree.sources[sink.file].position(sink.span.start).line,
    };
    FlowJson { reference: flow.reference, through: through.collect(), ends }
}

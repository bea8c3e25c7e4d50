//! One record: its format on disk and how it is read with suspicion.

use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a record may carry. An event must be readable by every later version with the same major format.
pub trait Event: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Event for T {}

/// The version of the record format. A newer minor only adds: it is readable, not writable. A newer major is
/// neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Format {
    pub major: u32,
    pub minor: u32,
}

/// The format that this version writes.
pub const KNOWN_FORMAT: Format = Format { major: 1, minor: 0 };

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A record's number. The first record is 1; zero stands for an empty journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }

    /// The object's name in the store; names sort as numbers do.
    pub fn object_name(self) -> String {
        format!("{:010}.json", self.0)
    }

    /// The number in an object's name; `None` for names that no record has.
    pub fn from_object_name(name: &str) -> Option<Seq> {
        let digits = name.strip_suffix(".json")?;
        let plain = digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok().map(Seq)).flatten()
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<E> {
    pub format: Format,
    pub seq: Seq,
    /// Of the one attempt that wrote it: an answer that was lost can be told from a lost race.
    pub writer_nonce: String,
    /// Of the keyslot that wrote it; absent in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// World time, by the writer's clock.
    pub at: Timestamp,
    pub kind: E,
    /// When the store says that the record arrived, by the store's clock. Only shared stores tell; never part
    /// of the record's bytes.
    #[serde(skip)]
    pub stored: Option<Timestamp>,
}

/// Why bytes are no record that this version can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Newer(Format),
    /// Of the known format, with something in it that only a newer version knows.
    Unknown {
        version: Option<String>,
        why: String,
    },
    Damaged(String),
}

#[derive(Deserialize)]
struct Head {
    format: Format,
    seq: Option<Seq>,
    version: Option<String>,
}

impl Head {
    /// Whether a whole record of a newer version is why it does not read. An older one has no name that this does not know.
    fn is_of_newer(&self, seq: Seq, error: &serde_json::Error) -> bool {
        let theirs = self.version.as_deref().and_then(numbers);
        let (ours, unknown) = (numbers(VERSION), names_unknown_variant(error));
        self.seq == Some(seq) && (theirs > ours || unknown && (theirs.is_none() || theirs == ours))
    }
}

/// This version.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is no version has none.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let release = version.split(['-', '+']).next()?;
    let numbers: Vec<u64> = release.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

/// Whether an event, or a value in one, has a name that this version does not know: serde's words are the only sign of it.
fn names_unknown_variant(error: &serde_json::Error) -> bool {
    error.is_data() && error.to_string().starts_with("unknown variant `")
}

#[derive(Deserialize)]
struct Nonce {
    writer_nonce: String,
}

impl<E: Event> Record<E> {
    /// Reads a record's bytes. What does not read as a record of this version is judged by its format first.
    pub(super) fn decode(seq: Seq, bytes: &[u8]) -> Result<Record<E>, Unreadable> {
        let read = serde_json::from_slice::<Record<E>>(bytes);
        let head = match &read {
            Ok(record) => Head { format: record.format, seq: None, version: None },
            Err(_) => serde_json::from_slice(bytes)
                .map_err(|error| Unreadable::Damaged(format!("it is not a journal record: {error}")))?,
        };
        let format = head.format;
        if format.major > KNOWN_FORMAT.major {
            return Err(Unreadable::Newer(format));
        }
        if format.major < KNOWN_FORMAT.major {
            return Err(Unreadable::Damaged(format!("no format {format} was ever released")));
        }
        let record = match read {
            Ok(record) => record,
            Err(_) if format > KNOWN_FORMAT => return Err(Unreadable::Newer(format)),
            Err(error) if head.is_of_newer(seq, &error) => {
                // All that this version knows instead is no help to anybody.
                let why = error.to_string();
                let why = why.split(", expected").next().unwrap_or_default().to_owned();
                return Err(Unreadable::Unknown { version: head.version, why });
            }
            Err(error) => return Err(Unreadable::Damaged(error.to_string())),
        };
        if record.seq != seq {
            return Err(Unreadable::Damaged(format!(
                "it says that it is record {}: the file was renamed or copied",
                record.seq
            )));
        }
        Ok(record)
    }

    /// The bytes as they are stored: one JSON object and a line end.
    pub(super) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Who wrote these bytes, where that can be read at all.
pub(super) fn nonce_of(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Nonce>(bytes).ok().map(|nonce| nonce.writer_nonce)
}

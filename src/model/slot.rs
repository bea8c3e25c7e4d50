//! Slots, access and the key kinds that Azure regenerates.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::service::{KEYS, KeyNames};

/// One of the two places in which an account holds a valid key. A slot outlives the keys in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    Primary,
    Secondary,
}

impl Slot {
    pub const ALL: [Slot; 2] = [Slot::Primary, Slot::Secondary];

    /// The other one.
    pub fn other(self) -> Slot {
        match self {
            Slot::Primary => Slot::Secondary,
            Slot::Secondary => Slot::Primary,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Slot::Primary => "primary",
            Slot::Secondary => "secondary",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a key may do. Read-write and read-only keys are separate pairs with separate regenerations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    ReadWrite,
    ReadOnly,
}

impl Access {
    pub const ALL: [Access; 2] = [Access::ReadWrite, Access::ReadOnly];

    /// The other one.
    pub fn other(self) -> Access {
        match self {
            Access::ReadWrite => Access::ReadOnly,
            Access::ReadOnly => Access::ReadWrite,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Access::ReadWrite => "read-write",
            Access::ReadOnly => "read-only",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Slot and access together: what one regeneration replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyKind {
    pub slot: Slot,
    pub access: Access,
}

impl KeyKind {
    pub const ALL: [KeyKind; 4] = [
        KeyKind { slot: Slot::Primary, access: Access::ReadWrite },
        KeyKind { slot: Slot::Secondary, access: Access::ReadWrite },
        KeyKind { slot: Slot::Primary, access: Access::ReadOnly },
        KeyKind { slot: Slot::Secondary, access: Access::ReadOnly },
    ];

    pub fn read_write(slot: Slot) -> KeyKind {
        KeyKind { slot, access: Access::ReadWrite }
    }

    /// The `keyKind` of Azure's regenerateKey.
    pub fn azure_name(self) -> &'static str {
        self.names().regenerate
    }

    /// The member of Azure's listKeys answer and of `keysMetadata`.
    pub fn azure_member(self) -> &'static str {
        self.names().member
    }

    fn names(self) -> &'static KeyNames {
        match (self.slot, self.access) {
            (Slot::Primary, Access::ReadWrite) => &KEYS[0],
            (Slot::Secondary, Access::ReadWrite) => &KEYS[1],
            (Slot::Primary, Access::ReadOnly) => &KEYS[2],
            (Slot::Secondary, Access::ReadOnly) => &KEYS[3],
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.access {
            Access::ReadWrite => write!(f, "{}", self.slot),
            Access::ReadOnly => write!(f, "{} (read-only)", self.slot),
        }
    }
}

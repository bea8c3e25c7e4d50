//! Why a text holds no stamps. Values are never repeated; names of outputs are.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputsError {
    NotUtf8,
    /// No JSON, or JSON of another kind.
    NotJson {
        line: usize,
        column: usize,
    },
    /// There are outputs, and none of this name.
    NoOutput {
        output: String,
        others: Vec<String>,
    },
    /// The output is neither a list nor a map of objects.
    NoStamps {
        output: String,
    },
    /// A field is missing or no text; stamps count from 1.
    Field {
        number: usize,
        name: &'static str,
    },
    /// A field is no list of addresses.
    Addresses {
        number: usize,
        name: &'static str,
    },
    /// Two stamps have one vault.
    SharedVault {
        vault: String,
        units: [String; 2],
    },
}

impl OutputsError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            OutputsError::NotUtf8 | OutputsError::NotJson { .. } => {
                "write the file with `terraform output -json > outputs.json`, as UTF-8"
            }
            OutputsError::NoOutput { .. } => {
                "say which output lists the stamps, or apply the code that has it"
            }
            OutputsError::NoStamps { .. } | OutputsError::Field { .. } => {
                "give each stamp as an object with location, resource_group_name, key_vault_name and aks_cluster_name"
            }
            OutputsError::Addresses { .. } => {
                "give them as a list of texts, each an address or a network as 192.0.2.0/28"
            }
            OutputsError::SharedVault { .. } => "give each release unit's own file, once",
        }
    }
}

impl fmt::Display for OutputsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutputsError::NotUtf8 => f.write_str("it is not UTF-8"),
            OutputsError::NotJson { line, column } => {
                write!(f, "it is not what `terraform output -json` prints (line {line}, column {column})")
            }
            OutputsError::NoOutput { output, others } if others.is_empty() => {
                write!(f, "there is no output at all, so none is called {output}")
            }
            OutputsError::NoOutput { output, others } => {
                write!(f, "no output is called {output}; there are: {}", others.join(", "))
            }
            OutputsError::NoStamps { output } => write!(f, "the output {output} is no list of stamps"),
            OutputsError::Field { number, name } => {
                write!(f, "stamp {number}: {name} is missing, or no text")
            }
            OutputsError::Addresses { number, name } => {
                write!(f, "stamp {number}: {name} is no list of addresses")
            }
            OutputsError::SharedVault { vault, units: [a, b] } if a == b => {
                write!(f, "two stamps of {a} have the vault {vault}")
            }
            OutputsError::SharedVault { vault, units: [a, b] } => {
                write!(f, "stamps of {a} and of {b} have the vault {vault}")
            }
        }
    }
}

impl std::error::Error for OutputsError {}

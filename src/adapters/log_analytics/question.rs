//! What is asked, in the workspace's query language.
//!
//! The account's requests lie in a table of their own, or, where the diagnostic setting is of the older kind, in the
//! one that all resources share, whose columns only exist once a row had them. Two columns name the key: the type of
//! the token, and in direct mode the type of the key. Rows are counted there: a busy account has millions a day.

/// Where requests may lie.
#[derive(Clone, Copy)]
enum Table {
    Own,
    Shared,
}

impl Table {
    const ALL: [Table; 2] = [Table::Own, Table::Shared];

    /// Its rows of the account, under the names that both have in common.
    fn rows(self, account: &str) -> String {
        let (from, columns) = match self {
            Table::Own => (
                format!("CDBDataPlaneRequests | where AccountName =~ '{account}'"),
                ["AuthTokenType", "KeyType", "StatusCode", "RegionName", "ClientIpAddress", "UserAgent"],
            ),
            Table::Shared => (
                format!(
                    "AzureDiagnostics | where ResourceProvider =~ 'MICROSOFT.DOCUMENTDB' and Category == \
                     'DataPlaneRequests' and Resource =~ '{account}'"
                ),
                [
                    "authTokenType_s",
                    "keyType_s",
                    "statusCode_s",
                    "regionName_s",
                    "clientIpAddress_s",
                    "userAgent_s",
                ],
            ),
        };
        let names = ["Token", "Key", "Status", "Region", "Address", "Agent"];
        let projected: Vec<String> = names
            .iter()
            .zip(columns)
            .map(|(name, column)| format!("{name} = tostring(column_ifexists('{column}', ''))"))
            .collect();
        format!("({from} | project TimeGenerated, {})", projected.join(", "))
    }
}

/// Who asked the account, with which key, with what success. The time span goes beside the query.
///
/// # Errors
/// In words, where the name is none that an account may have.
pub(super) fn usage(account: &str) -> Result<String, String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if account.is_empty() || !account.chars().all(plain) {
        return Err("an account's name has letters, digits and -".to_owned());
    }
    let tables: Vec<String> = Table::ALL.iter().map(|table| table.rows(account)).collect();
    Ok(format!(
        "union isfuzzy=true {} | summarize Requests = count(), First = min(TimeGenerated), Last = \
         max(TimeGenerated) by Token, Key, Refused = Status == '401', Region, Address, Agent",
        tables.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_and_both_columns_are_asked() {
        let query = usage("acme-cosmos").unwrap();
        for word in ["CDBDataPlaneRequests", "AzureDiagnostics", "AuthTokenType", "KeyType", "keyType_s"] {
            assert!(query.contains(word), "{word}: {query}");
        }
        assert_eq!(query.matches("'acme-cosmos'").count(), 2);
    }

    #[test]
    fn nothing_but_a_name_becomes_part_of_a_query() {
        for name in ["", "a' or 1 == 1 //", "a\\", "a|b", "ä", "a b", "a\n"] {
            assert!(usage(name).is_err(), "{name}");
        }
    }
}

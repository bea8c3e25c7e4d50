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
        // In direct mode neither column names an Entra identity's token; the identity itself is named.
        let principal = match self {
            Table::Own => "tostring(column_ifexists('AadPrincipalId', ''))",
            // The shared table names a column of GUIDs by `_g`, and one that held another text once by `_s`.
            Table::Shared => {
                "strcat(tostring(column_ifexists('aadPrincipalId_g', '')), \
                 tostring(column_ifexists('aadPrincipalId_s', '')))"
            }
        };
        format!(
            "({from} | project TimeGenerated, {}, Principal = {principal} | extend \
             Token = iff(isempty(Token) and isempty(Key) and isnotempty(Principal), 'AadToken', Token))",
            projected.join(", ")
        )
    }

    /// Its rows of the vaults' audit, in the same way.
    fn audit(self) -> &'static str {
        match self {
            Table::Own => {
                "(AZKVAuditLogs | extend Claim = parse_json(tostring(column_ifexists('Identity', ''))).claim | project \
                 TimeGenerated, _ResourceId, Operation = OperationName, Status = \
                 tostring(column_ifexists('HttpStatusCode', '')), Id = tostring(column_ifexists('Id', '')), Address = \
                 tostring(column_ifexists('CallerIpAddress', '')), Agent = tostring(column_ifexists('ClientInfo', '')), \
                 Name = coalesce(tostring(Claim.upn), \
                 tostring(Claim['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn'])), Application = \
                 tostring(Claim.appid), Object = coalesce(tostring(Claim.oid), \
                 tostring(Claim['http://schemas.microsoft.com/identity/claims/objectidentifier'])))"
            }
            Table::Shared => {
                "(AzureDiagnostics | where ResourceProvider =~ 'MICROSOFT.KEYVAULT' and Category == 'AuditEvent' | \
                 project TimeGenerated, _ResourceId, Operation = OperationName, Status = \
                 tostring(column_ifexists('httpStatusCode_d', '')), Id = tostring(column_ifexists('id_s', '')), Address \
                 = tostring(column_ifexists('CallerIPAddress', '')), Agent = \
                 tostring(column_ifexists('clientInfo_s', '')), Name = \
                 coalesce(tostring(column_ifexists('identity_claim_upn_s', '')), tostring(column_ifexists(\
                 'identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s', ''))), Application = \
                 tostring(column_ifexists('identity_claim_appid_g', '')), Object = \
                 coalesce(tostring(column_ifexists('identity_claim_oid_g', '')), tostring(column_ifexists(\
                 'identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g', ''))))"
            }
        }
    }
}

/// Who asked the account, with which key, with what success. The time span goes beside the query.
///
/// # Errors
/// In words, where the name is none that an account may have.
pub(super) fn usage(account: &str) -> Result<String, String> {
    if !is_plain(account) {
        return Err("an account's name has letters, digits and -".to_owned());
    }
    let tables: Vec<String> = Table::ALL.iter().map(|table| table.rows(account)).collect();
    Ok(format!(
        "union isfuzzy=true {} | summarize Requests = count(), First = min(TimeGenerated), Last = \
         max(TimeGenerated) by Token, Key, Refused = Status == '401', Region, Address, Agent",
        tables.join(", ")
    ))
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

/// Who read the secret from these vaults. Whatever else happened to them is counted with nobody's name, so that a vault
/// without audit is told from one that nobody read. The id in a row ends with the version that was read, also where
/// none was asked for.
///
/// # Errors
/// In words, where a name is none that a vault or a secret may have.
pub(super) fn secret_reads<'a>(
    vaults: impl Iterator<Item = &'a str>,
    secret: &str,
) -> Result<String, String> {
    let vaults: Vec<&str> = vaults.collect();
    if !is_plain(secret) || !vaults.iter().all(|vault| is_plain(vault)) {
        return Err("names of vaults and secrets have letters, digits and -".to_owned());
    }
    let quoted: Vec<String> = vaults.iter().map(|vault| format!("'{vault}'")).collect();
    let only_reads = ["Version", "Name", "Application", "Object", "Address", "Agent"]
        .map(|name| format!("{name} = iff(Read, {name}, '')"))
        .join(", ");
    Ok(format!(
        "union isfuzzy=true {} | extend Vault = tolower(tostring(split(_ResourceId, '/')[8])), Parts = split(Id, '/') \
         | where Vault in~ ({}) | extend Read = Operation =~ 'SecretGet' and Status startswith '2' and \
         tostring(Parts[4]) =~ '{secret}', Version = tostring(Parts[5]) | extend {only_reads} | summarize Rows = \
         count(), First = min(TimeGenerated), Last = max(TimeGenerated) by Vault, Read, Version, Name, Application, \
         Object, Address, Agent",
        Table::ALL.map(Table::audit).join(", "),
        quoted.join(", ")
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
    fn the_audit_is_asked_in_both_tables_for_all_vaults_and_one_secret() {
        let query = secret_reads(["one-kv", "two-kv"].into_iter(), "CosmosDb-ApiKey").unwrap();
        for word in ["AZKVAuditLogs", "AzureDiagnostics", "in~ ('one-kv', 'two-kv')", "=~ 'CosmosDb-ApiKey'"]
        {
            assert!(query.contains(word), "{word}: {query}");
        }
        for (vault, secret) in [("a' //", "s"), ("", "s"), ("a", "s' or true"), ("a", "")] {
            assert!(secret_reads([vault].into_iter(), secret).is_err(), "{vault} {secret}");
        }
    }

    #[test]
    fn nothing_but_a_name_becomes_part_of_a_query() {
        for name in ["", "a' or 1 == 1 //", "a\\", "a|b", "ä", "a b", "a\n"] {
            assert!(usage(name).is_err(), "{name}");
        }
    }
}

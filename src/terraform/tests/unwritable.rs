//! Names that cannot be written where the other one stands: refused, never written.

use crate::model::{Access, Slot};
use crate::terraform::{Refusal, flip};

type Files<'f> = &'f [(&'f str, &'f str)];

/// Whether a flip is refused for want of a name.
#[track_caller]
fn has_no_counterpart(files: Files<'_>) -> bool {
    match flip(files, None, Access::ReadWrite, Slot::Secondary) {
        Ok(_) => false,
        Err(refusals) => {
            assert!(matches!(refusals[0], Refusal::NoCounterpart { .. }), "{refusals:?}");
            true
        }
    }
}

#[test]
fn an_output_that_is_no_identifier_is_no_counterpart() {
    let outputs = "output \"primary\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
                   output \"OTHER\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let module = "module \"db\" {\n  source = \"./db\"\n}\nlocals {\n  k = module.db.primary\n}\n";
    for (other, refused) in [("secondary", false), ("second[*]", true), ("the second", true), ("2nd", true)] {
        let outputs = outputs.replace("OTHER", other);
        assert_eq!(has_no_counterpart(&[("a.tf", module), ("db/a.tf", &outputs)]), refused, "{other}");
    }
}

#[test]
fn between_quotes_a_name_need_not_be_an_identifier() {
    let text = "locals {\n  keys = {\n    \"the primary\" = azurerm_cosmosdb_account.x.primary_key\n    \
                \"the secondary\" = azurerm_cosmosdb_account.x.secondary_key\n  }\n  \
                k = local.keys[\"the primary\"]\n}\n";
    assert!(!has_no_counterpart(&[("a.tf", text)]));
}

#[test]
fn a_value_that_chooses_must_be_written_as_it_reads() {
    for (written, refused) in [
        ("secondary", false),
        ("zwei", false),
        ("a\\\"b", true),
        ("a\\\\b", true),
        ("a\\nb", true),
        ("a$${b", true),
        ("a\u{1a}b", true),
    ] {
        let text = format!(
            "variable \"slot\" {{\n  default = \"primary\"\n}}\nlocals {{\n  k = {{ primary = \
             azurerm_cosmosdb_account.x.primary_key, \"{written}\" = azurerm_cosmosdb_account.x.secondary_key \
             }}[var.slot]\n}}\n"
        );
        match flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary) {
            Ok(changed) => assert!(!refused && changed.len() == 1, "{written}"),
            Err(refusals) => {
                let chosen = matches!(refusals[0], Refusal::ChosenElsewhere { .. });
                assert!(refused && chosen, "{written}: {refusals:?}");
            }
        }
    }
}

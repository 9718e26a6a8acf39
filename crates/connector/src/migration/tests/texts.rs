use proptest::prelude::*;

use crate::migration::{Export, Options, migrate};

fn refused(name: &str, content: impl AsRef<[u8]>) -> String {
    migrate(&[Export { name, content: content.as_ref() }], &Options::default()).unwrap_err().to_string()
}

#[test]
fn bicep_needs_its_compiler_and_is_told_so() {
    let bicep = "// action group\n\nparam name string\nresource ag 'Microsoft.Insights/actionGroups@2023-01-01' = {}\n";
    let said = refused("infra/ag.bicep", bicep);
    assert!(said.contains("infra/ag.bicep: is Bicep, which only its compiler can read; run `az bicep build --file infra/ag.bicep` and give infra/ag.json"), "{said}");
    for text in [bicep, "@description('x')\nparam a string", "targetScope = 'subscription'", "using './ag.bicep'"] {
        assert!(refused("-", text).contains("az bicep build"), "{text}");
    }
}

#[test]
fn other_texts_are_told_how_to_export() {
    for (content, words) in [
        (&b""[..], "is empty"),
        (b"- name: ops\n  itsmReceivers: []\n", "is not JSON"),
        (b"{\"name\": ", "is not JSON"),
        (b"\xff\xfe{", "is neither UTF-8 nor UTF-16"),
        (b"\x00\xff", "is neither UTF-8 nor UTF-16"),
        (b"{}", "there is no action group in it"),
        (b"[]", "there is no action group in it"),
        (b"{\"parameters\": {\"name\": {\"value\": \"x\"}}}", "there is no action group in it"),
    ] {
        let said = refused("x.json", content);
        assert!(said.contains(words) && said.contains("az monitor action-group list -o json"), "{said}");
    }
}

#[test]
fn an_alert_rule_of_2018_with_an_action_of_its_own_is_not_passed_over() {
    let content = br#"{"alerts": [{"actions": {"itsmAction": {"connectionId": "x", "templateInfo": "{}"}}}]}"#;
    let migration = migrate(&[Export { name: "rules.json", content }], &Options::default()).unwrap();
    assert!(!migration.complete() && migration.findings[0].cause.contains("alert rule of Log Analytics"));
}

#[test]
fn names_from_outside_cannot_leave_their_comment() {
    let content = br#"{"name": "a\n[connections.evil]", "itsmReceivers": [{"name": "\u0000\nx = 1", "connectionId": "\n[y]", "workspaceId": "a|b",
        "ticketConfiguration": "{\"WorkItemType\":\"Incident\",\"WorkItemData\":\"{\\\"a\\\":\\\"\\\\\\\"\\\\n[z]\\\"}\"}"}]}"#;
    let migration = migrate(&[Export { name: "x", content }], &Options::default()).unwrap();
    let settings = super::settings(&migration);
    assert_eq!((settings.connections.len(), settings.route.len()), (1, 1));
    assert_eq!(migration.action_groups[0].routes[0].settings.fields["a"], "\"\n[z]");
}

proptest! {
    #[test]
    fn whatever_a_ticket_configuration_holds_the_settings_are_good_and_the_receiver_has_a_route(
        text in "[\\PC\\n]{0,60}", key in "[a-zA-Z_ ]{0,20}", value in "[\\PC\\n]{0,20}"
    ) {
        let ticket = serde_json::json!({"WorkItemType": value, key.as_str(): text, "WorkItemData": {key.as_str(): value}}).to_string();
        for ticket in [text, ticket] {
            let group = serde_json::json!({"name": key, "itsmReceivers": [{"name": value, "ticketConfiguration": ticket}]}).to_string();
            let migration = migrate(&[Export { name: "x", content: group.as_bytes() }], &Options::default()).unwrap();
            prop_assert_eq!(migration.action_groups[0].routes.len(), 1);
            super::settings(&migration);
        }
    }
}

//! Settings that are wrong, before and after anything is connected.

use super::*;
use crate::configuration::validate::findings;
use crate::settings::Settings;

fn problems(more: &str) -> Vec<(String, String)> {
    let auth = if more.contains("auth =") {
        String::new()
    } else {
        format!("auth = {{ type = \"client_credentials\", client_id = \"{APPLICATION}\", client_secret = \"$SECRET\" }}\n")
    };
    let text = format!(
        "[intake]\napi_keys = [\"$SECRET\"]\n[connections.prov]\nprovider = \"provance\"\nurl = \"https://org.crm.dynamics.com\"\n{auth}{more}"
    );
    let settings: Settings = toml::from_str(&text).unwrap();
    let told = settings.validate(&secrets());
    assert!(told.iter().all(|problem| problem.remedy.len() > 5), "{told:?}");
    told.into_iter().map(|problem| (problem.key, problem.message)).collect()
}

#[test]
fn each_wrong_setting_is_named() {
    assert_eq!(problems(""), []);
    for (more, key) in [
        ("[connections.prov.provance]\ntenant = \"a/b\"\n", "provance.tenant"),
        ("[connections.prov.provance]\nauthority = \"http://login.example\"\n", "provance.authority"),
        ("[connections.prov.provance.profile]\napi_version = \"latest\"\n", "provance.profile.api_version"),
        ("[connections.prov.provance.profile.incident]\nentity_set = \"a/b\"\n", "provance.profile.incident.entity_set"),
        ("[connections.prov.provance.profile.incident]\nnumber = \"\"\n", "provance.profile.incident.number"),
        ("[connections.prov.provance.profile.incident]\ncategory = \"a b\"\n", "provance.profile.incident.category"),
        ("[connections.prov.provance.profile.incident]\nresolved = {}\n", "provance.profile.incident.resolved"),
        ("[connections.prov.provance.profile.incident]\nreopen = {}\n", "provance.profile.incident.reopen"),
        ("[connections.prov.provance.profile.incident]\ncorrelation = { alternate_key = true }\n", "incident.correlation.column"),
        (
            "[connections.prov.provance.profile.incident]\nci_link = { kind = \"lookup\", column = \"x\" }\n",
            "profile.ci.entity_set",
        ),
        ("[connections.prov.provance.profile.change]\nentity_set = \"x\"\n", "profile.change.logical_name"),
        ("[connections.prov.event]\ntemplate = \"x\"\n", "connections.prov.event"),
        ("auth = { type = \"client_certificate\", client_id = \"x\", certificate = \"/nowhere.pem\" }\n", "auth.certificate"),
        ("auth = { type = \"client_credentials\", client_id = \"\", client_secret = \"$SECRET\" }\n", "auth.client_id"),
        ("auth = { type = \"oauth_password\", client_id = \"x\", username = \"\", password = \"clear\" }\n", "auth.password"),
    ] {
        let told = problems(more);
        assert!(told.iter().any(|(named, _)| named.contains(key)), "{key}: {told:?}");
    }
}

#[tokio::test]
async fn a_profile_is_held_against_the_definitions_at_each_refresh() {
    let more = format!(
        "{CUSTOMER}profile.incident.number = \"ticketnumbr\"\nprofile.incident.assigned_to = \"ownerid\"\n\
         profile.incident.priority = {{ column = \"prioritycode\", high = 1, medium = 2, low = 9 }}\n\
         profile.incident.reopen = {{ statecode = 0, statuscode = 77 }}\n"
    );
    let stage = Stage::with(options(), &more).await;
    let connection = settings(&stage.tool.url(), &more);
    let configuration = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    assert_eq!(configuration.gaps, []);
    let found = findings("prov", &connection, &BTreeMap::new(), &configuration);
    let of =
        |end: &str| found.iter().find(|finding| finding.setting.ends_with(end)).unwrap_or_else(|| panic!("{end}: {found:#?}"));
    let number = of("provance.profile.incident.number");
    assert!(
        number.problem.contains("incident has no column ticketnumbr") && number.remedy.contains("ticketnumber"),
        "{number:?}"
    );
    assert_eq!(of("incident.assigned_to").remedy, "write _ownerid_value");
    assert!(of("incident.priority.low").problem.contains('9'));
    assert!(of("incident.reopen.statuscode").problem.contains("77"));
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[tokio::test]
async fn a_copy_of_an_earlier_refresh_gives_types_while_definitions_cannot_be_read() {
    use emulators::dataverse::{Effect, Fault};
    let stage = Stage::new().await;
    let configuration = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    let bound =
        format!("[provance.profile.incident]\nrequired_bind = {{ customerid_account = \"/accounts({})\" }}\n", account(&stage));
    let stage = stage.again(&bound);
    stage.provider.adopt(&configuration);
    let busy = Effect::Status { code: 503, body: String::new(), headers: Vec::new() };
    stage.tool.faults().add(Fault::new(busy).path("EntityDefinitions"));
    let fields = BTreeMap::from([("caseorigincode".to_owned(), "Web".to_owned()), ("title".to_owned(), "x".repeat(400))]);
    let written = stage.provider.create(&Draft { fields, ..draft() }).await.unwrap();
    assert_eq!((written.item.values["caseorigincode"].as_str(), stage.incident().title.chars().count()), ("3", 200));
}

/// The key of the account Contoso, as the first incident that has it tells.
fn account(stage: &Stage) -> String {
    let id = stage.tool.file(Kind::Incident, "for its customer");
    let all = stage.tool.all(Kind::Incident);
    stage.tool.remove(Kind::Incident, &id);
    all[0].fields["customerid"].clone()
}

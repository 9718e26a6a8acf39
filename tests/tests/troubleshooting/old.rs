//! Every message of the troubleshooting pages of Microsoft's ITSMC, in their order, stands in the guide with what it looks like here,
//! its cause and its remedy; and what it looks like here is what is said when it happens.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use crate::guide::{self, Row};
use crate::scenes::Scene::{self, *};

/// The old message, or enough of it; and the scenes in which the guide's words must be heard, none where the trouble cannot be here.
const OLD: [(&str, &[Scene]); 32] = [
    ("Unexpected response from ServiceNow along with success status code", &[ImportSet]),
    ("ACL Exception Update Failed due to security constraints", &[NoRight]),
    ("An error occurred while sending the request.", &[Refused, NoHost]),
    ("ServiceDeskHttpBadRequestException: StatusCode=429", &[RateLimit]),
    ("AccessToken and RefreshToken invalid. User needs to authenticate again.", &[TokensGone]),
    ("Could not sync templates configuration for Event,Alert,Incident.", &[NoTemplates]),
    (
        "Could not create/update work item for alert {alertName}. ITSM Connector {connectionIdentifier} does not exist or was deleted.",
        &[NoConnection],
    ),
    ("Something went wrong. Could not get connection details.", &[]),
    ("Failed to add ITSM Connection named \"XXX\" due to Bad Request.", &[Filtered, FilteredInJson]),
    ("Failed to update ITSM Connection credentials", &[Filtered, FilteredInJson]),
    ("User Not Authenticated", &[PasswordChanged, PasswordWrong]),
    ("Error in saving connection", &[PasswordWrong, GrantWrong]),
    ("Duplicate work items", &[Twice]),
    ("Work items not created", &[NoRight]),
    ("Cannot create ITSM action", &[]),
    ("Can't retrieve the template configuration, see the connector logs for more information.", &[TemplatesHidden]),
    ("No values found for the following fields", &[ChoicesHidden]),
    ("Configuration item blank", &[NoItem]),
    ("ServiceNow data not synced", &[Hibernating]),
    ("Object reference not set to instance of an object", &[NotFilledIn]),
    ("Failure occurred in Azure AD application", &[]),
    ("Web App configuration failed. Please ensure all values are provided", &[NotFilledIn]),
    ("Failed to Register Microsoft.Relay / Microsoft.Web Resource Provider", &[]),
    ("Hybrid Connection Manager stays \"Not connected\"", &[]),
    ("points to an ITSM connection that has been deleted or moved", &[WorkspaceId]),
    ("HTTP 400: ServiceNow returned error: No such host is known", &[NoHost]),
    ("HTTP 403: Couldn't access the ITSM system", &[Filtered, FilteredInJson]),
    ("HTTP 403: The access token needs to be refreshed.", &[TokensGone]),
    ("HTTP 404: The <action> was deleted / wasn't found", &[Deleted]),
    ("HTTP 500: The ServiceNow endpoint returned an Unexpected response.", &[Welcome]),
    ("HTTP 503: The ServiceNow returned Service Unavailable", &[Down]),
    ("couldn't be triggered because", &[]),
];

/// What the guide says is said; a line to type is not.
fn said(row: &Row) -> Vec<&str> {
    row.quoted(1).into_iter().filter(|quoted| !quoted.starts_with("itsm-connector ")).collect()
}

fn row<'a>(rows: &'a [Row], old: &str) -> &'a Row {
    let mut of = rows.iter().filter(|row| row.cells[0].contains(old));
    let row = of.next().unwrap_or_else(|| panic!("the guide has no row for \"{old}\""));
    assert!(of.next().is_none(), "the guide has two rows for \"{old}\"");
    row
}

#[test]
fn every_old_message_stands_in_the_guide_with_its_looks_here_cause_and_remedy() {
    let (rows, _) = guide::rows();
    assert_eq!(rows.len(), OLD.len());
    for (old, scenes) in OLD {
        let row = row(&rows, old);
        assert_eq!(row.cells.len(), 4, "{}", row.line);
        let (here, rest) = (&row.cells[1], &row.cells[2..]);
        if scenes.is_empty() {
            assert!(here.starts_with("never:") && row.quoted(1).is_empty(), "{}", row.line);
        } else {
            assert!(!said(row).is_empty(), "{}", row.line);
        }
        assert!(rest.iter().all(|cell| !cell.is_empty() && cell != "above"), "{}", row.line);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_guide_says_of_an_old_message_is_said_when_it_happens() {
    let mut scenes: Vec<Scene> = Vec::new();
    for scene in OLD.iter().flat_map(|(_, scenes)| scenes.iter()) {
        if !scenes.contains(scene) {
            scenes.push(*scene);
        }
    }
    let played = stream::iter(scenes).map(async |scene| (format!("{scene:?}"), Box::pin(scene.heard()).await));
    let heard: BTreeMap<String, String> = played.buffer_unordered(4).collect().await;

    let (rows, _) = guide::rows();
    let mut missing = Vec::new();
    for (old, scenes) in OLD.iter().filter(|(_, scenes)| !scenes.is_empty()) {
        let row = row(&rows, old);
        let of = |scene: &Scene| heard[&format!("{scene:?}")].as_str();
        for words in said(row) {
            if !scenes.iter().any(|scene| of(scene).contains(words)) {
                let all: Vec<_> = scenes.iter().map(|scene| format!("{scene:?}:\n{}", of(scene))).collect();
                missing.push(format!("\"{words}\", of \"{old}\", is not heard in\n{}\n", all.join("\n")));
            }
        }
        // No scene is there for nothing.
        for scene in *scenes {
            let heard = said(row).iter().any(|words| of(scene).contains(words));
            assert!(heard, "nothing that the guide says of \"{old}\" is heard in {scene:?}:\n{}", of(scene));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

//! Queries and pages.

use std::{collections::HashSet, time::Duration};

use serde_json::json;

use super::{administrator, client, environment, options};
use crate::dataverse::{Dataverse, Options, Seed};

#[tokio::test]
async fn filters_select_what_they_say() {
    let environment = environment().await;
    let client = client(&environment).await;
    for title in ["Disk full", "It's slow", "disk broken"] {
        client.create(title).await;
        environment.advance(Duration::from_secs(60));
    }
    for (filter, count) in [
        ("title eq 'DISK FULL'", 1),
        ("title ne 'disk full'", 2),
        ("title eq 'It''s slow'", 1),
        ("contains(title,'disk')", 2),
        ("startswith(title,'it')", 1),
        ("endswith(title,'broken') or title eq 'disk full'", 2),
        ("not contains(title,'disk')", 1),
        ("modifiedon ge 2026-09-01T10:01:00Z", 2),
        ("modifiedon gt 2026-09-01T10:01:00Z and statecode eq 0", 1),
        ("(prioritycode eq 2 and statecode eq 0) and description eq null", 3),
        ("description ne null", 0),
        ("isescalated eq false", 3),
        ("createdon lt 2026-09-01", 0),
        ("Microsoft.Dynamics.CRM.LastXDays(PropertyName='modifiedon',PropertyValue=30)", 3),
        ("Microsoft.Dynamics.CRM.In(PropertyName='prioritycode',PropertyValues=['1','2'])", 3),
    ] {
        let answer = client.get(&format!("incidents?$select=title&$filter={filter}")).await;
        assert_eq!(answer.status, 200, "{filter}: {answer:?}");
        assert_eq!(answer.rows().len(), count, "{filter}");
    }
    let account = client.account().await;
    assert_eq!(client.get(&format!("incidents?$filter=_customerid_value eq {account}")).await.rows().len(), 3);
}

#[tokio::test]
async fn what_does_not_exist_or_does_not_fit_is_refused() {
    let environment = environment().await;
    let client = client(&environment).await;
    let no_property = "Could not find a property named 'nothing' on type 'Microsoft.Dynamics.CRM.incident'.";
    for option in ["$filter=nothing eq 1", "$select=nothing", "$orderby=nothing", "$expand=nothing"] {
        assert_eq!(client.get(&format!("incidents?{option}")).await.error(), (400, "0x80060888", no_property), "{option}");
    }
    assert_eq!(client.get("incidents?$skip=5").await.error(), (400, "0x80060888", "Skip Clause is not supported in CRM"));
    assert_eq!(client.get("incidents?$filter=prioritycode eq '1'").await.status, 400);
    assert_eq!(client.get("incidents?$filter=title eq 'x").await.status, 400);
    assert_eq!(client.get("incidents?$filter=_customerid_value eq 'x'").await.status, 400);
    let answer = client.get("nothings").await;
    assert_eq!(answer.error(), (404, "0x80060888", "Resource not found for the segment 'nothings'."));
    assert_eq!(client.get("Incidents").await.status, 404, "names of sets are case sensitive");
}

#[tokio::test]
async fn annotations_come_only_when_asked_for() {
    let environment = environment().await;
    let client = client(&environment).await;
    client.create("x").await;
    let path = "incidents?$select=prioritycode,_customerid_value,modifiedon";
    let bare = client.get(path).await;
    let row = bare.rows()[0].as_object().unwrap();
    assert_eq!(row.len(), 5, "three columns, the key and the tag: {row:?}");
    assert_eq!((&row["prioritycode"], &row["modifiedon"]), (&json!(2), &json!("2026-09-01T10:00:00Z")));
    let full = client.prefer(path, "odata.include-annotations=\"*\"").await;
    let row = &full.rows()[0];
    assert_eq!(row["prioritycode@OData.Community.Display.V1.FormattedValue"], "Normal");
    assert_eq!(row["_customerid_value@OData.Community.Display.V1.FormattedValue"], "Contoso");
    assert_eq!(row["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "account");
    assert_eq!(row["_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"], "customerid_account");
    assert_eq!(full.header("preference-applied"), "odata.include-annotations=\"*\"");
    let some = client.prefer(path, "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\"").await;
    assert_eq!(some.rows()[0].get("_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"), None);
    let refused = client.prefer("incidents?$select=nothing", "odata.include-annotations=\"*\"").await;
    assert!(refused.body["error"]["@Microsoft.PowerApps.CDS.InnerError.Message"].is_string());
}

async fn seeded() -> Dataverse {
    Dataverse::start_with(Options { seed: Seed { incidents: 500, ..Seed::default() }, ..options() }).await
}

#[tokio::test]
async fn pages_follow_an_opaque_link_and_need_the_preference_again() {
    let environment = seeded().await;
    let client = client(&environment).await;
    for order in ["", "&$orderby=modifiedon asc,incidentid asc", "&$orderby=title desc", "&$orderby=createdon desc"] {
        let (mut link, mut ids, mut pages) = (format!("incidents?$select=incidentid{order}"), HashSet::new(), 0);
        loop {
            let page = client.prefer(&link, "odata.maxpagesize=120").await;
            assert_eq!(page.header("preference-applied"), "odata.maxpagesize=120");
            ids.extend(page.rows().iter().map(|row| row["incidentid"].as_str().unwrap().to_owned()));
            pages += 1;
            match page.body["@odata.nextLink"].as_str() {
                Some(next) => next.clone_into(&mut link),
                None => break,
            }
        }
        assert_eq!((ids.len(), pages), (500, 5), "{order}");
    }
    let first = client.prefer("incidents?$select=title", "odata.maxpagesize=120").await;
    let next = first.body["@odata.nextLink"].as_str().unwrap();
    assert!(next.contains("$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie"), "{next}");
    assert_eq!(client.get(next).await.rows().len(), 380, "without the preference the page is as large as can be");
    let altered = next.replace("=title", "=incidentid");
    assert_ne!(altered, next);
    assert_eq!(client.get(&altered).await.status, 400);
    assert_eq!(client.get(&next.replace("pagingcookie", "cookie")).await.status, 400);
}

#[tokio::test]
async fn a_page_of_changes_begins_where_the_filter_says() {
    let environment = seeded().await;
    let client = client(&environment).await;
    let from = "2026-08-01T00:00:00Z";
    let all = client.get("incidents?$select=modifiedon").await;
    let mut expected: Vec<(String, String)> = all
        .rows()
        .iter()
        .map(|row| (row["modifiedon"].as_str().unwrap().to_owned(), row["incidentid"].as_str().unwrap().to_owned()))
        .filter(|(modified, _)| modified.as_str() >= from)
        .collect();
    expected.sort();
    let path =
        format!("incidents?$select=modifiedon&$filter=modifiedon ge {from}&$orderby=modifiedon asc,incidentid asc&$count=true");
    let answer = client.get(&path).await;
    let found: Vec<(String, String)> = answer
        .rows()
        .iter()
        .map(|row| (row["modifiedon"].as_str().unwrap().to_owned(), row["incidentid"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(answer.body["@odata.count"], expected.len());
    assert!(expected.len() > 50);
}

#[tokio::test]
async fn top_cuts_without_a_next_link_and_sets_the_page_size_aside() {
    let environment = seeded().await;
    let client = client(&environment).await;
    let answer = client.prefer("incidents?$top=7&$orderby=createdon desc", "odata.maxpagesize=3").await;
    assert_eq!((answer.rows().len(), answer.body.get("@odata.nextLink"), answer.header("preference-applied")), (7, None, ""));
    let created: Vec<&str> = answer.rows().iter().map(|row| row["createdon"].as_str().unwrap()).collect();
    assert!(created.is_sorted_by(|left, right| left >= right));
}

#[tokio::test]
async fn a_large_table_is_paged_and_counted_up_to_5000() {
    let environment = Dataverse::start_with(Options { seed: Seed { incidents: 6000, ..Seed::default() }, ..options() }).await;
    let client = administrator(&environment).await;
    let page = client.get("incidents?$select=incidentid&$count=true").await;
    assert_eq!((page.rows().len(), page.body["@odata.count"].as_u64()), (5000, Some(5000)));
    assert_eq!(client.get(page.body["@odata.nextLink"].as_str().unwrap()).await.rows().len(), 1000);
}

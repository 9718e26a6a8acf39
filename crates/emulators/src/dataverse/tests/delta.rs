//! Change tracking.

use std::time::Duration;

use serde_json::json;

use super::{administrator, environment};

#[tokio::test]
async fn a_delta_link_brings_changes_and_deletions_and_nothing_twice() {
    let environment = environment().await;
    let client = administrator(&environment).await;
    let (kept, gone) = (client.create("kept").await, client.create("gone").await);
    let first = client.prefer("incidents?$select=title", "odata.track-changes").await;
    assert_eq!((first.rows().len(), first.header("preference-applied")), (2, "odata.track-changes"));
    assert!(first.body["@odata.context"].as_str().unwrap().ends_with("#incidents(title)/$delta"));
    let link = first.body["@odata.deltaLink"].as_str().unwrap().to_owned();
    assert!(link.contains("$deltatoken=70") && link.contains("%2109%2f01%2f2026"), "{link}");
    client.send("PATCH", &format!("incidents({kept})"), json!({"title": "changed"})).await;
    client.send("DELETE", &format!("incidents({gone})"), json!({})).await;
    let second = client.get(&link).await;
    assert_eq!(second.rows().len(), 2, "{second:?}");
    assert_eq!(second.rows()[0]["title"], "changed");
    assert_eq!((second.rows()[1]["id"].as_str(), second.rows()[1]["reason"].as_str()), (Some(gone.as_str()), Some("deleted")));
    assert!(second.rows()[1]["@odata.context"].as_str().unwrap().ends_with("#incidents/$deletedEntity"));
    let third = client.get(second.body["@odata.deltaLink"].as_str().unwrap()).await;
    assert_eq!(third.rows().len(), 0);
}

#[tokio::test]
async fn a_tracked_reading_comes_in_pages() {
    let environment = environment().await;
    let client = administrator(&environment).await;
    for number in 0..5 {
        client.create(&number.to_string()).await;
    }
    let (mut link, mut titles) = ("incidents?$select=title".to_owned(), Vec::new());
    loop {
        let page = client.prefer(&link, "odata.track-changes,odata.maxpagesize=2").await;
        titles.extend(page.rows().iter().map(|row| row["title"].as_str().unwrap().to_owned()));
        match page.body["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut link),
            None => break,
        }
    }
    assert_eq!(titles, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn tracking_refuses_other_options_tables_without_it_and_old_tokens() {
    let environment = environment().await;
    let client = administrator(&environment).await;
    for option in ["$filter=title eq 'x'", "$orderby=title", "$top=1", "$expand=createdby"] {
        assert_eq!(client.prefer(&format!("incidents?{option}"), "odata.track-changes").await.status, 400, "{option}");
    }
    assert_eq!(client.prefer("queues", "odata.track-changes").await.status, 400);
    let first = client.prefer("incidents?$select=title", "odata.track-changes").await;
    environment.advance(Duration::from_secs(8 * 86_400));
    let client = administrator(&environment).await;
    assert_eq!(client.get(first.body["@odata.deltaLink"].as_str().unwrap()).await.error().1, "0x80044352");
}

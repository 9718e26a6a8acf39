//! `If-Match` and `If-None-Match`.

use serde_json::json;

use super::{CHOSEN, Client, Read, client, environment, options, read};
use crate::dataverse::{Dataverse, Options};

async fn patch(client: &Client, id: &str, header: (&str, &str), title: &str) -> Read {
    let body = client.incident(title).await;
    read(client.request("PATCH", &format!("incidents({id})")).header(header.0, header.1).json(&body)).await
}

#[tokio::test]
async fn a_chosen_key_creates_once_and_the_second_time_is_412_with_an_empty_code() {
    let environment = environment().await;
    let client = client(&environment).await;
    let first = patch(&client, CHOSEN, ("If-None-Match", "*"), "once").await;
    assert_eq!(first.status, 204);
    assert!(first.header("odata-entityid").ends_with(&format!("/api/data/v9.2/incidents({CHOSEN})")));
    let second = patch(&client, CHOSEN, ("If-None-Match", "*"), "twice").await;
    assert_eq!(second.error(), (412, "", "A record with matching key values already exists."));
    assert_eq!(client.get(&format!("incidents({CHOSEN})")).await.body["title"], "once");
    assert_eq!(environment.count("incident"), 1);
}

#[tokio::test]
async fn codes_can_be_filled_as_on_live_servers() {
    let environment = Dataverse::start_with(Options { empty_conditional_codes: false, ..options() }).await;
    let client = client(&environment).await;
    assert_eq!(patch(&client, CHOSEN, ("If-Match", "*"), "x").await.error().1, "0x80040217");
    patch(&client, CHOSEN, ("If-None-Match", "*"), "x").await;
    assert_eq!(patch(&client, CHOSEN, ("If-None-Match", "*"), "x").await.error().1, "0x80040237");
    assert_eq!(patch(&client, CHOSEN, ("If-Match", "W/\"1\""), "x").await.error().1, "0x80060882");
}

#[tokio::test]
async fn if_match_star_never_creates() {
    let environment = environment().await;
    let client = client(&environment).await;
    let answer = patch(&client, CHOSEN, ("If-Match", "*"), "x").await;
    assert_eq!(answer.error(), (404, "", format!("incident With Id = {CHOSEN} Does Not Exist").as_str()));
    assert_eq!(environment.count("incident"), 0);
    assert_eq!(client.send("PATCH", &format!("incidents({CHOSEN})"), client.incident("x").await).await.status, 204);
    assert_eq!(environment.count("incident"), 1, "without a condition it is an upsert");
}

#[tokio::test]
async fn an_old_version_is_not_written_over() {
    let environment = environment().await;
    let client = client(&environment).await;
    let path = format!("incidents({})", client.create("x").await);
    let etag = client.get(&path).await.body["@odata.etag"].as_str().unwrap().to_owned();
    let write =
        |title: &'static str| read(client.request("PATCH", &path).header("If-Match", &etag).json(&json!({"title": title})));
    assert_eq!(write("first").await.status, 204);
    let text = "The version of the existing record doesn't match the RowVersion property provided.";
    assert_eq!(write("second").await.error(), (412, "", text));
}

#[tokio::test]
async fn an_unchanged_record_is_304() {
    let environment = environment().await;
    let client = client(&environment).await;
    let path = format!("incidents({})", client.create("x").await);
    let etag = client.get(&path).await.header("etag").to_owned();
    assert_eq!(read(client.request("GET", &path).header("If-None-Match", &etag)).await.status, 304);
    assert_eq!(read(client.request("GET", &path).header("If-None-Match", "null")).await.status, 200);
    client.send("PATCH", &path, json!({"title": "y"})).await;
    assert_eq!(read(client.request("GET", &path).header("If-None-Match", &etag)).await.status, 200);
}

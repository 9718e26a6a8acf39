//! Filters, sorting, pages, saved searches.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{Client, INCIDENT, client, options, system};
use crate::cherwell::{Cherwell, Options, PageNumber, Seed, UnknownField};

const MODIFIED: &str = "93543557882ad94503745843c9a380aa0c380935c8";
const PRIORITY: &str = "83c36313e97b4e6b9028aff3b401b71c";
const TITLE: &str = "93e8ea93ff67fd95118255419690a50ef2d56f910c";
const RECORD: &str = "fa03d51b709e4a6eb2d52885b2ef7e04";

/// Three incidents, a minute apart.
async fn three() -> (Cherwell, Client) {
    let system = system().await;
    for (title, priority) in [("alpha", "1"), ("Beta", "2"), ("gamma", "3")] {
        system.insert("Incident", &[("ShortDescription", title), ("Priority", priority)]);
        system.advance(Duration::from_secs(60));
    }
    let client = client(&system).await;
    (system, client)
}

async fn titles(client: &Client, filters: Value) -> Vec<String> {
    let search = json!({"busObId": INCIDENT, "fields": [TITLE], "filters": filters, "sorting": [{"fieldId": MODIFIED, "sortDirection": 1}], "pageSize": 10});
    client.column(search, "ShortDescription").await
}

fn filter(field: &str, operator: &str, value: &str) -> Value {
    json!({"fieldId": field, "operator": operator, "value": value})
}

#[tokio::test]
async fn there_are_five_operators_and_no_others() {
    let (_system, client) = three().await;
    for (field, operator, value, found) in [
        (TITLE, "eq", "BETA", &["Beta"][..]),
        (TITLE, "=", "beta", &["Beta"]),
        (TITLE, "contains", "MM", &["gamma"]),
        (TITLE, "startswith", "al", &["alpha"]),
        (PRIORITY, "gt", "1", &["Beta", "gamma"]),
        (PRIORITY, "lt", "2", &["alpha"]),
        (MODIFIED, "gt", "9/1/2026 4:01 AM", &["gamma"]),
        (MODIFIED, "lt", "09/01/2026 04:01:00 AM", &["alpha"]),
        (MODIFIED, "eq", "9/1/2026 4:01 AM", &["Beta"]),
        (&format!("BO:{INCIDENT},FI:{TITLE}"), "eq", "alpha", &["alpha"]),
    ] {
        assert_eq!(titles(&client, json!([filter(field, operator, value)])).await, found, "{operator} {value}");
    }
    assert_eq!(titles(&client, json!([])).await.len(), 3);
    for operator in ["ge", "le", "ne", ">="] {
        let search = json!({"busObId": INCIDENT, "filters": [filter(PRIORITY, operator, "1")]});
        let (status, body) = client.post("getsearchresults", search).await;
        assert_eq!((status, &body["hasError"], &body["totalRows"]), (500, &json!(true), &json!(null)), "{operator}");
    }
    let search = json!({"busObId": INCIDENT, "filters": [filter(MODIFIED, "gt", "yesterday")]});
    assert_eq!(client.post("getsearchresults", search).await.0, 500);
}

#[tokio::test]
async fn filters_on_one_field_are_alternatives_and_on_several_all_hold() {
    let (_system, client) = three().await;
    let either = json!([filter(PRIORITY, "eq", "1"), filter(PRIORITY, "eq", "3")]);
    assert_eq!(titles(&client, either).await, ["alpha", "gamma"]);
    let both = json!([filter(PRIORITY, "eq", "1"), filter(TITLE, "contains", "a"), filter(PRIORITY, "eq", "2")]);
    assert_eq!(titles(&client, both).await, ["alpha", "Beta"]);
    // So a range of dates cannot be asked for: one of the two always holds.
    let range = json!([filter(MODIFIED, "gt", "9/1/2026 4:00 AM"), filter(MODIFIED, "lt", "9/1/2026 4:02 AM")]);
    assert_eq!(titles(&client, range).await.len(), 3);
}

#[tokio::test]
async fn unknown_fields_in_a_filter_are_refused_or_widen_the_search() {
    for (unknown_field, status) in [(UnknownField::Refused, 500), (UnknownField::Ignored, 200)] {
        let system = Cherwell::start_with(Options { unknown_field, ..options() }).await;
        system.insert("Incident", &[]);
        let search = json!({"busObId": INCIDENT, "filters": [filter("93none", "eq", "x")]});
        let (found, body) = client(&system).await.post("getsearchresults", search).await;
        assert_eq!((found, body["totalRows"].as_u64()), (status, (status == 200).then_some(1)));
    }
}

#[tokio::test]
async fn seconds_count_in_a_filter_though_nobody_sees_them() {
    for (minute_stamps, found) in [(false, 1), (true, 0)] {
        let system = Cherwell::start_with(Options { minute_stamps, ..options() }).await;
        system.advance(Duration::from_secs(30));
        system.insert("Incident", &[("ShortDescription", "x")]);
        let client = client(&system).await;
        let shown = titles(&client, json!([filter(MODIFIED, "gt", "9/1/2026 4:00 AM")])).await;
        assert_eq!(shown.len(), found, "minute_stamps {minute_stamps}");
        assert_eq!(system.records("Incident")[0]["LastModifiedDateTime"], "9/1/2026 4:00 AM");
    }
}

#[tokio::test]
async fn which_direction_ascends_is_not_the_same_everywhere() {
    for ascending in [0, 1] {
        let system =
            Cherwell::start_with(Options { ascending, seed: Seed { incidents: 5, change_requests: 0 }, ..options() }).await;
        let client = client(&system).await;
        let search = |direction: i64| {
            json!({"busObId": INCIDENT, "fields": ["6ae282c55e8e4266ae66ffc070c17fa3"],
            "sorting": [{"fieldId": "c1e86f31eb2c4c5f8e8615a5189e9b19", "sortDirection": direction}, {"fieldId": RECORD, "sortDirection": direction}]})
        };
        let up = client.column(search(ascending), "IncidentID").await;
        let mut down = client.column(search(1 - ascending), "IncidentID").await;
        assert_eq!(up, ["102300", "102301", "102302", "102303", "102304"]);
        down.reverse();
        assert_eq!(up, down);
    }
}

#[tokio::test]
async fn a_page_number_counts_pages_or_rows() {
    for (page_number, second, third) in [
        (PageNumber::Page, vec!["102302", "102303"], vec!["102304"]),
        (PageNumber::Row, vec!["102301", "102302"], vec!["102302", "102303"]),
    ] {
        let system =
            Cherwell::start_with(Options { page_number, seed: Seed { incidents: 5, change_requests: 0 }, ..options() }).await;
        let client = client(&system).await;
        let page = async |number: i64| {
            let search = json!({"busObId": INCIDENT, "fields": ["6ae282c55e8e4266ae66ffc070c17fa3"], "pageNumber": number, "pageSize": 2,
                "sorting": [{"fieldId": "6ae282c55e8e4266ae66ffc070c17fa3", "sortDirection": 1}]});
            let (_, body) = client.post("getsearchresults", search).await;
            assert_eq!(body["totalRows"], 5);
            let records = body["businessObjects"].as_array().unwrap().iter();
            let numbers: Vec<String> = records.map(|record| record["busObPublicId"].as_str().unwrap().to_owned()).collect();
            (numbers, body["hasMoreRecords"].as_bool().unwrap())
        };
        assert_eq!(page(0).await.0, ["102300", "102301"]);
        assert_eq!(page(1).await, (vec!["102300".to_owned(), "102301".to_owned()], true));
        assert_eq!(page(2).await.0, second, "{page_number:?}");
        assert_eq!(page(3).await.0, third, "{page_number:?}");
        assert_eq!(page(9).await, (vec![], false));
    }
}

#[tokio::test]
async fn pages_of_an_unsorted_search_repeat_rows_and_miss_others() {
    let system = Cherwell::start_with(Options { seed: Seed { incidents: 20, change_requests: 0 }, ..options() }).await;
    let client = client(&system).await;
    let mut seen = Vec::new();
    for first in [1, 11] {
        let search =
            json!({"busObId": INCIDENT, "fields": ["6ae282c55e8e4266ae66ffc070c17fa3"], "pageNumber": first, "pageSize": 10});
        seen.extend(client.column(search, "IncidentID").await);
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len() < 20), (20, true), "{seen:?}");
}

#[tokio::test]
async fn columns_are_those_asked_for_all_or_the_grid() {
    let (_system, client) = three().await;
    let ask = async |more: Value| {
        let mut search = json!({"busObId": INCIDENT, "pageSize": 1});
        search.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.post("getsearchresults", search).await.1
    };
    let count = |body: &Value| body["businessObjects"][0]["fields"].as_array().unwrap().len();
    assert_eq!(count(&ask(json!({"fields": [format!("FI:{TITLE},BO:{INCIDENT}"), "93none"]})).await), 1);
    assert!(count(&ask(json!({"includeAllFields": true})).await) > 25);
    let grid = ask(json!({"includeSchema": true})).await;
    assert_eq!((count(&grid), grid["searchResultsFields"].as_array().unwrap().len()), (6, 6));
    assert_eq!(grid["searchResultsFields"][5]["isDateTime"], true);
    assert_eq!(ask(json!({"searchText": "GAMM"})).await["totalRows"], 1);
    assert_eq!(ask(json!({"pageSize": i32::MAX, "pageNumber": 1})).await["businessObjects"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_group_finds_the_records_of_its_members() {
    let system = system().await;
    let client = client(&system).await;
    let fields = client.fields(super::ITEMS).await;
    let search = json!({"busObId": super::ITEMS, "fields": [fields["FriendlyName"]], "filters": [filter(&fields["HostName"], "eq", "WEB02.contoso.com")]});
    assert_eq!(client.column(search, "FriendlyName").await, ["web02"]);
}

#[tokio::test]
async fn saved_searches_are_listed_and_run_and_an_unknown_one_is_a_500() {
    let system = Cherwell::start_with(Options { seed: Seed { incidents: 14, change_requests: 0 }, ..options() }).await;
    let client = client(&system).await;
    let (_, items) = client.get(&format!("/api/V1/getsearchitems/association/{INCIDENT}/scope/Global")).await;
    let open = items["root"]["childItems"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["searchName"] == "Open Incidents")
        .unwrap()
        .clone();
    let path = format!("/api/V1/getsearchresults/association/{INCIDENT}/scope/Global/scopeowner/(None)");
    let (status, by_id) = client.get(&format!("{path}/searchid/{}", open["searchId"].as_str().unwrap())).await;
    assert_eq!((status, &by_id["totalRows"]), (200, &json!(8)), "3 of 7 are resolved or closed");
    let (_, by_name) = client.get(&format!("{path}/searchname/Open%20Incidents?pagesize=3&includeschema=true")).await;
    assert_eq!((by_name["businessObjects"].as_array().unwrap().len(), &by_name["totalRows"]), (3, &json!(8)));
    let (_, posted) = client
        .post("getsearchresults", json!({"association": INCIDENT, "searchName": "Open Incidents", "scope": "Global"}))
        .await;
    assert_eq!(posted["totalRows"], 8);
    let (_, table) = client.get("/api/V2/storedsearches/Global/Incident/Open%20Incidents").await;
    assert_eq!((table["rows"].as_array().unwrap().len(), &table["columns"][0]["name"]), (8, &json!("Incident ID")));
    let (_, second) = client.get("/api/V2/getsearchitems").await;
    assert_eq!(second["root"]["childItems"].as_array().unwrap().len(), 3);
    let (status, body) = client.get(&format!("{path}/searchname/Nothing")).await;
    assert_eq!((status, &body["errorCode"]), (500, &json!("SEARCHNOTFOUND")));
    assert_eq!(body["errorMessage"], "The requested search was not found : Nothing");
}

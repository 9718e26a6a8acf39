//! Queries, order, pages and their headers, over HTTP.

use super::{client, instance};
use crate::servicenow::ServiceNow;

fn seed(instance: &ServiceNow) {
    for (text, impact, state, server, updated) in [
        ("alpha disk", "1", "1", "WEB01", "2026-08-01 00:00:01"),
        ("beta cpu", "2", "2", "SQL01", "2026-08-01 00:00:02"),
        ("gamma disk", "3", "6", "", "2026-08-01 00:00:02"),
        ("delta net", "3", "7", "WEB01", "2026-08-01 00:00:03"),
    ] {
        instance.insert(
            "incident",
            &[
                ("short_description", text),
                ("impact", impact),
                ("state", state),
                ("cmdb_ci", server),
                ("sys_updated_on", updated),
            ],
        );
    }
}

async fn found(instance: &ServiceNow, query: &str) -> Vec<String> {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let path = format!("/api/now/table/incident?sysparm_fields=short_description&sysparm_query={query}");
    let texts = client(instance).column(&path, "short_description").await;
    texts.iter().map(|text| text.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_query_language_selects_and_sorts() {
    let instance = instance().await;
    seed(&instance);
    for (query, expected) in [
        ("short_descriptionLIKEdisk", vec!["alpha", "gamma"]),
        ("short_descriptionNOT LIKEdisk", vec!["beta", "delta"]),
        ("short_descriptionSTARTSWITHBETA", vec!["beta"]),
        ("short_descriptionENDSWITHnet", vec!["delta"]),
        ("stateIN1,2", vec!["alpha", "beta"]),
        ("stateNOT IN6,7", vec!["alpha", "beta"]),
        ("impactBETWEEN1@2", vec!["alpha", "beta"]),
        ("cmdb_ciISEMPTY", vec!["gamma"]),
        ("cmdb_ciISNOTEMPTY^ORDERBYDESCshort_description", vec!["delta", "beta", "alpha"]),
        ("cmdb_ci.name=web01", vec!["alpha", "delta"]),
        ("cmdb_ci.sys_class_nameINSTANCEOFcmdb_ci_server^state=2", vec!["beta"]),
        ("impact=3^state=6^ORstate=7^short_descriptionLIKEn", vec!["delta"]),
        ("state=1^NQstate=7", vec!["alpha", "delta"]),
        ("ORDERBYDESCimpact^ORDERBYshort_description", vec!["delta", "gamma", "beta", "alpha"]),
        ("sys_updated_on>2026-08-01 00:00:01^ORDERBYsys_updated_on", vec!["beta|gamma", "beta|gamma", "delta"]),
        ("sys_updated_on>=2026-08-01 00:00:03", vec!["delta"]),
        ("sys_updated_on<2026-08-01 00:00:02", vec!["alpha"]),
        ("sys_updated_on<=2026-08-01 00:00:02^state=6", vec!["gamma"]),
        ("ORDERBYDESCsys_updated_on^state=1^ORstate=7", vec!["delta", "alpha"]),
        ("opened_atRELATIVEGT@hour@ago@1^state=1", vec!["alpha"]),
        ("opened_at>javascript:gs.daysAgo(1)^state=1", vec!["alpha"]),
        ("correlation_id=nothing", vec![]),
    ] {
        let texts = found(&instance, query).await;
        assert_eq!(texts.len(), expected.len(), "{query}: {texts:?}");
        for (text, expected) in texts.iter().zip(&expected) {
            assert!(expected.split('|').any(|one| one == text), "{query}: {texts:?}");
        }
    }
}

#[tokio::test]
async fn a_senseless_term_is_ignored_unless_the_property_forbids_it() {
    let instance = instance().await;
    seed(&instance);
    for query in ["no_such_column=1", "state", "cmdb_ci.no_such=1", "opened_at>javascript:new Evil()"] {
        assert_eq!(found(&instance, query).await.len(), 4, "{query}");
    }
    assert_eq!(found(&instance, "no_such_column=1^state=1").await, ["alpha"]);
    instance.set_property("glide.invalid_query.returns_no_rows", "true");
    assert_eq!(found(&instance, "no_such_column=1^state=1").await, Vec::<String>::new());
}

#[tokio::test]
async fn keyset_paging_walks_every_record_once() {
    let instance = instance().await;
    for number in 0..50 {
        let updated = format!("2026-08-01 00:00:{:02}", number / 10);
        instance.insert("incident", &[("short_description", "x"), ("sys_updated_on", &updated)]);
    }
    let client = client(&instance);
    let (mut seen, mut last) = (Vec::new(), (String::from("2026-07-01 00:00:00"), String::new()));
    let page = |query: String| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        format!(
            "/api/now/table/incident?sysparm_limit=7&sysparm_no_count=true&sysparm_fields=sys_id,sys_updated_on&sysparm_query={query}"
        )
    };
    loop {
        let later = client.get(&page(format!("sys_updated_on>{}^ORDERBYsys_updated_on^ORDERBYsys_id", last.0))).await.1;
        let mut rows = later["result"].as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        while !rows.is_empty() {
            for row in &rows {
                last = (row["sys_updated_on"].as_str().unwrap().to_owned(), row["sys_id"].as_str().unwrap().to_owned());
                seen.push(last.1.clone());
            }
            let same = client.get(&page(format!("sys_updated_on={}^sys_id>{}^ORDERBYsys_id", last.0, last.1))).await.1;
            rows.clone_from(same["result"].as_array().unwrap());
        }
    }
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (50, 50));
}

#[tokio::test]
async fn pages_carry_count_and_links_unless_told_otherwise() {
    let instance = instance().await;
    seed(&instance);
    let client = client(&instance);
    let headers = |parameters: &str| {
        let request = client.request("GET", &format!("/api/now/table/incident?sysparm_fields=number%2Cstate&{parameters}"));
        async move {
            let answer = request.send().await.unwrap();
            let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            (header("x-total-count"), header("link"))
        }
    };
    let relations =
        |link: &str| link.split(">;rel=").skip(1).map(|part| part.split(',').next().unwrap().to_owned()).collect::<Vec<_>>();
    let (count, link) = headers("sysparm_limit=2").await;
    assert_eq!(count.as_deref(), Some("4"));
    let link = link.unwrap();
    assert_eq!(relations(&link), ["\"first\"", "\"next\"", "\"last\""]);
    assert!(link.contains("sysparm_fields=number,state"), "{link}");
    assert!(headers("sysparm_limit=3&sysparm_offset=1").await.1.unwrap().contains("sysparm_offset=-2>;rel=\"prev\""));
    assert_eq!(headers("sysparm_limit=10").await, (Some("4".to_owned()), None));
    assert_eq!(headers("sysparm_limit=2&sysparm_suppress_pagination_header=true").await.1, None);
    let (count, link) = headers("sysparm_limit=2&sysparm_no_count=true").await;
    assert_eq!((count, relations(&link.unwrap())), (None, vec!["\"first\"".to_owned(), "\"next\"".to_owned()]));
}

#[tokio::test]
async fn a_column_can_be_named_as_a_parameter() {
    let instance = instance().await;
    seed(&instance);
    let texts = client(&instance).column("/api/now/table/incident?state=2", "short_description").await;
    assert_eq!(texts, ["beta cpu"]);
}

#[tokio::test]
async fn an_empty_list_is_404_only_in_version_one() {
    let instance = instance().await;
    let client = client(&instance);
    for (path, status) in [("/api/now/table", 200), ("/api/now/v2/table", 200), ("/api/now/v1/table", 404)] {
        assert_eq!(client.get(&format!("{path}/incident?sysparm_query=number=none")).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn the_statistics_count_and_group() {
    let instance = instance().await;
    seed(&instance);
    let client = client(&instance);
    let (_, counted) = client.get("/api/now/stats/incident?sysparm_count=true&sysparm_query=stateIN1,2").await;
    assert_eq!(counted["result"]["stats"]["count"], "2");
    let (_, grouped) = client.get("/api/now/stats/incident?sysparm_count=true&sysparm_group_by=impact").await;
    let groups: Vec<_> = grouped["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["groupby_fields"][0]["value"].as_str().unwrap(), group["stats"]["count"].as_str().unwrap()))
        .collect();
    assert_eq!(groups, [("1", "1"), ("2", "1"), ("3", "2")]);
}

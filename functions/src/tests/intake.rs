//! `POST /api/alerts/..`: what is accepted, what is stored, and what each refusal says.

use std::time::Duration;

use connector::delivery::Source;
use connector::route::Per;
use connector::work_item::WorkItemType;
use serde_json::json;

use super::{Host, Mood, Setup, answer};

#[tokio::test]
async fn an_alert_is_stored_as_it_came_and_answered_202_with_its_delivery_id() {
    let host = Host::usual().await;
    let body = "{ \"schemaId\": \"azureMonitorCommonAlertSchema\",\n \"data\": {\"\u{e4}\": 1.0} }";
    let (status, answer) = answer(host.post("/api/alerts/snow/incident").body(body)).await;
    assert_eq!(status, 202);
    let taken = host.taken();
    assert_eq!(taken.len(), 1);
    let delivery = &taken[0];
    assert_eq!(answer, json!({"deliveryId": delivery.id.to_string()}));
    assert_eq!(delivery.payload, body.as_bytes());
    assert_eq!(
        (delivery.connection.as_str(), delivery.work_item_type, delivery.source),
        ("snow", WorkItemType::Incident, Source::Alert)
    );
    assert_eq!(delivery.choices, connector::route::Choices::default());
    assert_eq!(delivery.accepted_at, "2026-11-23T12:00:00Z".parse().unwrap());
}

#[tokio::test]
async fn query_parameters_are_the_choices_of_the_delivery() {
    let host = Host::usual().await;
    let path = "/api/alerts/snow-test/alert?per=ci&template=Night%20shift&field.category=a%2Bb%26c&field.u_n%C3%A4me=%E2%82%AC+1";
    assert_eq!(answer(host.post(path).body("{}")).await.0, 202);
    let taken = host.taken();
    let choices = &taken[0].choices;
    assert_eq!(choices.per, Per::Ci);
    assert_eq!(choices.template.as_deref(), Some("Night shift"));
    assert_eq!(
        choices.fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(),
        [("category", "a+b&c"), ("u_n\u{e4}me", "\u{20ac} 1")]
    );
    assert_eq!(taken[0].work_item_type, WorkItemType::Alert);
}

#[tokio::test]
async fn a_route_has_its_own_choices_and_the_url_wins_over_them() {
    let host = Host::usual().await;
    assert_eq!(answer(host.post("/api/alerts/night").body("{}")).await.0, 202);
    assert_eq!(answer(host.post("/api/alerts/night?per=row&field.category=disk").body("{}")).await.0, 202);
    let taken = host.taken();
    for delivery in &taken {
        assert_eq!((delivery.connection.as_str(), delivery.work_item_type), ("snow", WorkItemType::Event));
    }
    assert_eq!((taken[0].choices.per, taken[0].choices.fields["category"].as_str()), (Per::Rule, "network"));
    assert_eq!((taken[1].choices.per, taken[1].choices.fields["category"].as_str()), (Per::Row, "disk"));
}

#[tokio::test]
async fn a_wrong_parameter_is_named_with_the_nearest_valid_one_and_never_with_its_value() {
    let host = Host::usual().await;
    for (query, detail, remedy) in [
        ("tmplate=hush", "there is no query parameter \"tmplate\"", "did you mean \"template\"?"),
        ("Per=hush", "there is no query parameter \"Per\"", "did you mean \"per\"?"),
        (
            "zzzzzzzz=hush",
            "there is no query parameter \"zzzzzzzz\"",
            "the parameters are: \"per\", \"template\", \"field.NAME\", \"code\"",
        ),
        ("per=rul", "query parameter \"per\" has an unknown value", "did you mean \"rule\"?"),
        ("per=ci&per=ci", "query parameter \"per\" is given twice", "give each parameter once"),
        ("template=hush&template=hush", "query parameter \"template\" is given twice", "give each parameter once"),
        ("field.a=hush&field.a=hush", "query parameter \"field.a\" is given twice", "give each parameter once"),
        ("code=hush&code=hush", "query parameter \"code\" is given twice", "give each parameter once"),
        ("template=", "query parameter \"template\" is empty", "give it a value or leave it out"),
        ("field.=hush", "query parameter \"field.\" names no field", "write field.NAME=VALUE"),
        ("field.a=%FFhush", "query parameter \"field.a\" is not UTF-8", "percent-encode the UTF-8 bytes of the value"),
    ] {
        let (status, problem) = answer(host.post(&format!("/api/alerts/snow/incident?{query}")).body("{}")).await;
        assert_eq!(status, 400, "{query}");
        assert_eq!(problem["detail"], detail);
        assert_eq!(problem["remedy"], remedy);
        assert!(!problem.to_string().contains("hush"), "{problem}");
    }
    assert!(host.taken().is_empty());
}

#[tokio::test]
async fn an_unknown_name_is_404_with_the_nearest_but_only_for_who_may_ask() {
    let host = Host::usual().await;
    for (path, remedy) in [
        ("/api/alerts/snwo/incident", "did you mean \"snow\"?"),
        ("/api/alerts/snow/incidents", "did you mean \"incident\"?"),
        ("/api/alerts/nigth", "did you mean \"night\"?"),
        ("/api/alerts/snow", "\"snow\" is a connection: post to /api/alerts/snow/incident"),
        ("/api/work-items/zzzzzzz/incident", "the connections are: \"snow\", \"snow-test\""),
    ] {
        let (status, problem) = answer(host.post(path).body("{}")).await;
        assert_eq!((status, &problem["remedy"]), (404, &json!(remedy)), "{path}");
        assert_eq!(answer(host.client.post(host.url(path)).body("{}")).await.0, 401, "{path}");
    }
    let (status, _) = answer(host.post("/api/alerts/%FF/incident").body("{}")).await;
    assert_eq!(status, 400);
    assert_eq!(answer(host.post("/api/alert/snow/incident").body("{}")).await.0, 404);
}

#[tokio::test]
async fn a_path_is_found_however_it_is_spelled() {
    let host = Host::usual().await;
    for path in
        ["/API/Alerts/snow/incident", "/api/alerts/snow/incident/", "/Api/ALERTS/night/?per=row", "/api//alerts/snow/incident"]
    {
        assert_eq!(answer(host.post(path).body("{}")).await.0, 202, "{path}");
    }
    let taken = host.taken();
    assert_eq!((taken.len(), taken[2].choices.per), (4, Per::Row));
    let work_item = host.post("/API/Work-Items/snow/incident/").body(r#"{"title": "t"}"#);
    assert_eq!(answer(work_item).await.0, 202);
    // Names are names.
    assert_eq!(answer(host.post("/api/alerts/SNOW/incident").body("{}")).await.0, 404);
    assert_eq!(answer(host.client.post(host.url("/API/Alerts/snow/incident/")).body("{}")).await.0, 401);
}

#[tokio::test]
async fn another_method_is_405_and_names_the_right_one() {
    let host = Host::usual().await;
    let response = host.client.get(host.url("/api/alerts/snow/incident")).send().await.unwrap();
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(answer(host.client.get(host.url("/api/alerts/snow/incident"))).await.0, 405);
    assert_eq!(answer(host.client.put(host.url("/api/status"))).await.0, 405);
}

#[tokio::test]
async fn a_body_that_is_not_one_json_object_is_400_and_not_stored() {
    let host = Host::usual().await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, detail) in [
        (&b""[..], "the body is empty"),
        (b"[{}]", "does not begin with"),
        (b"\"text\"", "does not begin with"),
        (b"<html></html>", "does not begin with"),
        (b"{\"a\":{\"b\":1}", "EOF while parsing"),
        (b"{\"a\":1}x", "trailing characters"),
        (b"{\"a\":\"\xff\xfe\"}", "invalid unicode code point"),
        (b"{\"a\":\"\\ud800\"}", "hex escape"),
        (deep.as_bytes(), "recursion limit exceeded"),
    ] {
        let (status, problem) = answer(host.post("/api/alerts/snow/incident").body(body.to_vec())).await;
        assert_eq!(status, 400, "{detail}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
    assert!(host.taken().is_empty());
}

#[tokio::test]
async fn a_store_that_fails_or_is_silent_is_503_so_that_azure_repeats_the_alert() {
    let host = Host::start(Setup { store: Duration::from_millis(50), ..Setup::default() }).await;
    for mood in [Mood::Down, Mood::Silent] {
        *host.queue.mood.lock().unwrap() = mood;
        let (status, problem) = answer(host.post("/api/alerts/snow/incident").body("{}")).await;
        assert_eq!((status, &problem["type"]), (503, &json!("urn:itsm-connector:problem:store-unavailable")));
    }
    *host.queue.mood.lock().unwrap() = Mood::Well;
    assert_eq!(answer(host.post("/api/alerts/snow/incident").body("{}")).await.0, 202);
}

#[tokio::test]
async fn a_defect_is_a_500_problem_and_the_next_request_is_served() {
    let host = Host::usual().await;
    *host.queue.mood.lock().unwrap() = Mood::Panicking;
    let (status, problem) = answer(host.post("/api/alerts/snow/incident").body("{}")).await;
    assert_eq!((status, &problem["title"]), (500, &json!("Internal error")));
    *host.queue.mood.lock().unwrap() = Mood::Well;
    assert_eq!(answer(host.post("/api/alerts/snow/incident").body("{}")).await.0, 202);
}

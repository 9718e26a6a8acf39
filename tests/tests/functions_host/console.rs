//! The console behind the host, in both shapes of HTTP: the page, what it looks at, and that it can do no more than look.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tests::alerts::metric;
use tests::functions_host::FunctionsHost;

use crate::deployed::{Deployed, INCIDENT, post};
use crate::stage::client;

/// Status, headers and body of what a browser asks for.
async fn look(host: &FunctionsHost, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let request = client().get(format!("{}{path}", host.url()));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

/// What the page asks for, as it asks.
async fn data(host: &FunctionsHost, path: &str) -> (u16, Value) {
    let (status, _, body) = look(host, path, &[("x-functions-key", "status-key"), ("sec-fetch-site", "same-origin")]).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_the_deliveries_come_through_the_host_in_both_shapes() {
    let mut pages = Vec::new();
    for proxying in [true, false] {
        let Some(deployed) = Deployed::new("").await.map(|deployed| deployed.proxying(proxying)) else { return };
        let host = deployed.run(1).await;
        assert_eq!(look(&host, "/api/status/console", &[]).await.0, 401);
        assert!(host.invoked("status").is_empty(), "the host refuses by itself");
        let page = "/api/status/console?code=status-key";
        let (status, headers, html) = look(&host, page, &[("accept-encoding", "identity")]).await;
        assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
        assert!(html.starts_with(b"<!doctype html>") && html.trim_ascii_end().ends_with(b"</html>"));
        let policy = headers["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        let tag = headers["etag"].to_str().unwrap().to_owned();
        let (status, _, body) = look(&host, page, &[("if-none-match", &tag), ("accept-encoding", "identity")]).await;
        assert_eq!((status, body.len()), (304, 0));
        // An envelope carries nothing but text.
        let (_, headers, body) = look(&host, page, &[("accept-encoding", "gzip")]).await;
        assert_eq!((headers.contains_key("content-encoding"), body == html), (proxying, !proxying));
        pages.push((html, policy, tag));

        let (answered, body) = post(&host, INCIDENT, metric("cpu-web01", 0, false).to_string()).await;
        assert_eq!(answered, 202, "{body}");
        let status = deployed.settled(&host).await;
        assert_eq!(status["console"], json!({"actions": []}), "{status:#}");
        let (answered, listed) = data(&host, "/api/status/deliveries?connection=snow&status=done&limit=5").await;
        assert_eq!((answered, listed["deliveries"].as_array().map(Vec::len)), (200, Some(1)), "{listed}");
        let delivery = &listed["deliveries"][0];
        let summary = &delivery["summary"];
        assert_eq!((&delivery["id"], &summary["state"]), (&body["deliveryId"], &json!("fired")), "{listed:#}");
        let number = summary["work_items"][0].as_str().unwrap();
        assert_eq!(number, deployed.incidents()[0]["number"]);
        assert!(summary["work_item_urls"][number].as_str().unwrap().starts_with(&deployed.tool.url()), "{listed:#}");
        let shown = data(&host, &format!("/API/Status/Deliveries/{}", delivery["id"].as_str().unwrap())).await;
        assert_eq!(shown, (200, json!({"delivery": delivery, "payload": null})));
        let (answered, problem) = data(&host, "/api/status/deliveries?status=dead").await;
        assert_eq!(answered, 400, "{problem}");
        assert!(problem["remedy"].as_str().unwrap().contains("dead_letter"), "{problem}");
        assert_eq!(data(&host, "/api/status/nothing").await.0, 404);

        // No function of the host's, whoever asks.
        for path in
            ["/api/deliveries/redrive", "/api/connections/snow/check", "/api/preview/snow/incident", "/api/status/console"]
        {
            let request = client().post(format!("{}{path}?code=the-admin-key", host.url()));
            assert_eq!(request.body("{}").send().await.unwrap().status(), 404, "{path}");
        }
        host.stop().await.unwrap().expect_nothing();
    }
    assert_eq!(pages[0], pages[1]);
}

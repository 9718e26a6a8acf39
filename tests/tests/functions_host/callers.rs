//! Callers: routes, keys, App Service authentication, and what the handler sees of a request in both shapes.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tests::functions_host::{Authentication, Encoding, Failure, FunctionsHost, Keys, Options, Principal, Trouble, Worker};

use crate::stage::{Handler, Root, client};

async fn get(host: &FunctionsHost, path: &str) -> (u16, Bytes) {
    let answer = client().get(format!("{}{path}", host.url())).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap())
}

fn options() -> Options {
    let functions = [("one".to_owned(), "one-key".to_owned()), ("two".to_owned(), "two-key".to_owned())].into();
    Options { keys: Keys { functions, ..Keys::default() }, ..Options::default() }
}

#[tokio::test]
async fn keys_are_checked_by_the_host_and_the_handler_hears_nothing_of_those_without() {
    let root = Root::new().http_at("one", "one", "function").http_at("two", "two", "function").http_at("most", "most", "admin");
    let handler = Handler::outputs(json!({}));
    let host = root.run(options(), handler.serve().await).await;
    for path in ["/api/one", "/api/one?code=", "/api/one?code=two-key", "/api/most?code=the-host-key", "/api/most?code=one-key"] {
        let (status, body) = get(&host, path).await;
        assert_eq!((status, body.len()), (401, 0), "{path}");
    }
    assert_eq!(handler.got().len(), 0);
    for path in
        ["/api/one?code=one-key", "/api/two?code=the-host-key", "/api/one?code=the-admin-key", "/api/most?code=the-admin-key"]
    {
        assert_eq!(get(&host, path).await.0, 200, "{path}");
    }
    let url = format!("{}/api/one", host.url());
    let by_header = client().get(&url).header("x-functions-key", "one-key").send().await.unwrap();
    assert_eq!(by_header.status(), 200);
    let levels: Vec<Value> =
        handler.got().iter().map(|got| got.json()["Data"]["req"]["Identities"][0]["Claims"][0]["Value"].clone()).collect();
    assert_eq!(levels, ["Function", "Function", "Admin", "Admin", "Function"]);
}

#[tokio::test]
async fn routes_have_parameters_that_may_be_left_out_and_the_more_exact_one_wins() {
    let root = Root::new().http("any", "things/{name}/{kind?}").http("new", "Things/new").http("plain", "plain");
    let root = root.host("/extensions/http", json!({ "routePrefix": "v1" }));
    let handler = Handler::outputs(json!({}));
    let host = root.run(Options::default(), handler.serve().await).await;
    for (path, function, params) in [
        ("/v1/things/a%20b%2Fc", "/any", json!({ "name": "a b/c" })),
        ("/V1/THINGS/a/x", "/any", json!({ "name": "a", "kind": "x" })),
        ("/v1/things/NEW", "/new", json!({})),
    ] {
        assert_eq!(get(&host, path).await.0, 200, "{path}");
        let got = handler.got().pop().unwrap();
        assert_eq!((got.uri.path(), &got.json()["Data"]["req"]["Params"]), (function, &params), "{path}");
    }
    for path in ["/api/things/a", "/v1/things", "/v1/things/a/b/c", "/v1"] {
        assert_eq!(get(&host, path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_route_can_take_the_rest_of_a_path_and_that_may_be_nothing() {
    let root = Root::new().http("status", "status/{*rest}").http("exact", "status/exact");
    let handler = Handler::outputs(json!({}));
    let host = root.run(Options::default(), handler.serve().await).await;
    for (path, function, params) in [
        ("/api/status", "/status", json!({})),
        ("/api/Status/", "/status", json!({})),
        ("/api/status/a", "/status", json!({ "rest": "a" })),
        ("/api/status/a/b%20c/d", "/status", json!({ "rest": "a/b c/d" })),
        ("/api/status/exact", "/exact", json!({})),
        ("/api/status/exact/a", "/status", json!({ "rest": "exact/a" })),
    ] {
        assert_eq!(get(&host, path).await.0, 200, "{path}");
        let got = handler.got().pop().unwrap();
        assert_eq!((got.uri.path(), &got.json()["Data"]["req"]["Params"]), (function, &params), "{path}");
    }
    assert_eq!(get(&host, "/api/statuses").await.0, 404);
    for (template, why) in [("{*rest}/more", "the rest"), ("{*}", "no parameter")] {
        let told = Root::new().http("wrong", template).read().unwrap_err();
        assert!(format!("{told:#}").contains(why), "{told:#}");
    }
}

#[tokio::test]
async fn a_method_that_the_function_does_not_take_finds_nothing() {
    let trigger =
        json!({ "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"], "authLevel": "anonymous" });
    let root = Root::new().function("only", &json!({ "bindings": [trigger] }));
    let host = root.run(Options::default(), Handler::outputs(json!({})).serve().await).await;
    assert_eq!(get(&host, "/api/only").await.0, 404);
    assert_eq!(client().post(format!("{}/api/only", host.url())).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_envelope_has_a_body_only_when_its_length_was_told_and_bytes_are_base64() {
    let root = Root::new().http("one", "one");
    let handler = Handler::outputs(json!({}));
    let host = root.run(Options::default(), handler.serve().await).await;
    let url = format!("{}/api/one", host.url());
    let chunked = reqwest::Body::wrap(Chunked(Some(Bytes::from_static(b"{\"a\":1}"))));
    client().post(&url).header("content-type", "application/json").body(chunked).send().await.unwrap();
    let sent = handler.got()[0].json();
    assert_eq!((sent["Data"]["req"].get("Body"), sent["Metadata"].get("a")), (None, None));
    client().post(&url).header("content-type", "application/octet-stream").body(vec![0_u8, 255]).send().await.unwrap();
    assert_eq!(handler.got()[1].json()["Data"]["req"]["Body"], BASE64_STANDARD.encode([0_u8, 255]));
}

#[tokio::test]
async fn a_caller_can_plant_names_in_metadata_but_not_the_key() {
    let root = Root::new().http("one", "one/{tenant}");
    let handler = Handler::outputs(json!({}));
    let host = root.run(Options { encoding: Encoding::Source, ..options() }, handler.serve().await).await;
    let body = json!({ "tenant": "planted", "sys": "planted", "list": [1], "number": 2 });
    client().post(format!("{}/api/one/real?code=secret&x=1", host.url())).json(&body).send().await.unwrap();
    let sent = handler.got()[0].json();
    let metadata = &sent["Metadata"];
    assert_eq!(metadata["tenant"], "\"planted\"");
    assert_eq!((&metadata["x"], metadata.get("code"), metadata.get("list")), (&json!("\"1\""), None, None));
    assert_eq!(metadata["sys"]["MethodName"], "one");
    assert_eq!(sent["Data"]["req"]["Query"]["code"], "secret");
}

fn entra(required: bool) -> Options {
    let claims = vec![("appid".to_owned(), "461e8683".to_owned()), ("roles".to_owned(), "ActionGroupsSecureWebhook".to_owned())];
    let tokens = [("good".to_owned(), Principal { claims })].into();
    Options { authentication: Some(Authentication { tokens, required }), ..options() }
}

#[tokio::test]
async fn app_service_authentication_replaces_what_callers_say_of_themselves() {
    let root = Root::new().http("one", "one");
    let handler = Handler::outputs(json!({}));
    let host = root.run(entra(false), handler.serve().await).await;
    let url = format!("{}/api/one", host.url());
    let ask = |token: Option<&str>| {
        let request = client().get(&url).header("x-ms-client-principal", "Zm9yZ2Vk");
        token
            .map(|token| format!("Bearer {token}"))
            .into_iter()
            .fold(request, |request, token| request.header("authorization", token))
            .send()
    };
    assert_eq!(ask(None).await.unwrap().status(), 200);
    assert_eq!(ask(Some("good")).await.unwrap().status(), 200);
    assert_eq!(ask(Some("bad")).await.unwrap().status(), 401);
    let (anonymous, known) = (handler.got()[0].json(), handler.got()[1].json());
    assert_eq!(anonymous["Data"]["req"]["Headers"].get("X-Ms-Client-Principal"), None);
    let told = known["Data"]["req"]["Headers"]["X-Ms-Client-Principal"][0].as_str().unwrap();
    let told: Value = serde_json::from_slice(&BASE64_STANDARD.decode(told).unwrap()).unwrap();
    assert_eq!((&told["auth_typ"], &told["claims"][0]), (&json!("aad"), &json!({ "typ": "appid", "val": "461e8683" })));
    let identity = &known["Data"]["req"]["Identities"][0];
    assert_eq!(
        (&identity["AuthenticationType"], &identity["Claims"][1]["Value"]),
        (&json!("aad"), &json!("ActionGroupsSecureWebhook"))
    );
    let closed = root.run(entra(true), handler.serve().await).await;
    assert_eq!(get(&closed, "/api/one").await.0, 401);
}

#[tokio::test]
async fn without_it_a_forged_identity_reaches_the_handler() {
    let root = Root::new().http("one", "one");
    let handler = Handler::outputs(json!({}));
    let host = root.run(Options::default(), handler.serve().await).await;
    let forged = client().get(format!("{}/api/one", host.url())).header("x-ms-client-principal", "Zm9yZ2Vk");
    forged.send().await.unwrap();
    assert_eq!(handler.got()[0].json()["Data"]["req"]["Headers"]["X-Ms-Client-Principal"][0], "Zm9yZ2Vk");
}

/// A function whose requests are passed on as they came, in one of two ways.
async fn passed_on(way: &str, handler: &Handler) -> FunctionsHost {
    let root = Root::new().http_at("one", "one/{name}", "function").host(&format!("/customHandler/{way}"), true);
    root.run(options(), handler.serve().await).await
}

const PROXYING: &str = "enableProxyingHttpRequest";
const FORWARDING: &str = "enableForwardingHttpRequest";

#[tokio::test]
async fn a_request_that_is_passed_on_arrives_as_it_was_sent_and_so_does_the_answer() {
    for (way, ids) in [(PROXYING, 1), (FORWARDING, 2)] {
        let handler = Handler::new(|_| (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "7")], "later").into_response());
        let host = passed_on(way, &handler).await;
        let request = client().put(format!("{}/api/one/a%20b?code=one-key&x=%26", host.url())).header("x-mine", "yes");
        let answer = request.header("x-azure-functions-invocationid", "forged").body("hello").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "7"));
        assert_eq!(answer.text().await.unwrap(), "later");
        let got = handler.got().pop().unwrap();
        assert_eq!(got.uri.to_string(), "/api/one/a%20b?code=one-key&x=%26");
        assert_eq!(
            (got.method.as_str(), &got.headers["x-mine"], &got.headers["content-length"]),
            ("PUT", &"yes".parse().unwrap(), &"5".parse().unwrap())
        );
        assert_eq!(got.body, "hello");
        let told: Vec<_> = got.headers.get_all("x-azure-functions-invocationid").iter().collect();
        assert_eq!((told.len(), told.contains(&&"forged".parse().unwrap())), (ids, way == FORWARDING));
        assert_eq!(*told.last().unwrap(), host.invoked("one")[0].id.as_str());
        // Whatever is answered, the invocation is a success.
        host.report().expect_nothing();
        assert_eq!(get(&host, "/api/one/a").await.0, 401);
        assert_eq!(handler.got().len(), 1);
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_passed_on_in_chunks() {
    let handler = Handler::new(|_| "fine".into_response());
    let host = passed_on(PROXYING, &handler).await;
    let body = reqwest::Body::wrap(Chunked(Some(Bytes::from_static(b"hello"))));
    client().post(format!("{}/api/one/a?code=one-key", host.url())).body(body).send().await.unwrap();
    let got = handler.got().pop().unwrap();
    assert_eq!((got.headers.get("content-length"), &got.body[..]), (None, &b"hello"[..]));
}

#[tokio::test]
async fn a_function_with_another_output_gets_an_envelope_in_any_case() {
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" },
        { "type": "http", "direction": "out", "name": "res" },
        { "type": "queue", "direction": "out", "name": "outbox", "queueName": "outbox", "connection": "Jobs" }
    ]);
    let root = Root::new().setting("Jobs", "QueueEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sv=1");
    let root = root.function("more", &json!({ "bindings": bindings })).host("/customHandler/enableProxyingHttpRequest", true);
    let handler = Handler::outputs(json!({ "res": { "status": 201 } }));
    let host = root.run(Options::default(), handler.serve().await).await;
    assert_eq!(get(&host, "/api/more").await.0, 201);
    assert_eq!(handler.got()[0].uri.path(), "/more");
}

#[tokio::test]
async fn a_handler_that_does_not_answer_is_a_bad_gateway_or_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Answers the first probe and hangs up on everything else.
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut asked = [0_u8; 4096];
            let read = caller.read(&mut asked).await.unwrap_or(0);
            if asked[..read].starts_with(b"GET / ") {
                let _ = caller.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
            }
        }
    });
    for (way, status) in [(PROXYING, 502), (FORWARDING, 500), ("none", 500)] {
        let root = Root::new().http("one", "one").host(&format!("/customHandler/{way}"), true);
        let host = root.run(Options::default(), Worker::At(format!("http://{address}"))).await;
        let (answered, body) = get(&host, "/api/one").await;
        assert_eq!((answered, body.len()), (status, 0), "{way}");
        assert!(matches!(host.invoked("one")[0].outcome, Err(Failure::NoAnswer(_))));
        host.report().expect_only(&[Trouble::Failed]);
    }
}

#[tokio::test]
async fn without_an_instance_nothing_is_answered() {
    let root = Root::new().http("one", "one");
    let host = FunctionsHost::start(root.read().unwrap(), Options::default()).await.unwrap();
    assert_eq!(get(&host, "/api/one").await.0, 503);
}

/// What the caller gets for an output.
async fn answered(outputs: Value) -> (u16, Option<String>, Bytes) {
    let root = Root::new().http("one", "one");
    let host = root.run(Options::default(), Handler::outputs(outputs).serve().await).await;
    let answer = client().get(format!("{}/api/one", host.url())).send().await.unwrap();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (answer.status().as_u16(), kind, answer.bytes().await.unwrap())
}

#[tokio::test]
async fn the_http_output_is_the_answer_and_a_bare_word_that_looks_like_base64_is_decoded() {
    assert_eq!(answered(json!({})).await, (200, None, Bytes::new()));
    let full = json!({ "res": { "STATUSCODE": "202", "headers": { "content-type": "text/x" }, "body": "test" } });
    assert_eq!(answered(full).await, (202, Some("text/x".to_owned()), Bytes::from_static(b"test")));
    let (status, kind, body) = answered(json!({ "res": { "body": { "a": 1 } } })).await;
    assert_eq!((status, kind.unwrap().as_str(), &body[..]), (200, "application/json; charset=utf-8", &br#"{"a":1}"#[..]));
    let (_, _, body) = answered(json!({ "res": "test" })).await;
    assert_eq!(&body[..], [0xb5, 0xeb, 0x2d]);
    let (_, _, body) = answered(json!({ "res": "tests" })).await;
    assert_eq!(&body[..], b"tests");
    for broken in [json!({ "status": 99 }), json!({ "status": "ok" }), json!({ "headers": { "a b": "c" } })] {
        assert_eq!(answered(json!({ "res": broken })).await.0, 500, "{broken}");
    }
}

#[tokio::test]
async fn the_runtime_answers_the_same_in_both_shapes() {
    for way in [PROXYING, FORWARDING, "none"] {
        let root = Root::new().http("hello", "hello/{name}").executable(env!("CARGO_BIN_EXE_example-http"));
        let root = root.host(&format!("/customHandler/{way}"), true);
        for encoding in [Encoding::Source, Encoding::Documentation] {
            let host = root.run(Options { encoding, ..options() }, Worker::Executable).await;
            assert_eq!(get(&host, "/api/hello/Ada").await, (200, Bytes::from_static(b"hello Ada")), "{way}");
            let lines = host.lines(0).unwrap().join("\n");
            assert!(lines.contains(&host.invoked("hello")[0].id), "{way}: {lines}");
            host.stop().await.unwrap().expect_nothing();
        }
    }
}

/// A body that does not say how long it is.
struct Chunked(Option<Bytes>);

impl hyper::body::Body for Chunked {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(hyper::body::Frame::data(bytes))))
    }
}

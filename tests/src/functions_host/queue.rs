//! A storage queue over plain REST, with nothing of the connector's own client: the host must not see the queue through our eyes.

use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::civil::DateTime;
use reqwest::{Client, Method, Response, StatusCode};

use super::xml;

/// Any version that knows visibility and messages without end.
const API_VERSION: &str = "2021-12-02";

/// A message, as it was received.
#[derive(Debug, Clone)]
pub struct Message {
    /// The queue's id of it.
    pub id: String,
    /// Proves that it is still held; empty when it was only peeked at.
    pub receipt: String,
    /// What it says, as it lies in the queue.
    pub text: String,
    /// How often it was received, this time included.
    pub dequeue_count: u32,
    /// When it was put in, UTC.
    pub inserted: DateTime,
    /// When the queue forgets it, UTC: the last second of the year 9999 for never.
    pub expires: DateTime,
    /// When others see it again, UTC.
    pub next_visible: DateTime,
}

/// One queue.
#[derive(Debug, Clone)]
pub struct StorageQueue {
    url: String,
    signature: String,
    client: Client,
}

impl StorageQueue {
    pub(super) fn new(url: &str, signature: &str) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { url: url.to_owned(), signature: signature.to_owned(), client })
    }

    /// Makes it, if it is not there.
    pub async fn create(&self) -> anyhow::Result<()> {
        expect(&self.send(Method::PUT, "", &[], None).await?, &[201, 204, 409])
    }

    /// Puts in a message that is visible at once and never expires.
    pub async fn put(&self, text: &str) -> anyhow::Result<()> {
        let answer = self.send(Method::POST, "/messages", &[("messagettl", "-1")], Some(text)).await?;
        expect(&answer, &[201])
    }

    /// Takes up to `most` messages and hides them for `hold`. A queue that is not there has none.
    pub async fn receive(&self, most: usize, hold: Duration) -> anyhow::Result<Vec<Message>> {
        let (most, hold) = (most.to_string(), seconds(hold));
        self.list(&[("numofmessages", &most), ("visibilitytimeout", &hold)]).await
    }

    /// Looks at up to 32 visible messages and leaves them.
    pub async fn peek(&self) -> anyhow::Result<Vec<Message>> {
        self.list(&[("peekonly", "true"), ("numofmessages", "32")]).await
    }

    /// How many messages there are, visible or not; nothing when there is no queue.
    pub async fn count(&self) -> anyhow::Result<Option<usize>> {
        let answer = self.send(Method::GET, "", &[("comp", "metadata")], None).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        expect(&answer, &[200])?;
        let told = answer.headers().get("x-ms-approximate-messages-count").and_then(|count| count.to_str().ok());
        Ok(told.and_then(|count| count.parse().ok()))
    }

    /// Hides a message that is held for `hold` from now on. False when somebody else has it.
    pub async fn hide(&self, message: &mut Message, hold: Duration) -> anyhow::Result<bool> {
        let path = format!("/messages/{}", message.id);
        let hold = seconds(hold);
        let query = [("popreceipt", message.receipt.as_str()), ("visibilitytimeout", &hold)];
        let answer = self.send(Method::PUT, &path, &query, None).await?;
        if lost(answer.status()) {
            return Ok(false);
        }
        expect(&answer, &[204])?;
        let receipt = answer.headers().get("x-ms-popreceipt").and_then(|receipt| receipt.to_str().ok());
        receipt.context("no receipt came back")?.clone_into(&mut message.receipt);
        Ok(true)
    }

    /// Deletes a message that is held. False when somebody else has it.
    pub async fn delete(&self, message: &Message) -> anyhow::Result<bool> {
        let path = format!("/messages/{}", message.id);
        let answer = self.send(Method::DELETE, &path, &[("popreceipt", &message.receipt)], None).await?;
        if lost(answer.status()) {
            return Ok(false);
        }
        expect(&answer, &[204])?;
        Ok(true)
    }

    async fn list(&self, query: &[(&str, &str)]) -> anyhow::Result<Vec<Message>> {
        let answer = self.send(Method::GET, "/messages", query, None).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        expect(&answer, &[200])?;
        let body = answer.text().await?;
        xml::elements(&body, "QueueMessage").into_iter().map(Message::read).collect()
    }

    async fn send(&self, method: Method, path: &str, query: &[(&str, &str)], text: Option<&str>) -> anyhow::Result<Response> {
        let request = self.client.request(method, format!("{}{path}?{}", self.url, self.signature)).query(query);
        let body = text.map(|text| format!("<QueueMessage><MessageText>{}</MessageText></QueueMessage>", xml::escaped(text)));
        let request = request.header("x-ms-version", API_VERSION).body(body.unwrap_or_default());
        // The address holds the signature.
        Ok(request.send().await.map_err(reqwest::Error::without_url)?)
    }
}

impl Message {
    fn read(element: &str) -> anyhow::Result<Self> {
        let text = |name: &str| xml::text(element, name);
        let at = |name: &str| {
            // One that was peeked at has no next time.
            let Some(told) = text(name) else { return Ok(DateTime::default()) };
            DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", &told).with_context(|| format!("{name} is '{told}'"))
        };
        Ok(Self {
            id: text("MessageId").context("a message without id")?,
            receipt: text("PopReceipt").unwrap_or_default(),
            text: text("MessageText").unwrap_or_default(),
            dequeue_count: text("DequeueCount").context("a message without dequeue count")?.parse()?,
            inserted: at("InsertionTime")?,
            expires: at("ExpirationTime")?,
            next_visible: at("TimeNextVisible")?,
        })
    }
}

/// The message is another's by now, or gone.
fn lost(status: StatusCode) -> bool {
    status == StatusCode::NOT_FOUND || status == StatusCode::BAD_REQUEST
}

fn seconds(length: Duration) -> String {
    // The queue knows whole seconds only.
    length.as_secs_f64().ceil().to_string()
}

fn expect(answer: &Response, wanted: &[u16]) -> anyhow::Result<()> {
    let status = answer.status().as_u16();
    ensure!(wanted.contains(&status), "the queue service answered {status}");
    Ok(())
}

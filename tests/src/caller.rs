//! Posts alerts until they are accepted, wherever the connector listens just now.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

/// A caller that follows the connector through its restarts.
#[derive(Debug, Clone)]
pub struct Caller {
    client: reqwest::Client,
    url: watch::Receiver<String>,
}

impl Caller {
    /// Follows the address in `url`.
    pub fn new(url: watch::Receiver<String>) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { client, url })
    }

    /// A caller for one address.
    pub fn fixed(url: &str) -> anyhow::Result<Self> {
        let (sender, receiver) = watch::channel(url.to_owned());
        // Keeps the channel open; the address never changes.
        std::mem::forget(Arc::new(sender));
        Self::new(receiver)
    }

    /// Posts until the answer is 202. Any other answer than those that Azure retries is an error.
    pub async fn post(&self, path: &str, alert: &Value) -> anyhow::Result<String> {
        loop {
            let url = format!("{}{path}", self.url.borrow().clone());
            match self.client.post(url).json(alert).send().await {
                Ok(answer) if answer.status() == 202 => {
                    if let Ok(body) = answer.json::<Value>().await {
                        return Ok(body.get("deliveryId").and_then(Value::as_str).unwrap_or_default().to_owned());
                    }
                }
                Ok(answer) if [408, 429, 503, 504].contains(&answer.status().as_u16()) => {}
                Ok(answer) => anyhow::bail!("{}: {}", answer.status(), answer.text().await.unwrap_or_default()),
                Err(_) => {}
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "a caller outside of the connector, waiting for a process to come back"
            )]
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `GET /api/status`, once.
    pub async fn status(&self) -> anyhow::Result<Value> {
        let url = format!("{}/api/status?code=k", self.url.borrow().clone());
        Ok(self.client.get(url).send().await?.error_for_status()?.json().await?)
    }

    /// Waits until nothing is left to deliver.
    pub async fn drained(&self) -> anyhow::Result<Value> {
        loop {
            if let Ok(status) = self.status().await
                && status.pointer("/counts/backlog").and_then(Value::as_u64) == Some(0)
            {
                return Ok(status);
            }
            #[expect(clippy::disallowed_methods, reason = "waiting for another process")]
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

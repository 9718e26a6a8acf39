//! The queue that wakes the Functions host: one small plain-text message for each delivery that is due. What is true of a delivery
//! stands in its blob; a message more or less changes nothing but the time at which it is looked at.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, RequestContent, StatusCode, XmlFormat};
use azure_storage_queue::models::{
    QueueClientGetPropertiesResultHeaders, QueueClientPeekMessagesOptions, QueueClientReceiveMessagesOptions,
    QueueClientSendMessageOptions, QueueMessage,
};
use azure_storage_queue::{QueueClient, QueueClientOptions};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::wire::{Endpoint, Fresh, code, explain, said};
use crate::delivery::DeliveryId;
use crate::store::StoreError;

/// Messages in one answer, as many as Azure gives.
const MOST: i32 = 32;
/// Never ends by itself.
const FOR_EVER: i32 = -1;

/// What a message of the queue says, as JSON. No member is named like metadata of a queue message, which the host would take it for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DueMessage {
    /// The delivery that is due; its blob is `open/<deliveryId>`.
    pub delivery_id: DeliveryId,
    /// Its connection.
    pub connection: String,
}

impl DueMessage {
    /// Reads the text of a message; `None` when it is not one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of the message.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::json!({ "deliveryId": self.delivery_id, "connection": self.connection }).to_string()
    }
}

/// A message taken from a queue.
pub(super) struct Taken {
    pub(super) text: String,
    pub(super) id: String,
    receipt: String,
}

pub(super) struct Messages {
    client: Fresh<QueueClient>,
    longest_delay: Duration,
    silent: bool,
}

impl Messages {
    pub(super) fn new(
        endpoint: &Arc<Endpoint>,
        queue: String,
        options: ClientOptions,
        longest_delay: Duration,
    ) -> Result<Self, StoreError> {
        let client = Fresh::new(endpoint, move |address| {
            let options = QueueClientOptions { client_options: options.clone(), ..QueueClientOptions::default() };
            QueueClient::new(address.of(&queue), address.credential.clone(), Some(options))
                .map_err(|error| explain("opening the queue", &error))
        })?;
        Ok(Self { client, longest_delay, silent: false })
    }

    /// Sends nothing, where nobody would ever receive it.
    pub(super) fn silent(self, silent: bool) -> Self {
        Self { silent, ..self }
    }

    #[cfg(test)]
    pub(super) fn client(&self) -> Arc<QueueClient> {
        self.client.get()
    }

    /// Makes the queue unless it is there.
    pub(super) async fn create(&self) -> Result<(), StoreError> {
        if self.silent {
            return Ok(());
        }
        match self.client.get().create(None).await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == "QueueAlreadyExists" => Ok(()),
            Err(error) => Err(explain("making the queue", &error)),
        }
    }

    /// Sends a message that is seen after `delay`, or after the longest delay there is.
    pub(super) async fn send(&self, message: &DueMessage, delay: Duration) -> Result<(), StoreError> {
        if self.silent {
            return Ok(());
        }
        let mut sent = self.post(message, delay).await;
        if sent.as_ref().is_err_and(|error| code(error) == "QueueNotFound") {
            self.create().await?;
            sent = self.post(message, delay).await;
        }
        sent.map_err(|error| explain("sending to the queue", &error))
    }

    async fn post(&self, message: &DueMessage, delay: Duration) -> azure_core::Result<()> {
        // A second more rather than a moment too early.
        let whole = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        let seconds = whole.min(self.longest_delay.as_secs());
        let content: RequestContent<QueueMessage, XmlFormat> = QueueMessage { message_text: Some(message.text()) }.try_into()?;
        let options = QueueClientSendMessageOptions {
            message_time_to_live: Some(FOR_EVER),
            visibility_timeout: Some(i32::try_from(seconds).unwrap_or(i32::MAX)),
            ..QueueClientSendMessageOptions::default()
        };
        self.client.get().send_message(content, Some(options)).await.map(drop)
    }

    /// Text of the first messages, up to 32, with the time since when each is here. Nobody notices. Those that somebody has taken are not
    /// among them.
    pub(super) async fn peek(&self) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
        let failed = |error| explain("looking into the queue", &error);
        let options =
            QueueClientPeekMessagesOptions { number_of_messages: Some(MOST), ..QueueClientPeekMessagesOptions::default() };
        let answer = match self.client.get().peek_messages(Some(options)).await {
            Ok(answer) => answer.into_model().map_err(failed)?,
            Err(error) if said(&error, StatusCode::NotFound) => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let since = |time: azure_core::time::OffsetDateTime| Timestamp::from_second(time.unix_timestamp()).ok();
        let messages = answer.items.unwrap_or_default().into_iter();
        Ok(messages.map(|message| (message.message_text.unwrap_or_default(), message.insertion_time.and_then(since))).collect())
    }

    /// Takes up to 32 messages, hidden from others for `hidden`. A queue that is not there is empty.
    pub(super) async fn take(&self, hidden: Duration) -> Result<Vec<Taken>, StoreError> {
        let failed = |error| explain("taking from the queue", &error);
        let options = QueueClientReceiveMessagesOptions {
            number_of_messages: Some(MOST),
            visibility_timeout: Some(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX)),
            ..QueueClientReceiveMessagesOptions::default()
        };
        let answer = match self.client.get().receive_messages(Some(options)).await {
            Ok(answer) => answer.into_model().map_err(failed)?,
            Err(error) if said(&error, StatusCode::NotFound) => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let messages = answer.items.unwrap_or_default().into_iter();
        Ok(messages
            .map(|message| Taken {
                text: message.message_text.unwrap_or_default(),
                id: message.message_id.unwrap_or_default(),
                receipt: message.pop_receipt.unwrap_or_default(),
            })
            .collect())
    }

    /// Removes a message that was taken; one that somebody else has by now is left.
    pub(super) async fn remove(&self, taken: &Taken) -> Result<(), StoreError> {
        match self.client.get().delete_message(&taken.id, &taken.receipt, None).await {
            Ok(_) => Ok(()),
            Err(error) if said(&error, StatusCode::NotFound) || said(&error, StatusCode::BadRequest) => Ok(()),
            Err(error) => Err(explain("removing from the queue", &error)),
        }
    }

    /// About how many messages there are, hidden ones included.
    pub(super) async fn count(&self) -> Result<u64, StoreError> {
        let failed = |error| explain("counting the queue", &error);
        match self.client.get().get_properties(None).await {
            Ok(found) => {
                Ok(found.approximate_messages_count().map_err(failed)?.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
            }
            Err(error) if said(&error, StatusCode::NotFound) => Ok(0),
            Err(error) => Err(failed(error)),
        }
    }
}

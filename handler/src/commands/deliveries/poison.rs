//! What the Functions host gave up: the messages of its poison queue. Only a storage account has one.

use std::sync::Arc;

use connector::clock::Clock;
use connector::store::azure::{AzureStore, GivenUp};
use serde_json::json;

use super::{result, status};
use crate::ending::{Ending, Failure};
use crate::output::Output;
use crate::stores::Stores;

/// Prints what is there and changes nothing.
pub(super) async fn show(stores: &Stores, json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let account = account(stores)?;
    let (first, (_, all)) = (account.poison().await?, account.messages().await?);
    if json {
        output.json(&json!({ "messages": first, "about": all }))?;
        return Ok(Ending::Good);
    }
    if first.is_empty() && all == 0 {
        output.line("the Functions host gave nothing up")?;
        return Ok(Ending::Good);
    }
    output.table(["given up", "id", "connection", "status", "result"], first.iter().map(row))?;
    let more = all.saturating_sub(u64::try_from(first.len()).unwrap_or(u64::MAX));
    if more > 0 {
        output.line(&format!("and about {more} more, or looked after at this moment"))?;
    }
    Ok(Ending::Good)
}

fn row(given_up: &GivenUp) -> [String; 5] {
    let since = given_up.since.map(|since| format!("{since:.0}")).unwrap_or_default();
    let Some(message) = &given_up.message else {
        let what = "not a message of the connector's; remove it by hand".to_owned();
        return [since, String::new(), String::new(), String::new(), what];
    };
    let (standing, result) = match &given_up.delivery {
        Some(delivery) => (status(delivery.status).to_owned(), result(delivery)),
        None => (String::new(), "there is no such delivery any more, or it cannot be read".to_owned()),
    };
    [since, message.delivery_id.to_string(), message.connection.clone(), standing, result]
}

/// Takes the connector's messages out and makes their deliveries due now.
pub(super) async fn redrive(stores: &Stores, clock: &dyn Clock, json: bool, output: &mut Output<'_>) -> Result<Ending, Failure> {
    let sum = account(stores)?.redrive_poison(clock.now()).await?;
    if json {
        output.json(&sum)?;
    } else {
        output.line(&format!("{} redriven", sum.redriven.len()))?;
        for id in &sum.finished {
            output.line(&format!("{id} is finished or gone; its message was removed"))?;
        }
        for id in &sum.left {
            output.line(&format!("{id} is being worked on or cannot be read; its message stays"))?;
        }
        if sum.strangers > 0 {
            output.line(&format!("{} messages are not the connector's and stay", sum.strangers))?;
        }
    }
    Ok(if sum.left.is_empty() { Ending::Good } else { Ending::Failed })
}

fn account(stores: &Stores) -> Result<&Arc<AzureStore>, Failure> {
    stores.azure().ok_or_else(|| {
        Failure::Wrong(
            "these deliveries are in a database, and only the Functions host has a poison queue; name the storage account of a connector on \
             Azure with --storage, or settings with a section [storage]"
                .to_owned(),
        )
    })
}

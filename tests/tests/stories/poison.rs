//! What the Functions host gave up, as an operator sees it. Only a storage account has such a queue: told over Azurite alone.

use connector::delivery::DeliveryId;
use connector::store::azure::DueMessage;
use itsm_connector::ending::Ending;
use serde_json::{Value, json};
use tests::alerts::metric;
use tests::azurite::azurite;
use tests::functions_host::{StorageAccount, StorageQueue};

use crate::stage::{INCIDENT, Stage};

/// The queue that the host would put them into; nothing where Azurite does not run.
fn queue(stage: &Stage) -> Option<StorageQueue> {
    let storage = stage.storage.as_ref()?;
    let account = StorageAccount::parse(&azurite()?.connection_string()).unwrap();
    Some(account.queue(&format!("{}-poison", storage.queue)).unwrap())
}

#[tokio::test]
async fn what_the_host_gave_up_is_shown_and_redriven() {
    let stage = Stage::new().await;
    let Some(poison) = queue(&stage) else { return };
    let (ending, printed) = stage.deliveries(&["poison"]).await;
    assert_eq!((ending, printed.as_str()), (Ending::Good, "the Functions host gave nothing up\n"));

    let id = stage.post(INCIDENT, &metric("cpu", 0, false)).await;
    stage.settled().await;
    let message = DueMessage { delivery_id: DeliveryId(id.parse().unwrap()), connection: "snow".to_owned() };
    poison.create().await.unwrap();
    poison.put(&message.text()).await.unwrap();
    poison.put("a cat walked over the keyboard").await.unwrap();

    let (_, printed) = stage.deliveries(&["poison"]).await;
    assert!(
        printed.contains(&id) && printed.contains("done") && printed.contains("not a message of the connector's"),
        "{printed}"
    );
    let (_, printed) = stage.deliveries(&["poison", "--json"]).await;
    let shown: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&shown["about"], &shown["messages"][0]["message"]["deliveryId"]), (&json!(2), &json!(id)), "{printed}");

    let (ending, printed) = stage.deliveries(&["redrive", "--poison", "--json"]).await;
    let expected = json!({ "redriven": [], "finished": [id], "left": [], "strangers": 1 });
    assert_eq!((ending, serde_json::from_str::<Value>(&printed).unwrap()), (Ending::Good, expected));
    assert_eq!(poison.count().await.unwrap(), Some(1), "the stranger stays");
}

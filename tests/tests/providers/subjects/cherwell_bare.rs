use std::sync::Arc;

use emulators::cherwell::{Cherwell, Options, Time};

use super::cherwell::{SUBJECT as STOCK, WITHOUT, settings};
use crate::subject::{Opened, Opening, Subject};

/// A Cherwell that nobody changed for the connector: its key is a line of the description.
pub(crate) const SUBJECT: Subject =
    Subject { key: "cherwell-bare", title: "Cherwell: key in the description", open, words: STOCK.words, without: WITHOUT };

const SETTINGS: &str = settings!("external_id_field = \"\"\ndescription_marker = true");

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let options = Options { time: Time::Manual(now), external_id_field: None, ..Options::default() };
        let tool = Cherwell::start_with(options).await;
        Opened { desk: Arc::new(tool), settings: SETTINGS, secrets: &[("PASSWORD", "p")] }
    })
}

//! One HTTP request with an alert in it, of which any number of distinct copies are made by changing digits in place: the load
//! generator must cost as little as it can, for it shares the machine with what it measures.

use anyhow::{Context, ensure};

use crate::alerts;

/// Stands in the request where the number goes; as long as the number is written.
const PLACE: &str = "@@@@@@@@@";
/// About what a metric alert with some dimensions weighs.
const BODY_BYTES: usize = 2048;

/// A request and the places of its number.
#[derive(Debug)]
pub(super) struct Template {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Template {
    /// `POST path` with a common-schema alert of about 2 KB, by API key.
    pub(super) fn new(path: &str) -> anyhow::Result<Self> {
        let mut alert = alerts::metric(&format!("cpu-{PLACE}"), 0, false);
        let short = BODY_BYTES.saturating_sub(alert.to_string().len() + r#""runbook":"""#.len());
        let properties = alert.pointer_mut("/data/customProperties").context("the alert has no custom properties")?;
        *properties = serde_json::json!({ "runbook": "x".repeat(short) });
        let body = alert.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: IcMBroadcaster/1.0\r\nContent-Type: application/json; charset=utf-8\r\n\
             X-Functions-Key: k\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let places: Vec<usize> = request.match_indices(PLACE).map(|(place, _)| place).collect();
        ensure!(!places.is_empty(), "the alert does not name its rule");
        Ok(Self { bytes: request.into_bytes(), places })
    }

    /// A copy to be numbered again and again.
    pub(super) fn copy(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Makes `copy` the request with this number.
    pub(super) fn number(&self, copy: &mut [u8], number: u64) {
        let digits = format!("{number:0width$}", width = PLACE.len());
        for place in &self.places {
            for (to, digit) in copy.iter_mut().skip(*place).zip(digits.bytes()).take(PLACE.len()) {
                *to = digit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_an_alert_of_its_own() {
        let template = Template::new("/api/alerts/snow/incident").unwrap();
        let mut copy = template.copy();
        let mut keys = std::collections::BTreeSet::new();
        for number in [0, 1, 999_999_999] {
            template.number(&mut copy, number);
            let text = std::str::from_utf8(&copy).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}", body.len())));
            assert!((1900..2200).contains(&body.len()), "{}", body.len());
            let alert = connector::alert::Alert::from_json(body.as_bytes(), jiff::Timestamp::UNIX_EPOCH).unwrap();
            keys.insert(alert.parts(connector::route::Per::Alert).first().unwrap().correlation_key.clone());
        }
        assert_eq!(keys.len(), 3);
    }
}

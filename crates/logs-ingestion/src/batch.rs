//! Records become bodies of calls: a JSON array, never over the limit, each record in exactly one. Pure; knows nothing of HTTP.

/// Where one record begins in the body, and which of the upload's records it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    start: usize,
    position: u64,
}

/// The body of one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// `[` and the records with commas between; the last bracket is added by [`close`](Self::close).
    body: Vec<u8>,
    places: Vec<Place>,
}

impl Batch {
    /// Bytes of the finished body.
    pub(crate) fn len(&self) -> usize {
        self.body.len() + 1
    }

    /// Records in it.
    pub(crate) fn records(&self) -> usize {
        self.places.len()
    }

    /// The position of the first record.
    pub(crate) fn position(&self) -> u64 {
        self.places.first().map_or(0, |place| place.position)
    }

    /// The finished body.
    pub(crate) fn close(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.len());
        body.extend_from_slice(&self.body);
        body.push(b']');
        body
    }

    /// The bytes of the only record.
    pub(crate) fn only_record(mut self) -> Vec<u8> {
        self.body.drain(..self.body.len().min(1));
        self.body
    }

    fn push(&mut self, json: &[u8], position: u64) {
        self.body.push(if self.places.is_empty() { b'[' } else { b',' });
        self.places.push(Place { start: self.body.len(), position });
        self.body.extend_from_slice(json);
    }

    /// Two batches with about half the records each; the second is empty when there was only one.
    pub(crate) fn halves(self) -> (Self, Self) {
        let middle = self.places.len().div_ceil(2);
        let mut halves = (Self::default(), Self::default());
        for (number, place) in self.places.iter().enumerate() {
            let next = self.places.get(number + 1).map_or(self.body.len(), |next| next.start - 1);
            let json = self.body.get(place.start..next).unwrap_or_default();
            let half = if number < middle { &mut halves.0 } else { &mut halves.1 };
            half.push(json, place.position);
        }
        halves
    }
}

/// Fills batches up to a limit.
#[derive(Debug)]
pub(crate) struct Batcher {
    limit: usize,
    filling: Batch,
}

impl Batcher {
    /// `limit` in bytes of the finished body.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, filling: Batch::default() }
    }

    /// Adds one record, which must fit alone; the batch that is full without it.
    pub(crate) fn push(&mut self, json: &[u8], position: u64) -> Option<Batch> {
        // One more byte for the comma.
        let full = self.filling.records() > 0 && self.filling.len() + 1 + json.len() > self.limit;
        let done = full.then(|| std::mem::take(&mut self.filling));
        self.filling.push(json, position);
        done
    }

    /// What is left.
    pub(crate) fn rest(&mut self) -> Option<Batch> {
        (self.filling.records() > 0).then(|| std::mem::take(&mut self.filling))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn batches(texts: &[String], limit: usize) -> Vec<Batch> {
        let mut batcher = Batcher::new(limit);
        let mut done = Vec::new();
        for (position, text) in texts.iter().enumerate() {
            done.extend(batcher.push(json!({"t": text}).to_string().as_bytes(), position as u64));
        }
        done.extend(batcher.rest());
        done
    }

    fn texts(batch: &Batch) -> Vec<String> {
        let values: Vec<Value> = serde_json::from_slice(&batch.close()).unwrap();
        values.iter().map(|value| value["t"].as_str().unwrap().to_owned()).collect()
    }

    proptest! {
        #[test]
        fn no_batch_is_over_the_limit_and_every_record_is_in_exactly_one(
            given in proptest::collection::vec(".{0,40}", 0..60), limit in 400_usize..600,
        ) {
            let done = batches(&given, limit);
            for batch in &done {
                prop_assert!(batch.close().len() <= limit);
                prop_assert_eq!(batch.close().len(), batch.len());
            }
            prop_assert_eq!(done.iter().flat_map(texts).collect::<Vec<_>>(), given);
        }

        #[test]
        fn a_batch_is_left_only_when_the_next_record_does_not_fit(given in proptest::collection::vec("[a-z]{0,40}", 1..60)) {
            let done = batches(&given, 200);
            for pair in done.windows(2) {
                let next = json!({"t": texts(&pair[1])[0]}).to_string();
                prop_assert!(pair[0].len() + 1 + next.len() > 200);
            }
        }

        #[test]
        fn halves_hold_what_the_whole_held(given in proptest::collection::vec(".{0,20}", 1..30)) {
            let whole = batches(&given, 1_000_000).remove(0);
            let size = whole.records();
            let (first, second) = whole.halves();
            prop_assert!(first.records() - second.records() <= 1);
            prop_assert_eq!(first.records() + second.records(), size);
            let mut back = texts(&first);
            if second.records() > 0 {
                prop_assert_eq!(second.position(), first.records() as u64);
                back.extend(texts(&second));
            }
            prop_assert_eq!(back, given);
        }
    }
}

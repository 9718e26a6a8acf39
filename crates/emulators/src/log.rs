//! The last requests, for assertions. Bounded, so that a long run does not fill the memory.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::http::Call;

/// One request as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// After an override header.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As sent.
    pub query: String,
    /// 0 when the connection was closed without an answer.
    pub status: u16,
    /// At most the first 64 KiB.
    pub body: String,
    /// The header `traceparent`; empty when there was none.
    pub traceparent: String,
    /// The header `tracestate`; empty when there was none.
    pub tracestate: String,
}

/// Longest body that is kept, in bytes.
const BODY: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Log {
    kept: Mutex<VecDeque<Request>>,
    room: usize,
    count: AtomicU64,
}

impl Log {
    pub(crate) fn new(room: usize) -> Self {
        Self { kept: Mutex::new(VecDeque::new()), room, count: AtomicU64::new(0) }
    }

    /// Counts a request; its number.
    pub(crate) fn begin(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Keeps a request.
    pub(crate) fn end(&self, call: &Call, status: u16) {
        if self.room == 0 {
            return;
        }
        let body = String::from_utf8_lossy(call.body.get(..call.body.len().min(BODY)).unwrap_or_default()).into_owned();
        let header = |name| call.header(name).unwrap_or_default().to_owned();
        let request = Request {
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            status,
            body,
            traceparent: header("traceparent"),
            tracestate: header("tracestate"),
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.room {
            kept.pop_front();
        }
        kept.push_back(request);
    }

    pub(crate) fn kept(&self) -> Vec<Request> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

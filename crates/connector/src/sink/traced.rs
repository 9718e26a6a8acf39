//! A sink whose calls are spans below the run that makes them. What nobody's run asked for, as the journal's own writes, has none.

use std::sync::Arc;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{Sink, SinkError, Written};
use crate::rows::{LogRow, Row, ServiceDeskRow};
use crate::telemetry::{Parent, Started, Tracing};

/// `sink` with spans.
#[derive(Debug)]
pub struct TracedSink {
    sink: Arc<dyn Sink>,
    kind: SpanKind,
}

impl TracedSink {
    /// Calls of a sink elsewhere are those of a client; those of a database in this process are not.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, elsewhere: bool) -> Self {
        Self { sink, kind: if elsewhere { SpanKind::Client } else { SpanKind::Internal } }
    }

    async fn traced(
        &self,
        table: &'static str,
        rows: usize,
        write: impl Future<Output = Result<Written, SinkError>>,
    ) -> Result<Written, SinkError> {
        let Some(tracing) = Tracing::current() else { return write.await };
        let attributes = [KeyValue::new("itsm_connector.table", table), number("itsm_connector.rows", rows)];
        let span = tracing.start(self.kind.clone(), format!("write {table}"), Parent::Current, attributes);
        let written = span.within(write).await;
        told(&span, &written);
        written
    }
}

fn number(key: &'static str, number: usize) -> KeyValue {
    KeyValue::new(key, i64::try_from(number).unwrap_or(i64::MAX))
}

fn told(span: &Started, written: &Result<Written, SinkError>) {
    match written {
        Ok(written) if written.refused.is_empty() => {}
        Ok(written) => {
            span.set(number("itsm_connector.rows.refused", written.refused.len()));
            span.failed("refused");
        }
        Err(_) => span.failed("not_taken"),
    }
}

#[async_trait]
impl Sink for TracedSink {
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        self.traced(ServiceDeskRow::TABLE, rows.len(), self.sink.records(rows)).await
    }

    async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError> {
        self.traced(LogRow::TABLE, rows.len(), self.sink.log(rows)).await
    }

    fn describe(&self) -> String {
        self.sink.describe()
    }
}

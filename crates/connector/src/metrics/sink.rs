//! A sink whose writes are counted and timed.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Metrics;
use super::label::{Row, Table, Write};
use crate::clock::{Clock, between};
use crate::rows::{LogRow, ServiceDeskRow};
use crate::sink::{Sink, SinkError, Written};

/// Wraps a sink.
#[derive(Debug)]
pub struct Measured {
    /// The sink.
    pub sink: Arc<dyn Sink>,
    /// Where it is told.
    pub metrics: Metrics,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Measured {
    fn tell(&self, table: Table, begun: Timestamp, result: &Result<Written, SinkError>) {
        let write = match result {
            Ok(written) => {
                let refused = u64::try_from(written.refused.len()).unwrap_or(u64::MAX);
                for (rows, row) in [(written.accepted, Row::Accepted), (refused, Row::Refused)] {
                    if rows > 0 {
                        self.metrics.sink_rows(rows, table, row);
                    }
                }
                Write::Ok
            }
            Err(_) => Write::Failed,
        };
        self.metrics.sink_writes(1, table, write);
        self.metrics.sink_duration(between(begun, self.clock.now()), table);
    }
}

#[async_trait]
impl Sink for Measured {
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        let begun = self.clock.now();
        let result = self.sink.records(rows).await;
        self.tell(Table::Records, begun, &result);
        result
    }

    async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError> {
        let begun = self.clock.now();
        let result = self.sink.log(rows).await;
        self.tell(Table::Log, begun, &result);
        result
    }

    fn describe(&self) -> String {
        self.sink.describe()
    }
}

//! Prints docs/METRICS.md, made from the list of metrics: `cargo run -p connector --example metrics > docs/METRICS.md`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(connector::metrics::document::page().as_bytes())
}

//! The load generator: connections that post one request after the other and take the time of each answer. Bare HTTP/1.1 over
//! sockets, so that it takes little of the processor away from what is measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::at_permille;
use super::template::Template;

/// When the load ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// After so many requests.
    Posted(u64),
    /// After so long.
    Elapsed(Duration),
}

/// What was seen.
#[derive(Debug)]
pub(super) struct Seen {
    /// Answers 202.
    pub(super) answers: u64,
    /// From the first request to the last answer.
    pub(super) took: Duration,
    /// Processor time of the server meanwhile, if somebody looked.
    pub(super) processor_seconds: f64,
    /// Microseconds that each answer took, in ascending order.
    micros: Vec<u32>,
}

impl Seen {
    /// Answers per second.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    /// Microseconds of the server's processor time for each answer. Unlike the rate it hardly depends on what else the machine
    /// does.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) fn processor_micros(&self) -> f64 {
        self.processor_seconds * 1e6 / self.answers as f64
    }

    /// Milliseconds that so many of a thousand answers did not exceed.
    pub(super) fn millis_at(&self, permille: usize) -> f64 {
        f64::from(at_permille(&self.micros, permille)) / 1000.0
    }
}

/// Posts numbered copies of `template` over `connections` connections. Any answer but 202 is an error.
pub(super) async fn post(
    to: SocketAddr,
    template: &Arc<Template>,
    numbers: &Arc<AtomicU64>,
    connections: usize,
    until: Until,
) -> anyhow::Result<Seen> {
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(to).await.with_context(|| format!("connecting to {to}"))?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let (begun, first) = (Instant::now(), numbers.load(Ordering::Relaxed));
    let mut posting = JoinSet::new();
    for stream in streams {
        posting.spawn(post_on(stream, Arc::clone(template), Arc::clone(numbers), first, begun, until));
    }
    let mut micros = Vec::new();
    while let Some(posted) = posting.join_next().await {
        micros.extend(posted??);
    }
    let took = begun.elapsed();
    micros.sort_unstable();
    Ok(Seen { answers: u64::try_from(micros.len())?, took, processor_seconds: 0.0, micros })
}

async fn post_on(
    mut stream: TcpStream,
    template: Arc<Template>,
    numbers: Arc<AtomicU64>,
    first: u64,
    begun: Instant,
    until: Until,
) -> anyhow::Result<Vec<u32>> {
    let (mut request, mut answer) = (template.copy(), Vec::with_capacity(4096));
    let mut micros = Vec::new();
    loop {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let over = match until {
            Until::Posted(most) => number - first >= most,
            Until::Elapsed(most) => begun.elapsed() >= most,
        };
        if over {
            return Ok(micros);
        }
        template.number(&mut request, number);
        let asked = Instant::now();
        stream.write_all(&request).await?;
        read_answer(&mut stream, &mut answer).await?;
        micros.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> anyhow::Result<()> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            bail!("the server closed the connection instead of answering");
        }
        if length(answer)?.is_some_and(|length| answer.len() >= length) {
            return Ok(());
        }
    }
}

/// How long the answer is once its head is there.
fn length(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(head) = answer.windows(END.len()).position(|window| window == END) else { return Ok(None) };
    let text = std::str::from_utf8(answer.get(..head).unwrap_or_default())?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    if status != "202" {
        bail!("expected 202, got: {}", String::from_utf8_lossy(answer));
    }
    let mut headers = lines.filter_map(|line| line.split_once(':'));
    let body = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length")).map_or("0", |(_, value)| value.trim());
    Ok(Some(head + END.len() + body.parse::<usize>()?))
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn an_answer_is_whole_when_its_body_is_there_and_good_when_it_is_202() {
        assert_eq!(length(b"HTTP/1.1 202 Accepted\r\nContent-Le").unwrap(), None);
        let whole = b"HTTP/1.1 202 Accepted\r\ncontent-length: 3\r\n\r\nabc";
        assert_eq!(length(whole).unwrap(), Some(whole.len()));
        assert!(length(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").is_err());
    }
}

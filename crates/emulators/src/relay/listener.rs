//! A listener: takes requests from Relay and lets a service decide about them, as a gateway behind a firewall does. It speaks the
//! documented wire and knows nothing of the emulator beside it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};
use url::Url;

use super::wire::CONTROL_BODY;
use crate::http::{Answer, Call, Decision, Service};

/// Something that carries bytes.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Socket = WebSocketStream<Box<dyn Stream>>;

/// A connected listener; dropping it closes its control channel.
#[derive(Debug)]
pub struct Listener {
    task: JoinHandle<()>,
    messages: mpsc::UnboundedSender<Vec<Message>>,
}

impl Listener {
    /// Connects and stays. `address`: `wss://namespace/$hc/path?sb-hc-action=listen&sb-hc-token=…`; `authority`: a certificate authority to
    /// trust, PEM. It does not connect again by itself.
    pub async fn connect(address: &str, authority: Option<PathBuf>, service: Arc<dyn Service>) -> io::Result<Self> {
        let socket = open(address, authority.as_deref()).await?;
        let (messages, outgoing) = mpsc::unbounded_channel();
        let task = tokio::spawn(listen(socket, (messages.clone(), outgoing), authority, service));
        Ok(Self { task, messages })
    }

    /// Gives Relay another token before the first expires.
    pub fn renew(&self, token: &str) {
        let message = json!({"renewToken": {"token": token}});
        // A channel that is closed needs no token.
        self.messages.send(vec![Message::text(message.to_string())]).ok();
    }

    /// Whether Relay or the network closed the control channel.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Waits until the control channel is closed.
    pub async fn end(&mut self) {
        (&mut self.task).await.ok();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn open(address: &str, authority: Option<&Path>) -> io::Result<Socket> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    let url = Url::parse(address).map_err(|_| wrong("the address of a listener is no URL"))?;
    let host = url.host_str().ok_or_else(|| wrong("the address of a listener has no host"))?.to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true).ok();
    let stream: Box<dyn Stream> = if url.scheme() == "wss" {
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        Box::new(TlsConnector::from(Arc::new(trust(authority)?)).connect(name, stream).await?)
    } else {
        Box::new(stream)
    };
    let (socket, _) = client_async(address, stream).await.map_err(io::Error::other)?;
    Ok(socket)
}

fn trust(authority: Option<&Path>) -> io::Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(file) = authority {
        for certificate in CertificateDer::pem_file_iter(file).map_err(io::Error::other)? {
            roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth())
}

type Outgoing = (mpsc::UnboundedSender<Vec<Message>>, mpsc::UnboundedReceiver<Vec<Message>>);

async fn listen(socket: Socket, (messages, mut outgoing): Outgoing, authority: Option<PathBuf>, service: Arc<dyn Service>) {
    let (mut out, mut incoming) = socket.split();
    let mut half: Option<Request> = None;
    let mut work = JoinSet::new();
    loop {
        while work.try_join_next().is_some() {}
        let whole = tokio::select! {
            batch = outgoing.recv() => {
                for message in batch.unwrap_or_default() {
                    if out.send(message).await.is_err() {
                        return;
                    }
                }
                continue;
            }
            message = incoming.next() => match message {
                Some(Ok(Message::Text(text))) => Request::read(&text),
                Some(Ok(Message::Binary(body))) => half.take().map(|request| request.with(body)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => None,
            },
        };
        match whole {
            Some(request) if request.body_follows => half = Some(request),
            Some(request) => {
                let (messages, authority, service) = (messages.clone(), authority.clone(), Arc::clone(&service));
                // What fails here leaves the request without an answer; Relay tells the sender.
                work.spawn(async move { serve(request, messages, authority.as_deref(), service.as_ref()).await.ok() });
            }
            None => {}
        }
    }
}

/// A request as Relay tells it.
struct Request {
    address: String,
    id: String,
    /// `None` when it has to be fetched at the address.
    call: Option<Call>,
    body_follows: bool,
}

impl Request {
    fn read(text: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(text).ok()?;
        let request = message.get("request")?;
        let text = |name: &str| request.get(name).and_then(Value::as_str).map(str::to_owned);
        let call = text("method").map(|method| {
            let target = text("requestTarget").unwrap_or_default();
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let headers = request.get("requestHeaders").and_then(Value::as_object);
            let headers = headers.into_iter().flatten();
            Call {
                method,
                path: path.to_owned(),
                query: query.to_owned(),
                headers: headers
                    .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()))
                    .collect(),
                body: Bytes::new(),
            }
        });
        let body_follows = call.is_some() && request.get("body").and_then(Value::as_bool).unwrap_or_default();
        Some(Self { address: text("address")?, id: text("id").unwrap_or_default(), call, body_follows })
    }

    fn with(mut self, body: Bytes) -> Self {
        if let Some(call) = &mut self.call {
            call.body = body;
        }
        self.body_follows = false;
        self
    }
}

async fn serve(
    request: Request,
    messages: mpsc::UnboundedSender<Vec<Message>>,
    authority: Option<&Path>,
    service: &dyn Service,
) -> io::Result<()> {
    if let Some(call) = request.call {
        let Some(answer) = decide(service, call).await else { return Ok(()) };
        if answer.body.len() <= CONTROL_BODY {
            messages.send(response(&request.id, answer)).map_err(io::Error::other)?;
            return Ok(());
        }
        let mut socket = open(&request.address, authority).await?;
        return reply(&mut socket, &request.id, answer).await;
    }
    let mut socket = open(&request.address, authority).await?;
    let mut half: Option<Request> = None;
    while let Some(Ok(message)) = socket.next().await {
        let whole = match message {
            Message::Text(text) => Request::read(&text),
            Message::Binary(body) => half.take().map(|request| request.with(body)),
            Message::Close(_) => return Ok(()),
            _ => None,
        };
        match whole {
            Some(request) if request.body_follows => half = Some(request),
            Some(Request { id, call: Some(call), .. }) => {
                let Some(answer) = decide(service, call).await else { return Ok(()) };
                return reply(&mut socket, &id, answer).await;
            }
            _ => {}
        }
    }
    Ok(())
}

/// `None`: the service breaks the connection, which a listener cannot; the request stays without an answer.
async fn decide(service: &dyn Service, call: Call) -> Option<Answer> {
    match service.decide(call) {
        Decision::Answer(answer, delay) => {
            crate::clock::wait(delay).await;
            Some(answer)
        }
        Decision::Drop(_) => None,
    }
}

async fn reply(socket: &mut Socket, id: &str, answer: Answer) -> io::Result<()> {
    for message in response(id, answer) {
        socket.send(message).await.map_err(io::Error::other)?;
    }
    // Relay closes it once it has everything; leaving earlier would break the sender's connection.
    while let Some(Ok(message)) = socket.next().await {
        if matches!(message, Message::Close(_)) {
            break;
        }
    }
    Ok(())
}

fn response(id: &str, answer: Answer) -> Vec<Message> {
    let headers: Map<String, Value> = answer.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    let head = json!({"response": {
        "requestId": id,
        "statusCode": answer.status,
        "responseHeaders": headers,
        "body": !answer.body.is_empty(),
    }});
    let mut messages = vec![Message::text(head.to_string())];
    if !answer.body.is_empty() {
        messages.push(Message::binary(answer.body));
    }
    messages
}

//! The namespace: its hybrid connections, who listens on them, and which requests wait for an answer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::Message;

use super::{
    options::{HybridConnection, Options, Right},
    sas::{self, Denied},
    wire,
};
use crate::{
    clock::EmulatorClock,
    http::{Answer, Call},
    log::Log,
};

/// Listeners that one hybrid connection takes.
const MOST_LISTENERS: usize = 25;

/// Messages that stand together on a control channel.
pub(super) type Batch = Vec<Message>;

/// A listener's control channel.
#[derive(Debug)]
struct Listener {
    number: u64,
    path: String,
    messages: mpsc::UnboundedSender<Batch>,
}

/// A request that a listener has.
#[derive(Debug)]
pub(super) struct Waiting {
    listener: u64,
    answer: oneshot::Sender<Answer>,
    /// Told on the rendezvous socket, for a request that was too large for the control channel.
    pub(super) request: Option<(Call, Map<String, Value>)>,
}

/// Everything behind the address.
#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) options: Options,
    pub(super) clock: EmulatorClock,
    pub(super) log: Log,
    /// `ws://127.0.0.1:40123`
    pub(super) socket_url: String,
    state: Mutex<State>,
    /// Changes whenever a control channel should look whether it may stay.
    stir: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    connections: Vec<HybridConnection>,
    listeners: Vec<Listener>,
    waiting: HashMap<String, Waiting>,
    rendezvous: u64,
    next: u64,
    chance: StdRng,
}

impl Namespace {
    pub(super) fn new(options: Options, clock: EmulatorClock, socket_url: String) -> Self {
        let state = State {
            connections: options.hybrid_connections.clone(),
            listeners: Vec::new(),
            waiting: HashMap::new(),
            rendezvous: 0,
            next: 1,
            chance: StdRng::seed_from_u64(options.chance),
        };
        let log = Log::new(options.request_log);
        Self { options, clock, log, socket_url, state: Mutex::new(state), stir: watch::Sender::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hybrid connection that a path belongs to: its own or one below.
    pub(super) fn connection(&self, path: &str) -> Option<HybridConnection> {
        let path = path.trim_start_matches('/').to_ascii_lowercase();
        let owns = |own: &str| path == own || path.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'));
        let state = self.state();
        let found = state.connections.iter().filter(|connection| owns(&connection.path.to_ascii_lowercase()));
        found.max_by_key(|connection| connection.path.len()).cloned()
    }

    /// Whether a token gives a right; when it expires.
    pub(super) fn check(&self, token: Option<&str>, path: &str, right: Right) -> Result<i64, Answer> {
        let checked =
            token.ok_or(Denied::Invalid).and_then(|token| sas::check(&self.options, token, path, right, self.clock.seconds()));
        checked.map_err(|denied| match denied {
            Denied::Invalid => wire::own(401, "The security token is missing, malformed or invalid."),
            Denied::NotAllowed => wire::own(403, "The security token is not valid for this path and this action."),
        })
    }

    /// Takes a listener in; its number and what it is to be told.
    pub(super) fn enter(&self, path: &str) -> Option<(u64, mpsc::UnboundedReceiver<Batch>)> {
        let mut state = self.state();
        if state.listeners.iter().filter(|listener| listener.path == path).count() >= MOST_LISTENERS {
            return None;
        }
        let number = state.next;
        state.next += 1;
        let (messages, told) = mpsc::unbounded_channel();
        state.listeners.push(Listener { number, path: path.to_owned(), messages });
        Some((number, told))
    }

    /// A listener went. Requests that it had fail at once, which is inferred.
    pub(super) fn leave(&self, number: u64) {
        let mut state = self.state();
        state.listeners.retain(|listener| listener.number != number);
        // Dropping the other end tells the senders.
        state.waiting.retain(|_, waiting| waiting.listener != number);
    }

    pub(super) fn listeners(&self, path: &str) -> usize {
        self.state().listeners.iter().filter(|listener| listener.path == path).count()
    }

    pub(super) fn rendezvous(&self) -> u64 {
        self.state().rendezvous
    }

    /// Gives a request to one of the listeners; the id, and where its answer will be. `None`: nobody listens.
    pub(super) fn dispatch(
        &self,
        path: &str,
        call: Call,
        headers: Map<String, Value>,
    ) -> Option<(String, oneshot::Receiver<Answer>)> {
        let mut state = self.state();
        let State { listeners, chance, waiting, .. } = &mut *state;
        let mut able: Vec<&Listener> = listeners.iter().filter(|listener| listener.path == path).collect();
        if able.is_empty() {
            return None;
        }
        let listener = able.swap_remove(chance.random_range(0..able.len()));
        let id = uuid::Uuid::from_u128(chance.random()).to_string();
        let address = format!("{}/$hc/{path}?sb-hc-action=request&sb-hc-id={id}", self.socket_url);
        let length: usize = headers.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
        let (answer, answered) = oneshot::channel();
        let text = |value: &Value| Message::text(value.to_string());
        let (batch, request) = if call.body.len() + length > wire::CONTROL_BODY || length > wire::CONTROL_HEADERS {
            (vec![text(&wire::request_by_rendezvous(&address))], Some((call, headers)))
        } else {
            let mut batch = vec![text(&wire::request(&address, &id, &call, &headers))];
            if !call.body.is_empty() {
                batch.push(Message::binary(call.body));
            }
            (batch, None)
        };
        waiting.insert(id.clone(), Waiting { listener: listener.number, answer, request });
        // A control channel that closes in this moment takes its requests with it.
        listener.messages.send(batch).ok();
        Some((id, answered))
    }

    /// Takes a waiting request for its rendezvous socket; an address is good once.
    pub(super) fn meet(&self, id: &str) -> Option<Waiting> {
        let mut state = self.state();
        let waiting = state.waiting.remove(id)?;
        state.rendezvous += 1;
        Some(waiting)
    }

    /// A listener answered on its control channel.
    pub(super) fn answered(&self, number: u64, id: &str, answer: Answer) {
        let mut state = self.state();
        if state.waiting.get(id).is_some_and(|waiting| waiting.listener == number)
            && let Some(waiting) = state.waiting.remove(id)
        {
            waiting.finish(answer);
        }
    }

    /// The sender waits no longer.
    pub(super) fn forget(&self, id: &str) {
        self.state().waiting.remove(id);
    }

    /// Deletes a hybrid connection; its listeners are shut out.
    pub(super) fn delete(&self, path: &str) {
        self.state().connections.retain(|connection| connection.path != path);
        self.stir();
    }

    /// Cuts every listener off, as a fault of the service does.
    pub(super) fn cut(&self) {
        self.state().listeners.clear();
        self.stir();
    }

    /// Whether a listener was not cut off.
    pub(super) fn knows(&self, number: u64) -> bool {
        self.state().listeners.iter().any(|listener| listener.number == number)
    }

    pub(super) fn stir(&self) {
        self.stir.send_modify(|count| *count += 1);
    }

    pub(super) fn stirred(&self) -> watch::Receiver<u64> {
        self.stir.subscribe()
    }
}

impl Waiting {
    /// A sender that went away misses its answer.
    pub(super) fn finish(self, answer: Answer) {
        self.answer.send(answer).ok();
    }
}

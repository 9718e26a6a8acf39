//! The portal as a whole: one request in, one decision out. The web server, the sign-in and the faults are settled here, in the order
//! in which they strike; the work itself is in `api`.

use std::{
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use bytes::Bytes;

use super::{
    access::Access,
    answers, api,
    faults::{CREATE, Effect, Faults, UPDATE},
    options::Options,
};
use crate::{
    clock::EmulatorClock,
    http::{Answer, Call, Decision, Service},
    log::Log,
    service_manager::model::ManagementGroup,
};

/// Everything behind the address.
#[derive(Debug)]
pub(super) struct Portal {
    pub(super) url: String,
    pub(super) options: Options,
    pub(super) clock: EmulatorClock,
    pub(super) access: Access,
    pub(super) faults: Faults,
    pub(super) log: Log,
    group: RwLock<ManagementGroup>,
}

const BASE: &str = "/api/v3/";

impl Portal {
    pub(super) fn new(options: Options, url: String, clock: EmulatorClock) -> Self {
        let group = ManagementGroup::new(options.group.clone(), clock.milliseconds());
        Self {
            url,
            clock,
            access: Access::new(&options),
            faults: Faults::new(options.chance),
            log: Log::new(options.request_log),
            group: RwLock::new(group),
            options,
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, ManagementGroup> {
        self.group.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, ManagementGroup> {
        self.group.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.clock.milliseconds()
    }

    /// Seconds since 1970.
    pub(super) fn seconds(&self) -> i64 {
        self.clock.seconds()
    }

    fn work(&self, call: &Call, effects: Vec<Effect>) -> Answer {
        if self.options.windows_authentication {
            return answers::windows_authentication();
        }
        let Some(address) = address(&call.path) else {
            return if call.path == "/" { answers::login_page() } else { answers::no_resource(&call.path) };
        };
        let request = api::Request::new(call, effects);
        if address.eq_ignore_ascii_case("Authorization/GetToken") {
            if call.method != "POST" {
                return answers::wrong_method(&call.method);
            }
            return api::get_token(self, &request).unwrap_or_else(|answer| answer);
        }
        let Some(session) = self.access.authenticate(call, self.seconds()) else { return answers::unauthorized() };
        api::find(&call.method, address).and_then(|handler| handler(self, &request, &session)).unwrap_or_else(|answer| answer)
    }

    /// The path by which faults are matched: commits say whether they create.
    fn marked(&self, call: &Call) -> Call {
        let commit = address(&call.path).is_some_and(|address| address.eq_ignore_ascii_case("Projection/Commit"));
        let mark = match commit {
            true if api::makes_new(&self.read(), &call.body) => CREATE,
            true => UPDATE,
            false => "",
        };
        Call { method: call.method.clone(), path: format!("{}{mark}", call.path), ..Call::default() }
    }

    /// The answer with the headers that every answer has.
    fn finish(&self, answer: Answer) -> Answer {
        let date = jiff::Timestamp::from_second(self.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        answer
            .with_header("Server", "Microsoft-IIS/10.0")
            .with_header("Date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .with_header("Cache-Control", "no-cache")
            .with_header("X-Powered-By", "ASP.NET")
    }

    /// Keeps what was asked; a password never gets into the log.
    fn end(&self, mut call: Call, status: u16) {
        if address(&call.path).is_some_and(|address| address.eq_ignore_ascii_case("Authorization/GetToken")) {
            call.body = Bytes::new();
        }
        self.log.end(&call, status);
    }
}

/// What stands behind `api/V3`, which the web server takes in any case.
fn address(path: &str) -> Option<&str> {
    let (base, address) = path.split_at_checked(BASE.len())?;
    base.eq_ignore_ascii_case(BASE).then_some(address)
}

impl Service for Portal {
    fn decide(&self, call: Call) -> Decision {
        self.log.begin();
        let mut delay = Duration::ZERO;
        let (mut instead, mut inside) = (None, Vec::new());
        let (mut half, mut lost) = (false, false);
        for effect in self.faults.strike(&self.marked(&call)) {
            let answer = match effect {
                Effect::Slow(by) => {
                    delay += by;
                    continue;
                }
                Effect::LostBefore => {
                    self.end(call, 0);
                    return Decision::Drop(delay);
                }
                Effect::LostAfter => {
                    lost = true;
                    continue;
                }
                Effect::HalfAnswer => {
                    half = true;
                    continue;
                }
                Effect::NotDone(_) | Effect::WorkflowTouches => {
                    inside.push(effect);
                    continue;
                }
                Effect::Status { code, body } => {
                    let html = body.starts_with('<');
                    Answer::new(code, if html { "text/html" } else { "text/plain; charset=utf-8" }, body)
                }
                Effect::Down => answers::down(),
                Effect::LoginPage => answers::login_page(),
                Effect::Unauthorized => answers::unauthorized(),
            };
            instead = instead.or(Some(answer));
        }
        let mut answer = instead.unwrap_or_else(|| self.work(&call, inside));
        if lost {
            self.end(call, 0);
            return Decision::Drop(delay);
        }
        if half {
            answer.body.truncate(answer.body.len() / 2);
        }
        self.end(call, answer.status);
        Decision::Answer(self.finish(answer), delay)
    }
}

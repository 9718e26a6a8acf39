//! The environment as a whole: one request in, one decision out. Access, limits and faults are settled here, in the order in which they
//! strike on the real thing; the work itself is in `api`.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use super::{
    access::{Access, Session},
    api,
    database::Database,
    faults::{Effect, Faults},
    options::Options,
    prefer::Prefer,
    protection::{self, Protection},
    refusal::Refusal,
};
use crate::{
    clock::EmulatorClock,
    entra::Entra,
    http::{Answer, Call, Decision, Service},
    log::Log,
};

/// What happens to the next create of a work item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    No,
    /// Nothing is done, and the connection breaks.
    Before,
    /// It is done, and the connection breaks.
    After,
}

/// Everything behind the address.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) url: String,
    pub(super) options: Options,
    pub(super) clock: Arc<EmulatorClock>,
    pub(super) faults: Faults,
    pub(super) log: Log,
    pub(super) access: Access,
    pub(super) protection: Protection,
    pub(super) entra: Entra,
    database: RwLock<Database>,
    lost: AtomicU8,
    /// Plug-ins that refuse creates and let changes pass.
    refused: Mutex<Vec<Effect>>,
}

/// One request on its way.
pub(super) struct Request<'a> {
    pub(super) environment: &'a Environment,
    pub(super) session: &'a Session,
    pub(super) call: &'a Call,
    pub(super) prefer: Prefer,
    /// `{url}/api/data/v9.2`
    pub(super) base: String,
    /// Effects that strike inside the work.
    pub(super) effects: &'a [Effect],
}

impl Environment {
    pub(super) fn new(url: String, options: Options, entra: Entra, access: Access, database: Database) -> Self {
        let clock = entra.clock();
        Self {
            clock,
            faults: Faults::new(options.chance),
            log: Log::new(options.request_log),
            access,
            protection: Protection::new(options.protection),
            entra,
            database: RwLock::new(database),
            lost: AtomicU8::new(0),
            refused: Mutex::new(Vec::new()),
            url,
            options,
        }
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.seconds()
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Database> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Database> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lose(&self, lost: Lost) {
        let value = match lost {
            Lost::No => 0,
            Lost::Before => 1,
            Lost::After => 2,
        };
        self.lost.store(value, Ordering::Relaxed);
    }

    /// What happens to this create; only the next one is lost.
    pub(super) fn loss(&self) -> Lost {
        match self.lost.swap(0, Ordering::Relaxed) {
            1 => Lost::Before,
            2 => Lost::After,
            _ => Lost::No,
        }
    }

    pub(super) fn refuse_creates(&self, plugin: Effect) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(plugin);
    }

    pub(super) fn allow_creates(&self) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Plug-ins that refuse creates at the moment.
    pub(super) fn refused_creates(&self) -> Vec<Effect> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs in, counts against the limits, does the work.
    fn work(&self, call: &Call, effects: &[Effect]) -> Result<Answer, Refusal> {
        let rest = call.path.strip_prefix("/api/data/").ok_or_else(|| Refusal::no_segment(call.path.trim_matches('/')))?;
        let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let session = self.access.authenticate(call, &self.entra)?;
        if !matches!(version, "v9.0" | "v9.1" | "v9.2") {
            return Err(Refusal::new(404, "0x8006088a", format!("The requested version {version} is not available.")));
        }
        let limits = self.protection.count(session.user, self.clock.milliseconds())?;
        let base = format!("{}/api/data/{version}", self.url);
        let request = Request { environment: self, session: &session, call, prefer: Prefer::read(call), base, effects };
        let mut answer = api::route(&request, rest)?;
        answer.headers.extend(limits);
        Ok(answer)
    }

    fn finish(&self, answer: Answer, number: u64) -> Answer {
        let date = jiff::Timestamp::from_second(self.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let id = format!("3f2b9a10-0000-4000-8000-{number:012x}");
        answer
            .with_header("OData-Version", "4.0")
            .with_header("x-ms-service-request-id", id.clone())
            .with_header("REQ_ID", id)
            .with_header("Set-Cookie", "ARRAffinity=7d2c5a90b1; path=/; HttpOnly")
            .with_header("Cache-Control", "no-cache")
            .with_header("Date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    /// What a fault answers instead of the work.
    fn instead(&self, effect: &Effect) -> Option<Result<Answer, Refusal>> {
        Some(match effect {
            Effect::Status { code, body, headers } => {
                let kind = if body.starts_with('<') { "text/html" } else { "application/json; odata.metadata=minimal" };
                let mut answer = Answer::new(*code, kind, body.clone());
                answer.headers.extend(headers.iter().cloned());
                Ok(answer)
            }
            Effect::Throttled { limit, retry_after } => {
                Err(protection::refusal(*limit, self.options.protection.unwrap_or_default(), *retry_after))
            }
            Effect::Unauthorized => Err(self.access.unauthorized()),
            Effect::LoginPage => Ok(Answer::new(200, "text/html; charset=utf-8", LOGIN)),
            _ => return None,
        })
    }
}

const LOGIN: &str = "<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body><form id=\"i0281\" method=\"post\"></form></body></html>";

impl Service for Environment {
    fn decide(&self, call: Call) -> Decision {
        let number = self.log.begin();
        let mut delay = Duration::ZERO;
        let (mut instead, mut inside, mut broken, mut reset) = (None, Vec::new(), false, false);
        for effect in self.faults.strike(&call) {
            match effect {
                Effect::Slow(by) => delay += by,
                Effect::BrokenJson => broken = true,
                Effect::ResetAfterCommit => reset = true,
                Effect::ResetBeforeCommit => {
                    self.log.end(&call, 0);
                    return Decision::Drop(delay);
                }
                effect => match self.instead(&effect) {
                    Some(answer) => instead = instead.or(Some(answer)),
                    None => inside.push(effect),
                },
            }
        }
        let detailed = Prefer::read(&call).wants_all();
        let done = instead.unwrap_or_else(|| self.work(&call, &inside));
        let mut answer = match done {
            Err(refusal) if refusal.silent => {
                reset = true;
                Answer::empty(0)
            }
            Err(refusal) if refusal.status == 401 => Answer { headers: refusal.headers, ..Answer::empty(401) },
            Err(refusal) => refusal.answer(detailed),
            Ok(answer) => answer,
        };
        if reset {
            self.log.end(&call, 0);
            return Decision::Drop(delay);
        }
        if broken {
            answer.body = answer.body.slice(..answer.body.len() / 2);
        }
        self.log.end(&call, answer.status);
        Decision::Answer(self.finish(answer, number), delay)
    }
}

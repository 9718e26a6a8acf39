//! One request in, one decision out: what happens on the way, who calls, what strikes, and then the operation.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    about,
    authentication::Authentication,
    changing::{self, Effects},
    creating,
    faults::{Effect, Faults},
    idempotency::Keys,
    instants, lists,
    options::Options,
    problem::Problem,
    render::{self, Renderer},
    request::Operation,
};
use crate::{
    clock::EmulatorClock,
    http::{Answer, Call, Decision, Service},
    log::Log,
    service_manager::model::{Actor, ManagementGroup},
};

/// Largest body, in bytes, either way.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// Everything behind the address.
#[derive(Debug)]
pub(super) struct State {
    pub(super) url: String,
    pub(super) options: Options,
    pub(super) clock: EmulatorClock,
    pub(super) faults: Faults,
    pub(super) log: Log,
    authentication: Authentication,
    kept: Mutex<Kept>,
    pub(super) troubles: Mutex<Troubles>,
}

/// What lasts.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) group: ManagementGroup,
    keys: Keys,
}

/// What goes wrong until somebody ends it.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    pub(super) server_down: bool,
    pub(super) login_page: bool,
    pub(super) credentials_refused: bool,
    /// Milliseconds of the clock.
    pub(super) busy_until: Option<i64>,
    pub(super) create_refused: Option<String>,
}

/// What a reading operation sees.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) group: &'a ManagementGroup,
    pub(super) options: &'a Options,
    pub(super) actor: Actor,
    pub(super) now: i64,
}

impl<'a> Desk<'a> {
    pub(super) fn renderer(&self) -> Renderer<'a> {
        Renderer { group: self.group, language: self.options.language, administrator: self.actor.administrator }
    }

    pub(super) fn watermark(&self) -> String {
        instants::show(self.now - i64::from(self.options.settle_seconds) * 1000)
    }
}

/// What a writing operation works on.
#[derive(Debug)]
pub(super) struct Floor<'a> {
    pub(super) group: &'a mut ManagementGroup,
    pub(super) keys: &'a mut Keys,
    pub(super) options: &'a Options,
    pub(super) actor: Actor,
    pub(super) now: i64,
}

impl Floor<'_> {
    pub(super) fn renderer(&self) -> Renderer<'_> {
        Renderer { group: self.group, language: self.options.language, administrator: self.actor.administrator }
    }
}

/// Why an operation does not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// A problem is answered.
    Problem(Problem),
    /// The gateway is gone; the connection breaks.
    Drop,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl State {
    pub(super) fn new(options: Options, url: String, clock: EmulatorClock) -> Self {
        let group = ManagementGroup::new(options.group.clone(), clock.milliseconds());
        Self {
            url,
            faults: Faults::new(options.group.chance),
            log: Log::new(options.request_log),
            authentication: Authentication::new(&options),
            kept: Mutex::new(Kept { group, keys: Keys::default() }),
            troubles: Mutex::default(),
            options,
            clock,
        }
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, call: &Call, operation: Result<Operation, Problem>, effects: &Effects) -> Result<Answer, Stop> {
        let now = self.clock.milliseconds();
        let authorization = call.header("authorization").filter(|_| !self.troubles().credentials_refused);
        let actor = self.authentication.actor(authorization, now.div_euclid(1000));
        let actor =
            actor.ok_or_else(|| Problem::new("unauthorized", "send Authorization: Bearer with a token of this gateway"))?;
        if call.body.len() > BODY_LIMIT {
            return Err(Problem::new("too_large", format!("a body has at most {BODY_LIMIT} bytes")).into());
        }
        self.busy(now, effects)?;
        let operation = operation?;
        let server = self.server(&operation, effects);
        let mut kept = self.kept();
        let Kept { group, keys } = &mut *kept;
        if operation.writes() {
            server?;
            let mut floor = Floor { group, keys, options: &self.options, actor, now };
            return match operation {
                Operation::Create => creating::create(&mut floor, call, effects),
                Operation::Update(id) => changing::update(&mut floor, call, &id, effects),
                Operation::Comment(id) => changing::append(&mut floor, call, &id, effects),
                _ => about::create_computer(&mut floor, call),
            };
        }
        if operation == Operation::Health {
            return Ok(about::health(&Desk { group, options: &self.options, actor, now }, server.is_ok()));
        }
        server?;
        let floor = Floor { group, keys, options: &self.options, actor: actor.clone(), now };
        match operation {
            Operation::Read(class, id) => {
                let item = changing::find(&floor, class, &id)?;
                let etag = instants::etag(item);
                let known = call.header("if-none-match").unwrap_or_default();
                if known.split(',').any(|tag| tag.trim() == etag) {
                    return Ok(Answer::empty(304).with_header("ETag", etag));
                }
                Ok(Answer::json(200, &floor.renderer().item(item)).with_header("ETag", etag))
            }
            Operation::Comments(class, id) => {
                let comments = &changing::find(&floor, class, &id)?.comments;
                let items: Vec<serde_json::Value> = comments.iter().map(render::comment).collect();
                Ok(Answer::json(200, &serde_json::json!({"items": items})))
            }
            other => {
                let desk = Desk { group: floor.group, options: &self.options, actor, now };
                match other {
                    Operation::List(class) => Ok(lists::list(&desk, call, class)?),
                    Operation::Computers => Ok(about::computers(&desk, call)?),
                    _ => Ok(about::metadata(&desk, call)),
                }
            }
        }
    }

    fn busy(&self, now: i64, effects: &Effects) -> Result<(), Problem> {
        let busy = |seconds| Problem::new("busy", "too many requests at a time").retry_after(seconds);
        if let Some(until) = self.troubles().busy_until.filter(|until| *until > now) {
            return Err(busy(u64::try_from((until - now).div_euclid(1000) + 1).unwrap_or(1)));
        }
        effects.0.iter().try_for_each(|effect| match effect {
            Effect::Busy { retry_after } => Err(busy(*retry_after)),
            _ => Ok(()),
        })
    }

    /// Whether the management server lets itself be spoken to.
    fn server(&self, operation: &Operation, effects: &Effects) -> Result<(), Problem> {
        let unavailable =
            || Problem::new("sdk_unavailable", "the data access service of the management server cannot be reached");
        if self.troubles().server_down || effects.has(&Effect::SdkUnavailable) {
            return Err(unavailable());
        }
        if effects.has(&Effect::AccessDenied) {
            return Err(Problem::new("access_denied", "the gateway's user may not do this"));
        }
        if effects.has(&Effect::Internal) {
            return Err(Problem::new("internal", "see the log of the gateway"));
        }
        if !operation.writes() {
            effects.time_out(false)?;
            effects.time_out(true)?;
        }
        Ok(())
    }

    fn effects(&self, call: &Call, operation: Option<&Operation>) -> Vec<Effect> {
        let name = operation.map(Operation::name).unwrap_or_default();
        let tagged = Call { method: call.method.clone(), path: format!("{name} {}", call.path), ..Call::default() };
        let mut effects = self.faults.strike(&tagged);
        let troubles = self.troubles();
        if troubles.login_page {
            effects.push(Effect::LoginPage);
        }
        if operation == Some(&Operation::Create) {
            effects.extend(troubles.create_refused.clone().map(Effect::Rejected));
        }
        effects
    }
}

/// What a company's proxy shows to somebody it does not know.
const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action=\"/login\" method=\"post\">Sign in to continue</form></body></html>";

impl Service for State {
    fn decide(&self, call: Call) -> Decision {
        let number = self.log.begin();
        let operation = Operation::of(&call);
        let struck = self.effects(&call, operation.as_ref().ok());
        let delay = struck.iter().map(|effect| if let Effect::Slow(by) = effect { *by } else { Duration::ZERO }).sum();
        if struck.contains(&Effect::LoginPage) {
            self.log.end(&call, 200);
            return Decision::Answer(Answer::new(200, "text/html; charset=utf-8", LOGIN_PAGE), delay);
        }
        if struck.contains(&Effect::ResetBeforeCommit) {
            self.log.end(&call, 0);
            return Decision::Drop(delay);
        }
        let effects = Effects(struck);
        let write = operation.as_ref().is_ok_and(Operation::writes);
        let request = format!("gw-{number:08}");
        let mut answer = match self.work(&call, operation, &effects) {
            Ok(answer) => answer,
            Err(Stop::Problem(problem)) => problem.answer(&request, write),
            Err(Stop::Drop) => {
                self.log.end(&call, 0);
                return Decision::Drop(delay);
            }
        };
        if effects.has(&Effect::ResetAfterCommit) {
            self.log.end(&call, 0);
            return Decision::Drop(delay);
        }
        if effects.has(&Effect::HalfPage) && answer.status == 200 {
            answer.body = answer.body.slice(..answer.body.len() / 2);
        }
        self.log.end(&call, answer.status);
        Decision::Answer(answer.with_header("X-Request-Id", request), delay)
    }
}

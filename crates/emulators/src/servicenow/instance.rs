//! The instance as a whole: one request in, one decision out. Access, limits and faults are settled here, in the order in which they
//! strike on a real instance; the work itself is in `api`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use super::{
    access::{Access, Grants},
    api::{batch, event_web_service, import_set, stats, table},
    database::Database,
    errors::Refusal,
    faults::{Effect, Faults},
    options::{Options, RateLimit, Staging, User},
    pages,
    restrictions::Restrictions,
};
use crate::{
    clock::EmulatorClock,
    http::{Answer, Call, Decision, Service},
    log::Log,
};

/// The person behind a request and what is forbidden at the moment.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) roles: Vec<String>,
    pub(crate) restrictions: Restrictions,
}

/// Everything behind the address.
#[derive(Debug)]
pub(crate) struct Instance {
    url: String,
    zone: i64,
    pub(crate) clock: EmulatorClock,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) access: Access,
    pub(crate) staging: Vec<Staging>,
    database: RwLock<Database>,
    properties: RwLock<BTreeMap<String, String>>,
    rate_limit: Mutex<Option<RateLimit>>,
    /// Requests by user in the hour of the clock that began at these seconds.
    used: Mutex<(i64, HashMap<String, u64>)>,
}

/// Named in `X-RateLimit-Rule`.
const RULE: &str = "4a2d0f5b1b3310107a3b0d0e6e4bcb77";

impl Instance {
    pub(crate) fn new(options: &Options, url: String, clock: EmulatorClock, database: Database) -> Self {
        Self {
            url,
            zone: options.display_zone,
            clock,
            faults: Faults::new(options.chance),
            log: Log::new(options.request_log),
            access: Access::new(options),
            staging: options.staging.clone(),
            database: RwLock::new(database),
            properties: RwLock::new(options.properties.iter().cloned().collect()),
            rate_limit: Mutex::new(options.rate_limit.clone()),
            used: Mutex::new((0, HashMap::new())),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn zone(&self) -> i64 {
        self.zone
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.seconds()
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Database> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Database> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn property(&self, name: &str) -> bool {
        self.setting(name, false)
    }

    fn setting(&self, name: &str, default: bool) -> bool {
        self.properties.read().unwrap_or_else(PoisonError::into_inner).get(name).map_or(default, |value| value == "true")
    }

    pub(crate) fn set_property(&self, name: &str, value: &str) {
        self.properties.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn set_rate_limit(&self, limit: Option<RateLimit>) {
        *self.rate_limit.lock().unwrap_or_else(PoisonError::into_inner) = limit;
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = (0, HashMap::new());
    }

    /// Signs in, counts against the limit, does the work.
    fn work(&self, call: &Call, effects: Vec<Effect>) -> Answer {
        match call.path.as_str() {
            "/oauth_token.do" => return self.access.token(call, self.now(), self.grants()),
            "/oauth_revoke_token.do" => return self.access.revoke(call),
            path if !path.starts_with("/api/") => return pages::front(),
            _ => {}
        }
        let Some(user) = self.access.authenticate(call, self.now()) else { return Refusal::not_authenticated().answer() };
        let limits = match self.count(&user.name) {
            Ok(limits) => limits,
            Err(answer) => return answer,
        };
        let session = self.session(user, effects);
        let mut answer = self.route(call, &session).unwrap_or_else(|refusal| refusal.answer());
        answer.headers.extend(limits);
        answer.headers.push(("X-Is-Logged-In".to_owned(), "true".to_owned()));
        answer
    }

    fn session(&self, user: &User, effects: Vec<Effect>) -> Session {
        let found = self.read().find_by("sys_user", "user_name", &user.name);
        let sys_id = found.first().map(|place| self.read().value(*place, "sys_id").to_owned()).unwrap_or_default();
        let mut restrictions = Restrictions::new(effects);
        if !user.roles.iter().any(|role| role == "admin") {
            super::roles::restrict(&mut restrictions, &user.roles);
        }
        Session { name: user.name.clone(), user: sys_id, roles: user.roles.clone(), restrictions }
    }

    /// One request by path; also for the parts of a batch.
    pub(crate) fn route(&self, call: &Call, session: &Session) -> Result<Answer, Refusal> {
        let path = call.path.trim_end_matches('/');
        let segments: Vec<&str> = path.split('/').skip(2).collect();
        match segments.as_slice() {
            ["now", "v1", "table", rest @ ..] => table::answer(self, call, session, table::Version::One, rest),
            ["now", "table", rest @ ..] | ["now", "v2", "table", rest @ ..] => {
                table::answer(self, call, session, table::Version::Latest, rest)
            }
            ["now", "stats", name] | ["now", "v1", "stats", name] => stats::answer(self, call, session, name),
            ["now", "import", staging] | ["now", "v1", "import", staging] => import_set::answer(self, call, session, staging),
            ["now", "import", staging, "insertMultiple"] => import_set::answer_many(self, call, session, staging),
            ["now", "batch"] | ["now", "v1", "batch"] => batch::answer(self, call, session),
            ["global" | "mid", "em", "jsonv2"] => event_web_service::answer(self, call, session),
            _ => Err(Refusal::no_resource(&call.path)),
        }
    }

    fn grants(&self) -> Grants {
        Grants {
            password: !self.setting("glide.oauth.inbound.ropc.grant_type.disabled", false),
            client_credentials: self.setting("glide.oauth.inbound.client.credential.grant_type.enabled", false),
            body_only: self.setting("glide.oauth.allow.parameters.in.post.body.only", true),
        }
    }

    /// Counts a request; the headers for a good answer, or the refusal.
    fn count(&self, user: &str) -> Result<Vec<(String, String)>, Answer> {
        let limit = self.rate_limit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(limit) = limit.map(|limit| limit.requests_per_hour) else { return Ok(Vec::new()) };
        let now = self.now();
        let hour = now.div_euclid(3600) * 3600;
        let mut counts = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 != hour {
            *counts = (hour, HashMap::new());
        }
        let count = counts.1.entry(user.to_owned()).or_insert(0);
        *count += 1;
        let reset = hour + 3600;
        if *count > limit {
            return Err(pages::rate_limited(limit, u64::try_from(reset - now).unwrap_or(0), reset, RULE));
        }
        Ok(vec![("X-RateLimit-Limit".to_owned(), limit.to_string()), ("X-RateLimit-Reset".to_owned(), reset.to_string())])
    }

    /// The answer with the headers that every answer has.
    fn finish(&self, answer: Answer, number: u64) -> Answer {
        let date = jiff::Timestamp::from_second(self.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        answer
            .with_header("Server", "snow_adc")
            .with_header("Date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .with_header("X-Transaction-ID", format!("{number:012x}"))
            .with_header("Cache-Control", "no-cache,no-store,must-revalidate,max-age=-1")
            .with_header("Pragma", "no-store,no-cache")
            .with_header("X-Content-Type-Options", "nosniff")
    }
}

impl Service for Instance {
    fn decide(&self, mut call: Call) -> Decision {
        if call.method == "POST"
            && let Some(method) = call.header("x-http-method-override")
        {
            call.method = method.to_ascii_uppercase();
        }
        let number = self.log.begin();
        let mut delay = Duration::ZERO;
        let (mut instead, mut after, mut inside) = (None, Vec::new(), Vec::new());
        for effect in self.faults.strike(&call) {
            match effect {
                Effect::Slow(by) => delay += by,
                Effect::PartialPage(_) | Effect::BrokenJson | Effect::ResetAfterCommit => after.push(effect),
                effect => match pages::instead(&effect, self.now(), RULE) {
                    Some(answer) => instead = instead.or(Some(answer)),
                    None if effect == Effect::ResetBeforeCommit => {
                        self.log.end(&call, 0);
                        return Decision::Drop(delay);
                    }
                    None => inside.push(effect),
                },
            }
        }
        let mut answer = instead.unwrap_or_else(|| self.work(&call, inside));
        if after.contains(&Effect::ResetAfterCommit) {
            self.log.end(&call, 0);
            return Decision::Drop(delay);
        }
        for effect in &after {
            answer = pages::spoil(answer, effect);
        }
        self.log.end(&call, answer.status);
        Decision::Answer(self.finish(answer, number), delay)
    }
}

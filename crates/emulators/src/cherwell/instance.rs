//! The server as a whole: one request in, one decision out. What stands before the work is settled here (troubles, faults, who is asking);
//! the work itself is in `api`.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    access::{Access, Session},
    api,
    database::Database,
    dates::{Culture, Wall},
    faults::{self, Effect, Faults},
    options::{Options, UnknownField},
    render::Style,
    reply::{Outcome, Refusal, Stop},
    saving::Hand,
    search::Reading,
};
use crate::{
    clock::EmulatorClock,
    http::{Answer, Call, Decision, Service},
    log::Log,
};

/// What a story lets go wrong.
#[expect(clippy::struct_excessive_bools, reason = "each is a trouble of its own, and they combine freely")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Troubles {
    pub(crate) down: bool,
    pub(crate) login_page: bool,
    pub(crate) create_lost: bool,
    pub(crate) create_answer_lost: bool,
    pub(crate) half_page: bool,
    pub(crate) create_refused: Option<String>,
}

/// Everything behind the address.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) options: Options,
    pub(crate) origin: String,
    pub(crate) wall: Wall,
    pub(crate) culture: Culture,
    pub(crate) style: Style,
    pub(crate) clock: EmulatorClock,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) access: Access,
    database: RwLock<Database>,
    troubles: Mutex<Troubles>,
    turn: AtomicUsize,
}

impl Instance {
    pub(crate) fn new(options: Options, origin: String, wall: Wall, clock: EmulatorClock, database: Database) -> Self {
        let major = options.api_version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        Self {
            origin,
            wall,
            culture: Culture::named(&options.culture).unwrap_or(Culture::EnUs),
            style: Style { field_ids: options.field_ids, ten: major.is_none_or(|major| major >= 10) },
            clock,
            faults: Faults::new(options.chance),
            log: Log::new(options.request_log),
            access: Access::new(&options),
            database: RwLock::new(database),
            troubles: Mutex::new(Troubles::default()),
            turn: AtomicUsize::new(0),
            options,
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Database> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Database> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another number each time.
    pub(crate) fn turn(&self) -> usize {
        if self.options.unsorted_moves { self.turn.fetch_add(1, Ordering::Relaxed) } else { 0 }
    }

    pub(crate) fn hand<'a>(&'a self, name: &'a str) -> Hand<'a> {
        Hand {
            name,
            now: self.clock.seconds(),
            minute_stamps: self.options.minute_stamps,
            lifecycle: self.options.lifecycle,
            closing_needs: &self.options.closing_needs,
            free: false,
        }
    }

    /// How the server itself writes dates.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading { wall: &self.wall, culture: self.culture }
    }

    fn work(&self, call: &Call, no_licences: bool) -> Outcome {
        let base = self.options.base_path.to_ascii_lowercase();
        let path = call.path.to_ascii_lowercase();
        if !path.starts_with(&base) {
            return Ok(faults::not_ours());
        }
        // Doubled slashes are one, as IIS has it.
        let raw: Vec<String> =
            call.path.get(base.len()..).unwrap_or_default().split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let lower: Vec<String> = raw.iter().map(|part| part.to_ascii_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let now = self.clock.seconds();
        match lower.as_slice() {
            ["token"] => return Ok(self.access.token(call, now, no_licences)),
            ["api", "v1", "serviceinfo"] if call.method == "GET" => return Ok(api::service::info(self)),
            ["api", "v1" | "v2", ..] => {}
            _ => return Err(Refusal::no_resource(&format!("{}{}", self.origin, call.path)).into()),
        }
        let session = self.access.session(call, now).ok_or_else(Refusal::unauthorized)?;
        let query: Vec<(String, String)> = url::form_urlencoded::parse(call.query.as_bytes()).into_owned().collect();
        let locale =
            query.iter().find(|(name, _)| name.eq_ignore_ascii_case("locale")).and_then(|(_, locale)| Culture::named(locale));
        let culture = locale.or(session.culture).unwrap_or(self.culture);
        let reading = Reading { wall: &self.wall, culture };
        let work = Work { instance: self, session: &session, call, query, reading };
        api::route(&work, lower.get(1) == Some(&"v2"), lower.get(2..).unwrap_or_default(), raw.get(2..).unwrap_or_default())
    }

    /// Counts nothing and keeps no secret.
    fn note(&self, call: &Call, status: u16) {
        if call.path.to_ascii_lowercase().ends_with("/token") {
            let bare = Call { method: call.method.clone(), path: call.path.clone(), ..Call::default() };
            self.log.end(&bare, status);
        } else {
            self.log.end(call, status);
        }
    }
}

/// One call by somebody who is logged in.
pub(crate) struct Work<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) session: &'a Session,
    pub(crate) call: &'a Call,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) reading: Reading<'a>,
}

impl Work<'_> {
    /// A query parameter.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The index of a business object that the user has a right to (a letter of `Grant`).
    pub(crate) fn object(&self, database: &Database, id: &str, right: char) -> Result<usize, Refusal> {
        let object = database.content.by_id(id).ok_or_else(|| Refusal::no_object(id))?;
        self.may(database, object, right)?;
        Ok(object)
    }

    /// Refuses when the user lacks a right.
    pub(crate) fn may(&self, database: &Database, object: usize, right: char) -> Result<(), Refusal> {
        let Some(grants) = &self.session.user.grants else { return Ok(()) };
        let names =
            [object, database.content.base(object)].map(|object| database.content.objects.get(object).map(|object| object.name));
        let mut granted = grants.iter().filter(|grant| names.contains(&Some(grant.object.as_str())));
        if granted.any(|grant| grant.rights.contains(right)) { Ok(()) } else { Err(Refusal::rights()) }
    }

    /// The place of a field; `None`: it is unknown and is to be ignored.
    pub(crate) fn field(&self, database: &Database, object: usize, id: &str) -> Result<Option<usize>, Refusal> {
        let place = database.content.objects.get(object).and_then(|object| object.field(id));
        if place.is_none() && self.instance.options.unknown_field == UnknownField::Refused {
            return Err(Refusal::no_field(id));
        }
        Ok(place)
    }
}

impl Service for Instance {
    fn decide(&self, call: Call) -> Decision {
        self.log.begin();
        let mut delay = Duration::ZERO;
        let (down, login_page) = {
            let troubles = self.troubles();
            (troubles.down, troubles.login_page)
        };
        let mut instead = down.then(faults::unavailable).or_else(|| login_page.then(faults::login_page));
        let (mut half, mut drop_after, mut no_licences) = (false, false, false);
        for effect in self.faults.strike(&call) {
            match effect {
                Effect::Slow(by) => delay += by,
                Effect::HalfAnswer => half = true,
                Effect::DropAfter => drop_after = true,
                Effect::NoLicences => no_licences = true,
                Effect::DropBefore => {
                    self.note(&call, 0);
                    return Decision::Drop(delay);
                }
                effect => instead = instead.or_else(|| faults::instead(&effect)),
            }
        }
        let outcome = instead.map_or_else(|| self.work(&call, no_licences), Ok);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(Stop::Refused(refusal, keys)) => refusal.answer(keys),
            Err(Stop::Dropped) => {
                self.note(&call, 0);
                return Decision::Drop(delay);
            }
        };
        if drop_after {
            self.note(&call, 0);
            return Decision::Drop(delay);
        }
        let answer = if half { faults::half(answer) } else { answer };
        self.note(&call, answer.status);
        Decision::Answer(finish(self, answer), delay)
    }
}

/// The answer with the headers that the web server adds.
fn finish(instance: &Instance, answer: Answer) -> Answer {
    let date = jiff::Timestamp::from_second(instance.clock.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    answer
        .with_header("Server", "Microsoft-IIS/10.0")
        .with_header("X-Powered-By", "ASP.NET")
        .with_header("Date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

fn decoded(part: &str) -> String {
    // A form's plus sign is a plus sign in a path.
    let form = format!("x={}", part.replace('+', "%2B").replace('&', "%26").replace(';', "%3B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

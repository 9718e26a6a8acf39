//! Who is calling: tokens given out for a user name and password, tokens made in the portal, and the site whose web server wants
//! Windows authentication before anything else.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::options::{Account, Options};
use crate::{http::Call, service_manager::model::Language};

/// The person behind a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    /// `DOMAIN\user`
    pub(super) account: String,
    /// Of labels; chosen at the sign-in.
    pub(super) language: Language,
}

#[derive(Debug)]
pub(super) struct Access {
    accounts: Vec<Account>,
    default_domain: String,
    life: i64,
    bearer: Vec<(String, String)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// By token: the session and the second at which it ends.
    tokens: HashMap<String, (Session, i64)>,
    refused: bool,
    chance: StdRng,
}

impl Access {
    pub(super) fn new(options: &Options) -> Self {
        let state = State { tokens: HashMap::new(), refused: false, chance: StdRng::seed_from_u64(options.chance) };
        Self {
            accounts: options.accounts.clone(),
            default_domain: options.default_domain.clone(),
            life: options.token_life,
            bearer: options.bearer_tokens.clone(),
            state: Mutex::new(state),
        }
    }

    /// `user` and `DOMAIN\user` both name an account.
    pub(super) fn full_name(&self, user: &str) -> String {
        if user.contains('\\') { user.to_owned() } else { format!("{}\\{user}", self.default_domain) }
    }

    /// A new token, or nothing when name and password do not fit.
    pub(super) fn sign_in(&self, user: &str, password: &str, language: Language, now: i64) -> Option<String> {
        let name = self.full_name(user);
        let account = self.accounts.iter().find(|account| account.name.eq_ignore_ascii_case(&name))?;
        let mut state = self.state();
        if state.refused || account.password != password {
            return None;
        }
        let (high, low): (u128, u128) = (state.chance.random(), state.chance.random());
        let token = format!("{high:032x}{low:032x}");
        state.tokens.retain(|_, (_, end)| *end > now);
        let session = Session { account: account.name.clone(), language };
        state.tokens.insert(token.clone(), (session, now.saturating_add(self.life)));
        Some(token)
    }

    /// Who sends this; nothing when the header is missing or no good.
    pub(super) fn authenticate(&self, call: &Call, now: i64) -> Option<Session> {
        let (scheme, token) = call.header("authorization")?.split_once(' ')?;
        let state = self.state();
        if state.refused {
            return None;
        }
        // A token with the quotes of its JSON text around it is no token.
        if scheme.eq_ignore_ascii_case("token") {
            return state.tokens.get(token.trim()).filter(|(_, end)| *end > now).map(|(session, _)| session.clone());
        }
        if scheme.eq_ignore_ascii_case("bearer") {
            let (_, account) = self.bearer.iter().find(|(known, _)| known == token.trim())?;
            return Some(Session { account: account.clone(), language: Language::English });
        }
        None
    }

    /// Makes every token given out so far worthless.
    pub(super) fn forget_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Whether all credentials and tokens are refused.
    pub(super) fn refuse(&self, refused: bool) {
        self.state().refused = refused;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

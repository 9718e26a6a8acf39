//! The gateway's side of [`crate::desk::Desk`]; people and administrators act on the management group itself.

use std::time::Duration;

use super::{
    Gateway,
    faults::{Effect, Fault},
};
use crate::desk::{Desk, Edit, Kind, Seen, Trouble};

impl Desk for Gateway {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }

    fn all(&self, kind: Kind) -> Vec<Seen> {
        self.state.kept().group.seen(kind)
    }

    fn file(&self, kind: Kind, title: &str) -> String {
        self.with_group(|group, now| group.file(kind, title, now))
    }

    fn edit(&self, kind: Kind, id: &str, edit: &Edit) {
        self.with_group(|group, now| group.edit(kind, id, edit, now));
    }

    fn remove(&self, kind: Kind, id: &str) {
        self.with_group(|group, now| group.delete(kind.into(), id, now));
    }

    fn add_computer(&self, name: &str) -> String {
        self.with_group(|group, _| group.add_computer(name, true).to_string())
    }

    fn computers(&self) -> Vec<String> {
        let kept = self.state.kept();
        kept.group.computers().iter().map(|computer| computer.principal_name.clone()).collect()
    }

    fn strike(&self, trouble: &Trouble) -> bool {
        let once = |effect, operation: &str| {
            self.faults().add(Fault::new(effect).path(operation).times(1));
        };
        match trouble {
            // What is down is the management server; the gateway says so.
            Trouble::Down => self.state.troubles().server_down = true,
            Trouble::LoginPage => self.state.troubles().login_page = true,
            Trouble::CredentialsRefused => self.state.troubles().credentials_refused = true,
            // A gateway gives out no tokens: its shared secret does not expire, and Entra's tokens are Entra's.
            Trouble::TokensExpired => return false,
            Trouble::RateLimited(by) => {
                let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                self.state.troubles().busy_until = Some(self.state.clock.milliseconds().saturating_add(by));
            }
            Trouble::CreateLost => once(Effect::ResetBeforeCommit, "create "),
            Trouble::CreateAnswerLost => once(Effect::ResetAfterCommit, "create "),
            Trouble::HalfPage => once(Effect::HalfPage, "list "),
            Trouble::CreateRefused(text) => self.state.troubles().create_refused = Some(text.clone()),
        }
        true
    }

    fn calm(&self) {
        self.faults().clear();
        *self.state.troubles() = super::service::Troubles::default();
    }

    fn requests(&self) -> u64 {
        self.state.log.count()
    }
}

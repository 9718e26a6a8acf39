//! Teams and who is in them.

use serde_json::{Value, json};

use crate::{
    cherwell::{
        database::Team,
        instance::Work,
        reply::{self, Outcome, Refusal},
    },
    http::Answer,
};

/// V1 has `error` where V2 has `errorMessage`.
fn answer<'a>(teams: impl Iterator<Item = &'a Team>, second: bool) -> Answer {
    let teams: Vec<Value> = teams.map(|team| json!({"teamId": team.id, "teamName": team.name})).collect();
    if second {
        return reply::good(json!({ "teams": teams }));
    }
    reply::bare(&json!({"error": null, "errorCode": null, "hasError": false, "httpStatusCode": "OK", "teams": teams}))
}

/// `GET /getteams`
pub(crate) fn all(work: &Work<'_>, second: bool) -> Answer {
    answer(work.instance.read().teams.iter(), second)
}

/// `GET /getusersteams/userrecordid/{id}`; nobody is in no team.
pub(crate) fn of_user(work: &Work<'_>, second: bool, user: &str) -> Answer {
    answer(work.instance.read().teams.iter().filter(|team| team.members.iter().any(|member| member == user)), second)
}

/// `GET /getworkgroups`: the demo has none.
pub(crate) fn workgroups(second: bool) -> Answer {
    answer(std::iter::empty(), second)
}

/// `GET /getteam/{id}`
pub(crate) fn one(work: &Work<'_>, id: &str) -> Outcome {
    let database = work.instance.read();
    let team = database.teams.iter().find(|team| team.id.eq_ignore_ascii_case(id)).ok_or_else(Refusal::no_record)?;
    Ok(reply::good(json!({
        "description": "",
        "emailAlias": "",
        "fields": [],
        "image": "",
        "name": team.name,
        "teamId": team.id,
        "teamType": "User",
    })))
}

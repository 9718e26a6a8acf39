//! The service itself: what it is, in which culture, and leaving it.

use serde_json::{Value, json};

use crate::{
    cherwell::{
        dates::Culture,
        instance::{Instance, Work},
        reply,
    },
    http::Answer,
};

/// Windows' names of a few zones, which is what a .NET server has.
const WINDOWS: [(&str, &str, &str); 5] = [
    ("America/Denver", "Mountain Standard Time", "(UTC-07:00) Mountain Time (US & Canada)"),
    ("America/New_York", "Eastern Standard Time", "(UTC-05:00) Eastern Time (US & Canada)"),
    ("Europe/Berlin", "W. Europe Standard Time", "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"),
    ("Europe/London", "GMT Standard Time", "(UTC+00:00) Dublin, Edinburgh, Lisbon, London"),
    ("UTC", "UTC", "(UTC) Coordinated Universal Time"),
];

/// `GET /serviceinfo`, which needs no login. The forms of `timeZone` and `systemUtcOffset` are not documented.
pub(crate) fn info(instance: &Instance) -> Answer {
    let now = instance.clock.seconds();
    let zone = instance.options.zone.as_str();
    let (_, id, label) = WINDOWS.into_iter().find(|(iana, ..)| *iana == zone).unwrap_or((zone, zone, zone));
    let january = 1_767_225_600;
    let summer = january + 181 * 86_400;
    let base = instance.wall.offset(january).min(instance.wall.offset(summer));
    let time_zone = if instance.options.zone_as_object {
        json!({
            "Id": id,
            "DisplayName": label,
            "StandardName": id,
            "DaylightName": id.replace("Standard", "Daylight"),
            "BaseUtcOffset": offset(base),
            "SupportsDaylightSavingTime": instance.wall.offset(january) != instance.wall.offset(summer),
        })
    } else {
        Value::from(id)
    };
    let mut body = json!({
        "apiVersion": instance.options.api_version,
        "csmCulture": instance.options.culture,
        "csmVersion": instance.options.api_version,
        "systemDateTime": instance.wall.exact(now),
        "timeZone": time_zone,
    });
    if let (true, Some(body)) = (instance.style.ten, body.as_object_mut()) {
        body.insert("systemUtcOffset".to_owned(), offset(instance.wall.offset(now)).into());
    }
    reply::bare(&body)
}

/// A .NET time span.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.abs();
    format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `DELETE /logout`
pub(crate) fn log_out(work: &Work<'_>) -> Answer {
    work.instance.access.log_out(work.call);
    Answer::empty(200)
}

/// `PUT /setculture/culturecode/{code}`; a culture that is not spoken changes nothing.
pub(crate) fn set_culture(work: &Work<'_>, code: &str) -> Answer {
    if let Some(culture) = Culture::named(code) {
        work.instance.access.set_culture(work.call, culture);
    }
    reply::bare(&Value::from(code))
}

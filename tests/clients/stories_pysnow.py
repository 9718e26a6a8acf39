"""pysnow against the emulator, over plain HTTP."""

import datetime
import os
import time

import pysnow
import requests

from stories import refuses, run

URL = os.environ["EMULATOR_URL"]
HOST = URL.split("://", 1)[1]


def client(user="itsm", password="p"):
    return pysnow.Client(host=HOST, user=user, password=password, use_ssl=False)


def incidents(**arguments):
    return client(**arguments).resource(api_path="/table/incident")


def oauth():
    return pysnow.OAuthClient(host=HOST, client_id="itsm-client", client_secret="itsm-secret", use_ssl=False)


def story_create():
    """create: defaults, number and priority come back"""
    record = incidents().create(payload={"short_description": "Disk full", "impact": "1", "urgency": "2"}).one()
    assert record["number"].startswith("INC") and record["priority"] == "2" and record["state"] == "1", record


def story_read():
    """read: one record by number"""
    number = incidents().create(payload={"short_description": "Read me"}).one()["number"]
    assert incidents().get(query={"number": number}).one()["short_description"] == "Read me"


def story_update():
    """update: the change is there and the version rises"""
    created = incidents().create(payload={"short_description": "Old"}).one()
    changed = incidents().update(query={"sys_id": created["sys_id"]}, payload={"short_description": "New"}).one()
    assert changed["short_description"] == "New" and changed["sys_mod_count"] == "1", changed


def story_resolve_needs_code_and_notes():
    """policy: resolving without code and notes is refused, with them it is stamped"""
    created = incidents().create(payload={"short_description": "Resolve me"}).one()
    query = {"sys_id": created["sys_id"]}
    error = refuses(requests.HTTPError, lambda: incidents().update(query=query, payload={"state": "6"}).one())
    detail = error.response.json()["error"]["detail"]
    assert detail == "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes", detail
    payload = {"state": "6", "close_code": "Solution provided", "close_notes": "Done"}
    assert incidents().update(query=query, payload=payload).one()["resolved_at"]


def story_delete():
    """delete: the record is gone"""
    number = incidents().create(payload={"short_description": "Delete me"}).one()["number"]
    incidents().delete(query={"number": number})
    assert incidents().get(query={"number": number}).one_or_none() is None


def story_query_builder():
    """query: builder with AND, OR, starts with, in-list and order"""
    for text, impact in (("qb alpha", "1"), ("qb beta", "2"), ("qb gamma", "3"), ("other", "1")):
        incidents().create(payload={"short_description": text, "impact": impact})
    query = pysnow.QueryBuilder().field("short_description").starts_with("qb ").AND().field("impact").equals(["1", "2"])
    query = query.AND().field("short_description").order_descending()
    assert [row["short_description"] for row in incidents().get(query=query).all()] == ["qb beta", "qb alpha"]
    either = pysnow.QueryBuilder().field("short_description").equals("qb alpha").OR().field("short_description").equals("qb gamma")
    assert len(incidents().get(query=either).all()) == 2


def story_query_dates():
    """query: dates between, generated on the instance"""
    now = datetime.datetime.now(datetime.timezone.utc).astimezone(datetime.timezone(datetime.timedelta(hours=-7))).replace(tzinfo=None)
    incidents().create(payload={"short_description": "Dated"})
    around = (now - datetime.timedelta(minutes=5), now + datetime.timedelta(minutes=5))
    query = pysnow.QueryBuilder().field("sys_created_on").between(*around).AND().field("short_description").equals("Dated")
    assert len(incidents().get(query=query).all()) == 1
    past = pysnow.QueryBuilder().field("sys_created_on").less_than(now - datetime.timedelta(days=400))
    assert incidents().get(query=past).all() == []


def story_raw_query():
    """query: an encoded query as a text"""
    rows = incidents().get(query="stateIN6,7^short_descriptionSTARTSWITHSeeded^ORDERBYnumber", limit=500).all()
    assert len(rows) == 75 and [row["number"] for row in rows] == sorted(row["number"] for row in rows), len(rows)


def story_paging():
    """paging: limit and offset walk all records once, in a stream"""
    seen = []
    while True:
        query = "short_descriptionSTARTSWITHSeeded incident^ORDERBYsys_updated_on^ORDERBYsys_id"
        page = list(incidents().get(query=query, limit=40, offset=len(seen), stream=True).all())
        if not page:
            break
        seen += [row["sys_id"] for row in page]
    assert len(seen) == 250 and len(set(seen)) == 250, len(seen)


def story_count_and_link():
    """paging: X-Total-Count and Link as on instances"""
    answer = incidents().get(query="short_descriptionSTARTSWITHSeeded", limit=100, offset=100, fields=["number", "state"])
    answer.all()
    assert answer.headers["X-Total-Count"] == "250"
    relations = [item.rsplit("=", 1)[1] for item in answer.headers["Link"].split(",<")]
    assert relations == ['"first"', '"prev"', '"next"', '"last"'], answer.headers["Link"]


def story_fields_and_display_values():
    """shapes: fields, dot-walk, display values, no links"""
    resource = incidents()
    resource.parameters.display_value = True
    resource.parameters.exclude_reference_link = True
    created = resource.create(payload={"short_description": "Shape", "assignment_group": "287ebd7da9fe198100f92cc8d1d2154e"}).one()
    assert created["state"] == "New" and created["assignment_group"] == "Network", created
    row = incidents().get(query={"number": created["number"]}, fields=["number", "assignment_group.name", "no_such"]).one()
    assert row == {"number": created["number"], "assignment_group.name": "Network"}, row


def story_reference_link():
    """shapes: a reference is an object with link and value"""
    value = incidents().create(payload={"short_description": "Link", "assignment_group": "287ebd7da9fe198100f92cc8d1d2154e"}).one()["assignment_group"]
    assert value["value"] == "287ebd7da9fe198100f92cc8d1d2154e" and value["link"].startswith(URL + "/api/now/table/sys_user_group/"), value


def story_wrong_password():
    """401: wrong password, with the text of instances"""
    error = refuses(requests.HTTPError, lambda: incidents(password="wrong").get(query={}, limit=1).all())
    assert error.response.status_code == 401
    assert error.response.json() == {
        "error": {"message": "User Not Authenticated", "detail": "Required to provide Auth information"},
        "status": "failure",
    }


def story_unknown_table():
    """400: unknown table"""
    resource = client().resource(api_path="/table/u_test_table")
    error = refuses(requests.HTTPError, lambda: resource.get(query={}).all())
    assert (error.response.status_code, error.response.json()["error"]["message"]) == (400, "Invalid table u_test_table")


def story_version_one_empty():
    """v1: an empty list is a 404"""
    error = refuses(requests.HTTPError, lambda: client().resource(api_path="/table/incident", base_path="/api/now/v1").get(query="number=none").all())
    assert error.response.status_code == 404
    assert client().resource(api_path="/table/incident", base_path="/api/now/v2").get(query="number=none").all() == []


def story_oauth_password():
    """OAuth: password grant, then work with the token"""
    session = oauth()
    session.set_token(session.generate_token("itsm", "p"))
    assert session.resource(api_path="/table/incident").get(query={}, limit=1).one()["number"]


def story_oauth_same_token():
    """OAuth: a second request gives the same token with less life"""
    first = oauth().generate_token("itsm", "p")
    time.sleep(1.1)
    second = oauth().generate_token("itsm", "p")
    assert first["access_token"] == second["access_token"] and second["expires_in"] < first["expires_in"]


def story_oauth_refresh():
    """OAuth: an expired token is refreshed by itself"""
    kept = []
    session = pysnow.OAuthClient(host=HOST, client_id="itsm-client", client_secret="itsm-secret", use_ssl=False, token_updater=kept.append)
    token = session.generate_token("itsm", "p")
    session.set_token({**token, "expires_in": -1, "expires_at": time.time() - 10})
    assert session.resource(api_path="/table/incident").get(query={}, limit=1).one()["number"]
    assert len(kept) == 1 and kept[0]["refresh_token"] == token["refresh_token"]


def story_oauth_refused():
    """OAuth: a wrong password is refused"""
    refuses(pysnow.exceptions.TokenCreateError, lambda: oauth().generate_token("itsm", "wrong"))


def story_oauth_revoked():
    """OAuth: a revoked token is worth nothing"""
    session = oauth()
    token = session.generate_token("itsm", "p")
    requests.get(f"{URL}/oauth_revoke_token.do", params={"token": token["access_token"]}, timeout=10)
    session.set_token(token)
    error = refuses(requests.HTTPError, lambda: session.resource(api_path="/table/incident").get(query={}, limit=1).all())
    assert error.response.status_code == 401


if __name__ == "__main__":
    # Old clients print `InsecureTransport` unless told that this is a test.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    run("pysnow", globals())

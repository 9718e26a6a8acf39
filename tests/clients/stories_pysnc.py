"""PySNC, ServiceNow's own client, against the emulator, over HTTPS."""

import os

import pysnc
from pysnc.auth import ServiceNowClientCredentialsFlow, ServiceNowPasswordGrantFlow

from stories import refuses, run

URL = os.environ["EMULATOR_URL"]


def client(auth=("itsm", "p")):
    return pysnc.ServiceNowClient(URL, auth)


def incident(**columns):
    """A new incident, inserted."""
    record = client().GlideRecord("incident")
    record.initialize()
    for name, value in columns.items():
        record.set_value(name, value)
    assert record.insert()
    return record


def story_insert():
    """insert: defaults and labels come back"""
    record = incident(short_description="Disk full", impact="1", urgency="1")
    assert str(record.priority) == "1" and record.get_display_value("priority") == "1 - Critical"
    assert record.get_display_value("state") == "New" and str(record.number).startswith("INC")


def story_get():
    """get: by sys_id, by column, and nothing for an unknown one"""
    record = incident(short_description="Find me")
    again = client().GlideRecord("incident")
    assert again.get(str(record.sys_id)) and str(again.short_description) == "Find me"
    by_number = client().GlideRecord("incident")
    assert by_number.get("number", str(record.number)) and by_number.sys_id == record.sys_id
    assert not client().GlideRecord("incident").get("0" * 32)


def story_admin():
    """get: the administrator of every instance"""
    record = client().GlideRecord("sys_user")
    assert record.get("6816f79cc0a8016401c5a33be04be441") and str(record.user_name) == "admin"


def story_update():
    """update: only what changed is sent, and the record is renewed"""
    record = incident(short_description="Old", description="stays")
    record.short_description = "New"
    record.update()
    again = client().GlideRecord("incident")
    assert again.get(str(record.sys_id)) and str(again.short_description) == "New" and str(again.description) == "stays"
    assert str(again.sys_mod_count) == "1"


def story_delete():
    """delete: the record is gone"""
    record = incident(short_description="Delete me")
    assert record.delete()
    assert not client().GlideRecord("incident").get(str(record.sys_id))


def story_query():
    """query: conditions, or-conditions, order"""
    for number in range(4):
        incident(short_description=f"snc {number}", urgency=str(1 + number % 3))
    record = client().GlideRecord("incident")
    record.add_query("short_description", "STARTSWITH", "snc ")
    record.add_query("urgency", "1").add_or_condition("urgency", "3")
    record.order_by_desc("short_description")
    record.query()
    assert [str(row.short_description) for row in record] == ["snc 3", "snc 2", "snc 0"]


def story_encoded_query():
    """query: null, not null and a reference's column"""
    incident(short_description="Walk", assignment_group="287ebd7da9fe198100f92cc8d1d2154e")
    record = client().GlideRecord("incident")
    record.add_query("assignment_group.name", "Network")
    record.add_not_null_query("assignment_group")
    record.add_null_query("cmdb_ci")
    record.query()
    assert record.get_row_count() == 1 and record.next() and record.get_display_value("assignment_group") == "Network"


def story_dot_walk():
    """shapes: a field of a referenced record"""
    record = incident(short_description="Dots", assignment_group="287ebd7da9fe198100f92cc8d1d2154e")
    walked = client().GlideRecord("incident")
    walked.fields = ["number", "assignment_group", "assignment_group.name"]
    assert walked.get(str(record.sys_id)) and walked.get_value("assignment_group.name") == "Network"


def story_paging():
    """paging: more than 600 rows in batches, each once"""
    record = client().GlideRecord("sys_db_object", batch_size=100)
    record.fields = ["sys_id", "name"]
    record.query()
    seen = [str(row.sys_id) for row in record]
    assert len(seen) == record.get_row_count() == len(set(seen)) > 600, len(seen)


def story_limit():
    """paging: a limit ends the walk"""
    record = client().GlideRecord("sys_db_object", batch_size=10)
    record.limit = 25
    record.query()
    assert len([row for row in record]) == 25


def story_long_query():
    """batch: a query too long for a URL goes through the Batch API"""
    record = client().GlideRecord("incident")
    wanted = incident(short_description="Long way")
    record.add_query("sys_id", "IN", ",".join(["f" * 32] * 400 + [str(wanted.sys_id)]))
    record.query()
    assert record.get_row_count() == 1 and record.next() and str(record.short_description) == "Long way"


def story_update_multiple():
    """batch: many records changed at once"""
    for number in range(5):
        incident(short_description="batch change", correlation_id=f"b{number}")
    record = client().GlideRecord("incident")
    record.add_query("short_description", "batch change")
    record.query()
    while record.next():
        record.description = "changed"
    record.rewind()
    assert record.update_multiple()
    check = client().GlideRecord("incident")
    check.add_query("short_description", "batch change")
    check.add_query("description", "changed")
    check.query()
    assert check.get_row_count() == 5


def story_delete_multiple():
    """batch: many records deleted at once"""
    for _ in range(5):
        incident(short_description="batch delete")
    record = client().GlideRecord("incident")
    record.add_query("short_description", "batch delete")
    assert record.delete_multiple()
    check = client().GlideRecord("incident")
    check.add_query("short_description", "batch delete")
    check.query()
    assert check.get_row_count() == 0


def story_problem():
    """tables: problem demo rows"""
    record = client().GlideRecord("problem")
    record.query()
    assert record.get_row_count() >= 10 and record.next() and str(record.number).startswith("PRB")


def story_choices_and_servers():
    """tables: choices, and servers through their parent"""
    choices = client().GlideRecord("sys_choice")
    choices.add_encoded_query("nameINincident,task^element=close_code^inactive=false^ORDERBYsequence")
    choices.query()
    assert "Solution provided" in [str(row.value) for row in choices]
    servers = client().GlideRecord("cmdb_ci_computer")
    assert servers.get("name", "web01") and str(servers.sys_class_name) == "cmdb_ci_win_server"


def story_policy():
    """403: the data policy of closing"""
    record = incident(short_description="Close me")
    record.state = "7"
    error = refuses(pysnc.exceptions.RoleException, record.update)
    assert "Resolution code, Resolution notes" in str(error), error


def story_wrong_password():
    """401: wrong password, with the text of instances"""
    record = client(("itsm", "wrong")).GlideRecord("incident")
    error = refuses(pysnc.exceptions.AuthenticationException, record.query)
    assert "user not authenticated" in str(error).lower(), error


def story_unknown_table():
    """400: unknown table"""
    error = refuses(pysnc.exceptions.RequestException, client().GlideRecord("u_nowhere").query)
    assert "Invalid table u_nowhere" in str(error), error


def story_oauth_password():
    """OAuth: password grant"""
    flow = ServiceNowPasswordGrantFlow("itsm", "p", "itsm-client", "itsm-secret")
    record = client(flow).GlideRecord("incident")
    record.limit = 1
    record.query()
    assert record.next()


def story_oauth_client_credentials():
    """OAuth: client credentials grant"""
    record = client(ServiceNowClientCredentialsFlow("itsm-client", "itsm-secret")).GlideRecord("incident")
    record.limit = 1
    record.query()
    assert record.next()


def story_oauth_refused():
    """OAuth: a wrong secret is refused"""
    flow = ServiceNowClientCredentialsFlow("itsm-client", "wrong")

    def attempt():
        record = client(flow).GlideRecord("incident")
        record.query()

    error = refuses(pysnc.exceptions.AuthenticationException, attempt)
    assert "access_denied" in str(error), error


if __name__ == "__main__":
    run("PySNC", globals())

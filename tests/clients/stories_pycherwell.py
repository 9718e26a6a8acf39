"""pycherwell against the emulator, over plain HTTP: its generated calls, and its own client for incidents."""

import json
import logging
import os
import pathlib
import tempfile
import urllib.parse

import pycherwell
from pycherwell.app_client import CherwellClient

from stories import refuses, run

URL = urllib.parse.urlsplit(os.environ["EMULATOR_URL"])
CLIENT_ID = "5b0fa1c4-6c1e-4d0b-9a43-2f6f0d3f7e11"
INCIDENT = "6dd53665c0c24cab86870a21cf6434ae"
HOME = pathlib.Path(tempfile.mkdtemp())
logging.disable(logging.CRITICAL)


def own_client():
    """Its own client, with a cache of its own, logged in."""
    directory = pathlib.Path(tempfile.mkdtemp(dir=HOME))
    config = directory / "config"
    # Without the slash that its default path has: it puts one in itself.
    config.write_text(
        f"[default]\nhost={URL.hostname}\nport={URL.port}\nprotocol=http\nbasepath=CherwellAPI\n"
        f"client_id={CLIENT_ID}\nauth_mode=Internal\nusername=itsm\npassword=p\n"
    )
    config.chmod(0o600)
    client = CherwellClient()
    client.set_config_file(str(config))
    client._enable()
    return client


SHARED = own_client()
OBJECTS = pycherwell.BusinessObjectApi(SHARED.api_client)
SEARCHES = pycherwell.SearchesApi(SHARED.api_client)


def fields(object_id=INCIDENT):
    """Short field ids by name."""
    schema = OBJECTS.business_object_get_business_object_schema_v1(object_id)
    return {field.name: field.field_id for field in schema.field_definitions}


def object_id(name):
    return OBJECTS.business_object_get_business_object_summary_by_name_v1(name)[0].bus_ob_id


def search(name, **more):
    return SEARCHES.searches_get_search_results_ad_hoc_v1(pycherwell.SearchResultsRequest(bus_ob_id=object_id(name), **more))


def values(record):
    return {field.name: field.value for field in record.fields}


def customer():
    return search("Customer", page_size=1).business_objects[0].bus_ob_rec_id


def save(persist=True, rec_id=None, name="Incident", **changes):
    ids = fields(object_id(name))
    items = [pycherwell.FieldTemplateItem(dirty=True, field_id=ids[key], name=key, value=value) for key, value in changes.items()]
    request = pycherwell.SaveRequest(bus_ob_id=object_id(name), bus_ob_rec_id=rec_id, fields=items, persist=persist)
    return OBJECTS.business_object_save_business_object_v1(request)


def create(**changes):
    needed = {"Description": "CPU high", "CustomerRecID": customer(), "Service": "Server Management", "Category": "Server", "Subcategory": "Performance"}
    saved = save(**{**needed, **changes})
    assert not saved.has_error and saved.bus_ob_rec_id, saved
    return saved


def read(rec_id):
    return values(OBJECTS.business_object_get_business_object_by_rec_id_v1(INCIDENT, rec_id))


def story_service_info():
    """service info: version, culture, time with offset"""
    info = pycherwell.ServiceApi(SHARED.api_client).service_get_service_info_v1()
    assert info.api_version == "10.5.0" and info.csm_culture == "en-US", info
    assert info.system_date_time.utcoffset().total_seconds() in (-6 * 3600, -7 * 3600), info


def story_summaries_and_schema():
    """definitions: incident by name, its fields and its relationship to configuration items"""
    summary = OBJECTS.business_object_get_business_object_summary_by_name_v1("Incident")[0]
    assert summary.bus_ob_id == INCIDENT and "Resolved" in summary.states.split(","), summary
    assert OBJECTS.business_object_get_business_object_summary_by_name_v1("Nothing") == []
    schema = OBJECTS.business_object_get_business_object_schema_v1(INCIDENT, includerelationships=True)
    required = {field.name for field in schema.field_definitions if field.required}
    assert {"Description", "CustomerRecID", "Service"} <= required, required
    assert any(one.target == object_id("ConfigurationItem") for one in schema.relationships)


def story_create_and_read():
    """create: number, defaults and names come back by record id and by number"""
    saved = create(Priority="2", ShortDescription="From pycherwell")
    record = read(saved.bus_ob_rec_id)
    assert (record["Status"], record["Priority"], record["ShortDescription"]) == ("New", "2", "From pycherwell"), record
    assert record["IncidentID"] == saved.bus_ob_public_id and record["CreatedBy"] == "Azure ITSM Connector", record
    by_number = OBJECTS.business_object_get_business_object_by_public_id_v1(INCIDENT, saved.bus_ob_public_id)
    assert by_number.bus_ob_rec_id == saved.bus_ob_rec_id


def story_validation():
    """create refused: each field is named, nothing is saved"""
    before = search("Incident", page_size=1).total_rows
    saved = save(Description="x", CustomerRecID=customer(), Service="Server Management", Category="Cloud", Subcategory="Performance")
    errors = [error.error for error in saved.field_validation_errors]
    assert saved.has_error and any("'Cloud' is not valid" in error for error in errors), errors
    assert search("Incident", page_size=1).total_rows == before


def story_update_and_resolve():
    """update: a resolve needs its description, then the stamp is set"""
    rec_id = create().bus_ob_rec_id
    assert save(rec_id=rec_id, Status="Resolved").has_error
    assert not save(rec_id=rec_id, Status="Resolved", CloseDescription="Gone").has_error
    record = read(rec_id)
    assert record["Status"] == "Resolved" and record["Stat_DateTimeResolved"], record


def story_without_persist():
    """persist: without it a save looks good and writes nothing"""
    rec_id = create(Priority="2").bus_ob_rec_id
    saved = save(persist=None, rec_id=rec_id, Priority="1")
    assert not saved.has_error and saved.cache_key and read(rec_id)["Priority"] == "2"


def story_search():
    """search: same field OR, other field AND, sorted, counted"""
    ids = fields()
    for title, priority in (("py one", "1"), ("py two", "2"), ("py three", "3")):
        create(ShortDescription=title, Priority=priority)
    filters = [
        pycherwell.FilterInfo(field_id=ids["ShortDescription"], operator="startswith", value="py "),
        pycherwell.FilterInfo(field_id=ids["Priority"], operator="eq", value="1"),
        pycherwell.FilterInfo(field_id=ids["Priority"], operator="eq", value="3"),
    ]
    sorting = [pycherwell.SortInfo(field_id=ids["Priority"], sort_direction=0)]
    found = search("Incident", filters=filters, sorting=sorting, fields=[ids["ShortDescription"]], page_size=10)
    assert found.total_rows == 2, found
    assert [values(record)["ShortDescription"] for record in found.business_objects] == ["py three", "py one"]


def story_pages():
    """pages: every record once, by row numbers and in order of last modification"""
    ids = fields()
    sorting = [pycherwell.SortInfo(field_id=ids[name], sort_direction=1) for name in ("LastModifiedDateTime", "RecID")]
    seen, total, first = [], None, 1
    while total is None or first <= total:
        page = search("Incident", sorting=sorting, fields=[ids["RecID"]], page_size=60, page_number=first)
        seen += [record.bus_ob_rec_id for record in page.business_objects]
        total, first = page.total_rows, first + 60
    assert len(seen) == len(set(seen)) == total >= 250, (len(seen), total)


def story_not_found():
    """not found: HTTP 500 with the code RECORDNOTFOUND"""
    error = refuses(pycherwell.ApiException, lambda: OBJECTS.business_object_get_business_object_by_public_id_v1(INCIDENT, "1"))
    body = json.loads(error.body)
    assert error.status == 500 and body["errorCode"] == "RECORDNOTFOUND" and body["hasError"], body


def story_rights():
    """rights: changes can be read and not deleted"""
    change = search("ChangeRequest", page_size=1).business_objects[0]
    delete = OBJECTS.business_object_delete_business_object_by_rec_id_v1
    error = refuses(pycherwell.ApiException, lambda: delete(change.bus_ob_id, change.bus_ob_rec_id))
    assert error.status == 403 and json.loads(error.body)["errorCode"] == "INSUFFICIENTRIGHTS", error.body


def story_lookup():
    """lookup: values of a field below another"""
    ids = fields()
    service = pycherwell.FieldTemplateItem(field_id=ids["Service"], value="Database Management", dirty=True)
    request = pycherwell.FieldValuesLookupRequest(bus_ob_id=INCIDENT, field_id=ids["Category"], fields=[service])
    assert OBJECTS.business_object_field_values_lookup_v1(request).values == ["Database"]


def story_link():
    """link: a computer is linked by GET and listed as a child"""
    schema = OBJECTS.business_object_get_business_object_schema_v1(INCIDENT, includerelationships=True)
    items = object_id("ConfigurationItem")
    relationship = next(one.relationship_id for one in schema.relationships if one.target == items)
    name = pycherwell.FilterInfo(field_id=fields(items)["FriendlyName"], operator="eq", value="SQL01")
    computer = search("ConfigurationItem", filters=[name], include_all_fields=True).business_objects[0]
    assert values(computer)["HostName"] == "sql01.contoso.com"
    rec_id = create().bus_ob_rec_id
    link = OBJECTS.business_object_link_related_business_object_by_rec_id_v1
    link(INCIDENT, rec_id, relationship, items, computer.bus_ob_rec_id)
    link(INCIDENT, rec_id, relationship, items, computer.bus_ob_rec_id)
    found = OBJECTS.business_object_get_related_business_object_v1(INCIDENT, rec_id, relationship)
    assert [child.bus_ob_rec_id for child in found.related_business_objects] == [computer.bus_ob_rec_id]


def story_batch():
    """batch: several reads at once, one of them missing"""
    rec_id = create().bus_ob_rec_id
    requests = [pycherwell.ReadRequest(bus_ob_id=INCIDENT, bus_ob_rec_id=one) for one in (rec_id, "94none")]
    answer = OBJECTS.business_object_get_business_object_batch_v1(pycherwell.BatchReadRequest(read_requests=requests))
    assert [one.bus_ob_rec_id for one in answer.responses] == [rec_id, None]
    assert answer.responses[1].error_code == "RECORDNOTFOUND"


def story_own_client_reads():
    """its own client: teams, an incident by number, incidents by condition"""
    assert {team["team_name"] for team in SHARED.get_teams()} >= {"Server Team", "Network Team"}
    saved = create(ShortDescription="Own client")
    incident = SHARED.get_incident({"incident_id": saved.bus_ob_public_id})
    assert incident["bus_ob_rec_id"] == saved.bus_ob_rec_id
    found = SHARED.get_incidents({"search_conditions": ["Short Description:eq:own CLIENT"], "search_fields": ["IncidentID"]})
    assert [record["bus_ob_rec_id"] for record in found] == [saved.bus_ob_rec_id], found
    recent = SHARED.get_incidents({"search_conditions": ["Created Date Time:gt:2 days ago", "Short Description:eq:Own client"]})
    assert len(recent) == 1, recent


def story_own_client_creates():
    """its own client: a create without `persist`, so only the cache has it"""
    before = search("Incident", page_size=1).total_rows
    # Both texts, because the client stumbles over filling in the one from the other.
    given = ["Description:Made by the client", "ShortDescription:By the client", "Service:Server Management", "Category:Server", "Subcategory:Performance"]
    made = SHARED.create_incident({"create_as": ["Email:eq:azure.monitor@contoso.com"], "create_fields": given})
    assert made["has_error"] is False and made["cache_key"] and not made["bus_ob_rec_id"], made
    assert search("Incident", page_size=1).total_rows == before


def story_seats():
    """licences: seats run out, and a logout frees one"""
    clients = [own_client() for _ in range(4)]
    refused = refuses(Exception, own_client)
    assert "402" in str(refused), refused
    for client in clients:
        pycherwell.ServiceApi(client.api_client).service_logout_user_v1()
    error = refuses(pycherwell.ApiException, lambda: pycherwell.TeamsApi(clients[0].api_client).teams_get_teams_v2())
    assert error.status == 401 and "Authorization has been denied" in json.loads(error.body)["Message"], error.body
    last = own_client()
    pycherwell.ServiceApi(last.api_client).service_logout_user_v1()


run("pycherwell", globals())

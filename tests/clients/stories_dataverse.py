"""PowerPlatform-Dataverse-Client, Microsoft's own, against the Dataverse emulator, over HTTPS."""

import os
import time
import uuid

import requests
from azure.core.credentials import AccessToken
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from stories import refuses, run

URL = os.environ["EMULATOR_URL"]
TOKEN = f"{os.environ['EMULATOR_AUTHORITY']}/{os.environ['EMULATOR_TENANT']}/oauth2/v2.0/token"
INTEGRATION = "5a1e0f34-0000-4000-8000-00000000c0de"
ADMINISTRATOR = "5a1e0f34-0000-4000-8000-00000000ad31"
STRANGER = "5a1e0f34-0000-4000-8000-0000000005da"


class Credential:
    """Client credentials, from the emulator's token endpoint."""

    def __init__(self, application, secret="dataverse-secret"):
        self.application, self.secret, self.scopes = application, secret, []

    def get_token(self, *scopes, **_):
        self.scopes += scopes
        form = {"grant_type": "client_credentials", "client_id": self.application, "client_secret": self.secret}
        answer = requests.post(TOKEN, data={**form, "scope": scopes[0]}, timeout=10)
        answer.raise_for_status()
        body = answer.json()
        return AccessToken(body["access_token"], int(time.time()) + body["expires_in"])


def client(application=ADMINISTRATOR):
    return DataverseClient(URL, Credential(application))


def rows(page):
    return [record.to_dict() for record in page]


def account(connected):
    return connected.records.list("account", select=["accountid"], filter="name eq 'Contoso'")[0]["accountid"]


def incident(connected, title):
    return {"title": title, "customerid_account@odata.bind": f"/accounts({account(connected)})"}


def read(connected, table, key, *columns):
    return connected.records.retrieve(table, key, select=list(columns)).to_dict()


def story_create():
    """create and retrieve: the id from OData-EntityId, a choice by its label"""
    with client() as connected:
        key = connected.records.create("incident", {**incident(connected, "CPU over 90 %"), "PriorityCode": "High"})
        found = read(connected, "incident", key, "title", "prioritycode", "ticketnumber", "statecode")
        assert (found["title"], found["prioritycode"], found["statecode"]) == ("CPU over 90 %", 1, 0), found
        assert found["ticketnumber"].startswith("CAS-"), found


def story_update():
    """update: one record, several by UpdateMultiple, none that does not exist"""
    with client() as connected:
        keys = [connected.records.create("incident", incident(connected, f"update {n}")) for n in range(3)]
        connected.records.update("incident", keys[0], {"title": "changed"})
        connected.records.update("incident", keys[1:], {"description": "all of them"})
        assert read(connected, "incident", keys[0], "title")["title"] == "changed"
        assert [read(connected, "incident", key, "description")["description"] for key in keys[1:]] == ["all of them"] * 2
        error = refuses(HttpError, lambda: connected.records.update("incident", str(uuid.uuid4()), {"title": "x"}))
        assert error.status_code == 404 and "Does Not Exist" in str(error), error


def story_create_multiple():
    """CreateMultiple: ids in order, and nothing when one record is bad"""
    with client() as connected:
        records = [incident(connected, f"many {n}") for n in range(5)]
        keys = connected.records.create("incident", records)
        assert [read(connected, "incident", key, "title")["title"] for key in keys] == [r["title"] for r in records]
        error = refuses(HttpError, lambda: connected.records.create("incident", [incident(connected, "half"), {"title": "no customer"}]))
        assert error.status_code == 400, error
        assert len(connected.records.list("incident", select=["title"], filter="title eq 'half'")) == 0


def story_delete():
    """delete: gone is gone"""
    with client() as connected:
        key = connected.records.create("incident", incident(connected, "to go"))
        connected.records.delete("incident", key)
        assert connected.records.retrieve("incident", key) is None


def story_pages():
    """list: every page of 60 through nextLink, no record twice"""
    with client() as connected:
        pages = list(connected.records.list_pages("prov_incident", select=["prov_number"], orderby=["modifiedon asc"], page_size=60))
        numbers = [row["prov_number"] for page in pages for row in rows(page)]
        # The upserts of another story may have added one.
        assert len(pages) >= 5 and len(numbers) >= 250 and len(set(numbers)) == len(numbers), (len(pages), len(numbers))


def story_filter():
    """list: filter, order, top"""
    with client() as connected:
        columns, condition = ["prov_title", "createdon"], "contains(prov_title,'web01')"
        found = rows(connected.records.list("prov_changerequest", select=columns, filter=condition, orderby=["createdon desc"], top=3))
        assert len(found) == 3 and all("web01" in row["prov_title"] for row in found), found
        assert [row["createdon"] for row in found] == sorted((row["createdon"] for row in found), reverse=True)


def story_annotations():
    """list: formatted values only when asked for"""
    with client() as connected:
        label = "statuscode@OData.Community.Display.V1.FormattedValue"
        asked = rows(connected.records.list("prov_incident", select=["statuscode"], top=5, include_annotations="*"))
        assert all(row[label] in ("New", "Resolved", "Closed", "In Progress") for row in asked), asked
        assert label not in rows(connected.records.list("prov_incident", select=["statuscode"], top=1))[0]


def story_upsert():
    """upsert by alternate key: one by PATCH, many by UpsertMultiple, the second time no new record"""
    with client() as connected:
        items = lambda title: [UpsertItem({"prov_externalid": f"key-{n}"}, {"prov_title": title}) for n in range(2)]
        for title in ("first", "second"):
            connected.records.upsert("prov_incident", items(title)[:1])
            connected.records.upsert("prov_incident", items(title))
        columns, condition = ["prov_title", "prov_externalid"], "startswith(prov_externalid,'key-')"
        found = rows(connected.records.list("prov_incident", select=columns, filter=condition))
        assert sorted((row["prov_externalid"], row["prov_title"]) for row in found) == [("key-0", "second"), ("key-1", "second")], found


def story_metadata():
    """tables, columns, keys, relationships of a solution"""
    with client(INTEGRATION) as connected:
        custom = connected.tables.list(filter="IsCustomEntity eq true", select=["LogicalName", "EntitySetName"])
        assert "prov_categories" in [table["EntitySetName"] for table in custom], custom
        table = connected.tables.get("prov_Incident")
        assert (table.logical_name, table.entity_set_name, table.primary_id_attribute) == ("prov_incident", "prov_incidents", "prov_incidentid")
        columns = {column["LogicalName"]: column for column in connected.tables.list_columns("prov_incident")}
        assert columns["prov_impact"]["AttributeType"] == "Picklist", columns["prov_impact"]
        assert columns["prov_title"]["MaxLength"] == 250, columns["prov_title"]
        keys = connected.tables.get_alternate_keys("prov_incident")
        assert [key.key_attributes for key in keys] == [["prov_externalid"]], keys
        found = connected.tables.list_table_relationships("prov_incident")
        names = [one.get("ReferencingEntityNavigationPropertyName") for one in found]
        assert "prov_ConfigurationItemId" in names, names
        error = refuses(MetadataError, lambda: connected.records.create("prov_nothing", {"x": 1}))
        assert "prov_nothing" in str(error), error


def story_unknown_column():
    """400: a column that does not exist, with code 0x80048d19"""
    with client() as connected:
        error = refuses(HttpError, lambda: connected.records.create("incident", {**incident(connected, "x"), "nothing": 1}))
        assert error.status_code == 400 and error.details["service_error_code"] == "0x80048d19", error.to_dict()


def story_rights():
    """403: no privilege to delete, and an application that is no user"""
    with client(INTEGRATION) as connected:
        key = connected.records.create("prov_incident", {"prov_title": "mine"})
        assert read(connected, "prov_incident", key, "prov_title")["prov_title"] == "mine"
        error = refuses(HttpError, lambda: connected.records.delete("prov_incident", key))
        assert error.status_code == 403 and "prvDeleteprov_Incident" in str(error), error
    with client(STRANGER) as connected:
        error = refuses(HttpError, lambda: connected.tables.get("incident"))
        assert error.status_code == 403 and "not a member of the organization" in str(error), error


def story_tokens():
    """the scope is the environment's own; azure-identity gets a token too, a wrong secret none"""
    credential = Credential(INTEGRATION)
    with DataverseClient(URL, credential) as connected:
        connected.tables.get("incident")
    assert set(credential.scopes) == {f"{URL}/.default"}, credential.scopes
    # The other half of Microsoft's own way in: azure-identity, with MSAL below it.
    identity = ClientSecretCredential(
        os.environ["EMULATOR_TENANT"], INTEGRATION, "dataverse-secret", authority=os.environ["EMULATOR_AUTHORITY"], disable_instance_discovery=True
    )
    with DataverseClient(URL, identity) as connected:
        assert connected.tables.get("incident").entity_set_name == "incidents"
    wrong = Credential(INTEGRATION, "wrong")
    error = refuses(requests.HTTPError, lambda: wrong.get_token(f"{URL}/.default"))
    assert error.response.json()["error_codes"] == [7000215], error.response.text


if __name__ == "__main__":
    run("dataverse-client", globals())

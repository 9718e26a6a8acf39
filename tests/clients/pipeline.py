"""The pipeline that people write without the connector: pages of incidents by `requests`, rows by `azure-monitor-ingestion`. Moves all
incidents of an instance once; used by `measure` for comparison."""

import sys
import time

import requests
from azure.core.credentials import AccessToken
from azure.monitor.ingestion import LogsIngestionClient

TOOL, LOGS, RULE, STREAM, TOKEN = sys.argv[1:6]
LIMIT = 1000
SHOWN = {
    "number": "ServiceDeskId_s",
    "state": "IncidentState_s",
    "urgency": "Urgency_s",
    "impact": "Impact_s",
    "priority": "Priority_s",
    "opened_by": "CreatedBy_s",
    "resolved_by": "ResolvedBy_s",
    "closed_by": "ClosedBy_s",
    "contact_type": "Source_s",
    "assigned_to": "AssignedTo_s",
    "category": "Category_s",
    "short_description": "Title_s",
    "description": "Description_s",
    "escalation": "Escalation_s",
    "cmdb_ci": "Computer",
}
DATES = {
    "opened_at": "CreatedDate_t",
    "closed_at": "ClosedDate_t",
    "resolved_at": "ResolvedDate_t",
    "sys_updated_on": "LastModifiedDate_t",
}
STORED = {"sys_id": "SourceId_s", "sys_mod_count": "SourceVersion_s"}


class Credential:
    """A token as it stands."""

    def get_token(self, *_scopes, **_options):
        """As azure-core asks for it."""
        return AccessToken(TOKEN, int(time.time()) + 3600)


def row(record, now):
    """One row of ServiceDesk_CL."""
    made = {
        "TimeGenerated": now,
        "ServiceDeskWorkItemType_s": "Incident",
        "ServiceDeskConnectionName_s": "snow",
        "SourceUrl_s": f"{TOOL}/incident.do?sys_id={record['sys_id']['value']}",
        "RecordState_s": "Present",
        "SyncRunId_s": "00000000-0000-0000-0000-000000000000",
    }
    for field, column in SHOWN.items():
        if value := record[field]["display_value"]:
            made[column] = value
    for field, column in DATES.items():
        if value := record[field]["value"]:
            made[column] = value.replace(" ", "T") + "Z"
    for field, column in STORED.items():
        made[column] = record[field]["value"]
    return made


def main():
    """Page by page, by the same two statements as the connector."""
    session = requests.Session()
    session.auth = ("itsm", "p")
    session.trust_env = False
    # The emulator speaks plain http on loopback; azure-core refuses a bearer token there unless told otherwise.
    client = LogsIngestionClient(LOGS, Credential(), credential_scopes=["x"], **plain_http())
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    fields = ",".join([*SHOWN, *DATES, *STORED])
    place = None
    while True:
        queries = ["ORDERBYsys_updated_on^ORDERBYsys_id"]
        if place:
            queries = [
                f"sys_updated_on={place[0]}^sys_id>{place[1]}^ORDERBYsys_id",
                f"sys_updated_on>{place[0]}^ORDERBYsys_updated_on^ORDERBYsys_id",
            ]
        read = []
        for query in queries:
            answer = session.get(
                f"{TOOL}/api/now/table/incident",
                params={
                    "sysparm_query": query,
                    "sysparm_limit": LIMIT,
                    "sysparm_suppress_pagination_header": "true",
                    "sysparm_display_value": "all",
                    "sysparm_exclude_reference_link": "true",
                    "sysparm_fields": fields,
                },
            )
            answer.raise_for_status()
            read += answer.json()["result"]
        if read:
            place = (read[-1]["sys_updated_on"]["value"], read[-1]["sys_id"]["value"])
            client.upload(rule_id=RULE, stream_name=STREAM, logs=[row(record, now) for record in read])
        if len(read) < LIMIT:
            return


def plain_http():
    """A policy that lets the token through without TLS; loopback only."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Bearer(SansIOHTTPPolicy):
        """Sets the header."""

        def on_request(self, request):
            request.http_request.headers["Authorization"] = f"Bearer {TOKEN}"

    return {"authentication_policy": Bearer()}


if __name__ == "__main__":
    main()

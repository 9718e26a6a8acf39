"""Runs infra/entra-app with a stand-in for the Azure CLI that keeps a directory in a file: what is missing is made, what is there stays, and a second run
changes nothing. The stand-in knows the calls that the script makes and refuses every other; that Azure takes them is not shown by it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

MONITOR = "461e8683-5575-4561-ac7f-899cc907d62a"
ROLE = "ActionGroupsSecureWebhook"
OTHER = {"id": "0", "value": "Reader"}


def stand_in(arguments, state):
    """One call of `az`: what it prints. The state is changed in place."""
    named = {arguments[i]: arguments[i + 1] for i in range(len(arguments) - 1) if arguments[i].startswith("--")}
    apps, principals, query = state["apps"], state["principals"], named.get("--query")
    app = apps.get(named.get("--id"))
    match arguments[:3]:
        case ["account", "show", _]:
            return "tenant-1"
        case ["ad", "app", "list"]:
            return "\n".join(one["appId"] for one in apps.values() if one["displayName"] == named["--display-name"])
        case ["ad", "app", "create"]:
            apps["client-1"] = {"appId": "client-1", "id": "object-1", "displayName": named["--display-name"], "identifierUris": [], "appRoles": []}
            return "client-1"
        case ["ad", "app", "show"] if query == "id":
            return app["id"]
        case ["ad", "app", "show"] if query == "appRoles":
            return json.dumps(app["appRoles"], indent=2)
        case ["ad", "app", "show"] if query.startswith("identifierUris"):
            return "\n".join(uri for uri in app["identifierUris"] if f"'{uri}'" in query)
        case ["ad", "app", "show"] if query.startswith("appRoles[?value"):
            return "\n".join(role["id"] for role in app["appRoles"] if f"'{role['value']}'" in query)
        case ["ad", "app", "update"]:
            app["identifierUris"] = [named["--identifier-uris"]]
            return ""
        case ["ad", "sp", "list"]:
            return "".join(identifier for identifier, of in principals.items() if f"'{of['appId']}'" in named["--filter"])
        case ["ad", "sp", "create"]:
            principals["sp-" + named["--id"]] = {"appId": named["--id"]}
            return "sp-" + named["--id"]
        case ["rest", "--method", "PATCH"]:
            body, what, identifier = json.loads(named["--body"]), *named["--url"].split("/")[-2:]
            target = principals[identifier] if what == "servicePrincipals" else next(one for one in apps.values() if one["id"] == identifier)
            target.update(body)
            return ""
        case ["rest", "--method", "GET"]:
            return "\n".join("a" for one in state["assigned"] if f"'{one['principalId']}'" in query and f"'{one['appRoleId']}'" in query)
        case ["rest", "--method", "POST"]:
            state["assigned"].append(json.loads(named["--body"]))
            return ""
    raise SystemExit(f"the stand-in does not know az {' '.join(arguments)}")


def run(root, folder, state):
    """Runs the script; what it printed, and the directory afterwards."""
    file = pathlib.Path(folder) / "state.json"
    file.write_text(json.dumps(state))
    az = pathlib.Path(folder) / "az"
    az.write_text(f"#!/bin/sh\nexec '{sys.executable}' -B '{pathlib.Path(__file__).resolve()}' '{file}' \"$@\"\n")
    az.chmod(0o755)
    done = subprocess.run([root / "infra/entra-app"], env={"PATH": f"{folder}:/usr/bin:/bin"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise OSError(done.stdout)
    return done.stdout, json.loads(file.read_text())


def check(root):
    """Problems."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            said, made = run(root, folder, {"apps": {}, "principals": {}, "assigned": []})
            again, same = run(root, folder, made)
            given = {"apps": {"c": {"appId": "c", "id": "o", "displayName": "azure-itsm-connector", "identifierUris": ["api://c"], "appRoles": [OTHER]}},
                     "principals": {}, "assigned": []}
            _, kept = run(root, folder, given)
        except (OSError, ValueError) as error:
            return [f"infra/entra-app: {error}"]
    app = made["apps"]["client-1"]
    roles = [role for role in app["appRoles"] if role["value"] == ROLE and role["allowedMemberTypes"] == ["Application"] and role["isEnabled"]]
    expected = {
        "makes the identifier URI": app["identifierUris"] == ["api://client-1"],
        "makes one role": len(roles) == len(app["appRoles"]) == 1,
        "asks for tokens of version 2": app.get("api") == {"requestedAccessTokenVersion": 2},
        "lets nobody else have a token": made["principals"]["sp-client-1"].get("appRoleAssignmentRequired") is True,
        "gives Azure Monitor the role": made["assigned"] == [{"principalId": "sp-" + MONITOR, "resourceId": "sp-client-1", "appRoleId": roles[0]["id"] if roles else None}],
        "changes nothing in a second run": same == made and "made" not in again,
        "keeps roles that were there": kept["apps"]["c"]["appRoles"][0] == OTHER and len(kept["apps"]["c"]["appRoles"]) == 2,
        "prints what connector.toml wants": 'audiences = ["client-1", "api://client-1"]' in said and 'tenant = "tenant-1"' in said,
        "says what to set": "ITSM_ENTRA_CLIENT_ID client-1" in said and "ITSM_ENTRA_OBJECT_ID object-1" in said,
    }
    return problems + [f"infra/entra-app: it no longer {what}" for what, holds in expected.items() if not holds]


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[1])
    directory = json.loads(place.read_text())
    printed = stand_in(sys.argv[2:], directory)
    place.write_text(json.dumps(directory))
    print(printed, end="\n" if printed else "")
    sys.exit(os.EX_OK)

"""The package that azd sends: what `infra/package` writes with and without --secure-webhook, and that the hook of azure.yaml asks for the right one."""

import json
import pathlib
import subprocess
import tempfile
import zipfile

import yaml

HTTP = {"alert_intake", "status", "sync_now", "work_item_create"}


def levels(root, scratch, environment):
    """authLevel of each HTTP function in the package that the hook makes; the executable is only something to pack."""
    hook = yaml.safe_load((root / "azure.yaml").read_text())["services"]["handler"]["hooks"]["prepackage"]
    line = f'{hook["run"]} --binary "{scratch}/something" --out "{scratch}/out"'.replace("infra/package", f'"{root}/infra/package"', 1)
    done = subprocess.run([hook["shell"], "-c", line], cwd=scratch, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(scratch), **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise OSError(done.stdout)
    with zipfile.ZipFile(f"{scratch}/out/itsm-connector.zip") as archive:
        functions = {name.split("/")[0]: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith("/function.json")}
    return {name: binding["authLevel"] for name, function in functions.items() for binding in function["bindings"] if binding["type"] == "httpTrigger"}


def check(root):
    """Problems."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            pathlib.Path(scratch, "something").write_bytes(b"\x7fELF")
            plain = levels(root, scratch, {})
            secure = levels(root, scratch, {"ITSM_ENTRA_CLIENT_ID": "client"})
    except (OSError, KeyError, ValueError) as error:
        return [f"infra/package: {error}"]
    problems = []
    if plain != dict.fromkeys(HTTP, "function"):
        problems.append(f"infra/package: functions are called with keys, but {plain}")
    if secure != {**dict.fromkeys(HTTP, "function"), "alert_intake": "anonymous"}:
        problems.append(f"infra/package: with a secure webhook alert_intake alone is called without a key, but {secure}")
    return problems

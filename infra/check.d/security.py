"""checkov over the templates, and over a copy with one door opened, in the same run: it must find the door. Findings that stay are in skips.yaml."""

import json
import pathlib
import subprocess
import sys
import tempfile

import yaml

# A hole, in the copy, and who must find it.
HOLE = ("modules/storage.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'", "CKV_AZURE_44")


def findings(scratch):
    """What checkov finds, by folder: (check, resource) -> a line for people; and how many checks passed in both."""
    command = [pathlib.Path(sys.executable).with_name("checkov"), "--skip-download", "--framework", "bicep", "--compact", "--quiet", "--output", "json", "--directory", scratch]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    try:
        report = json.loads(done.stdout)
        failed, parsed = report["results"]["failed_checks"], not report["results"].get("parsing_errors")
    except (KeyError, TypeError, ValueError):
        raise OSError(f"checkov ended with exit code {done.returncode} and no report: {done.stderr[-400:]}") from None
    if not parsed:
        raise OSError(f"checkov could not read {report['results']['parsing_errors']}")
    found = {"real": {}, "opened": {}}
    for one in failed:
        _, folder, path = one["file_path"].split("/", 2)
        found[folder][(one["check_id"], one["resource"])] = f"infra/{path}: {one['check_id']} {one['resource']}: {one['check_name']}"
    return found, report["summary"]["passed"]


def check(root):
    """Problems, and how many checks passed."""
    skips = {(one["check"], one["resource"]): one["reason"] for one in yaml.safe_load((root / "infra/check.d/skips.yaml").read_text())}
    with tempfile.TemporaryDirectory() as scratch:
        real, opened = pathlib.Path(scratch) / "real", pathlib.Path(scratch) / "opened"
        for folder in (real, opened):
            for file in (root / "infra").rglob("*.bicep"):
                copy = folder / file.relative_to(root / "infra")
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(file.read_text())
        path, old, new, finder = HOLE
        text = (opened / path).read_text()
        (opened / path).write_text(text.replace(old, new))
        found, checked = findings(scratch)
    problems = [line for key, line in found["real"].items() if key not in skips]
    problems += [f"infra/check.d/skips.yaml: {key[0]} on {key[1]} finds nothing any more" for key in skips if key not in found["real"]]
    if text == (text.replace(old, new)) or finder not in {name for name, _ in found["opened"]}:
        problems.append(f"checkov: {finder} does not find what was opened, so it would find nothing else")
    return problems, checked

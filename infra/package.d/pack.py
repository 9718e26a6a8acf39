#!/usr/bin/env python3
"""Lays out the folder that Azure Functions runs, checks what is in it, and writes it as a zip whose bytes depend on its content and on nothing else.
Called by infra/package."""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time
import zipfile
import zlib

EXECUTABLE = "itsm-connector"
# What an instance unpacks before its first answer. The goal is 6 MB, which held while there was one ITSM tool; all four take 7.4 MB, with telemetry and the console.
MOST_BYTES = 7_500_000
# A time in a zip begins with this year.
EARLIEST = 315_532_800
# How infra/package says that there is more than a commit: two such may differ.
CHANGED = "changes that are not committed"
VALIDATE = ["validate", "--azure", "--json"]
# The function that action groups call.
INTAKE = "alert_intake"
# What says whose tokens are good.
ENTRA = re.compile(r"^\s*\[intake\.entra\]", re.MULTILINE)
# What `validate` says of app settings, which only the function app has.
APP_SETTINGS = "the environment"
NOT_SET = re.compile(r"^environment variable (\S+) is not set$")


class Refused(Exception):
    """Why there is no package."""


def warn(text):
    """Says what a person should not miss, between the other lines."""
    sys.stdout.flush()
    print(f"WARNING: {text}", file=sys.stderr, flush=True)


def run(*command, cwd):
    """Standard output of a command that may be missing or fail; then nothing."""
    try:
        return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def moment(root):
    """Seconds since 1970 that every file in the zip gets."""
    told = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if told and not told.isdigit():
        raise Refused(f"SOURCE_DATE_EPOCH is not a number of seconds: {told}")
    return max(int(told or run("git", "log", "-1", "--format=%ct", cwd=root) or 0), EARLIEST)


def anonymous(description):
    """A function.json that the host lets everybody call; the connector decides, as [intake] says."""
    text = description.read_text(encoding="utf-8")
    changed = text.replace('"authLevel": "function"', '"authLevel": "anonymous"')
    if changed == text:
        raise Refused(f"{description} has no authLevel function that could be made anonymous")
    description.write_text(changed, encoding="utf-8")


def layout(root, binary, config, app, secure_webhook=False):
    """Fills the folder `app` anew; the files in it, by their names in the zip, in order."""
    if not binary.is_file():
        raise Refused(f"{binary} is not there")
    files = {"host.json": root / "host.json", EXECUTABLE: binary}
    for description in root.glob("functions/*/function.json"):
        files[f"{description.parent.name}/function.json"] = description
    if config:
        files["connector.toml"] = config
    for name, source in files.items():
        if name.endswith(".json"):
            json.loads(source.read_text(encoding="utf-8"))
    started = json.loads(files["host.json"].read_text(encoding="utf-8"))["customHandler"]["description"]["defaultExecutablePath"]
    if started != EXECUTABLE:
        raise Refused(f"host.json starts {started}, but the executable is called {EXECUTABLE}")
    shutil.rmtree(app, ignore_errors=True)
    for name, source in files.items():
        place = app / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        place.chmod(0o755 if name == EXECUTABLE else 0o644)
    if secure_webhook:
        anonymous(app / INTAKE / "function.json")
    return sorted(files)


def validate(binary, config):
    """Has the executable that is packed read the settings that are packed. App settings and secrets are not here, but on Azure: of them
    it is told which there must be."""
    try:
        done = subprocess.run([binary, *VALIDATE, "--config", config], env={}, stdout=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        warn(f"{config} was NOT validated: this machine cannot run the executable ({error})")
        return
    try:
        report = json.loads(done.stdout)
        problems, warnings = report["problems"], report["warnings"]
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{config} cannot be validated: `{EXECUTABLE} validate` ended with exit code {done.returncode}") from None
    needed, wrong = set(), []
    for problem in problems:
        secret = NOT_SET.match(problem["message"])
        if secret:
            needed.add(secret.group(1))
        elif problem["file"] == APP_SETTINGS:
            needed.add(problem["key"])
        else:
            wrong.append(problem)
    for problem in wrong:
        print(told(problem), file=sys.stderr)
    if wrong or (not problems and done.returncode != 0):
        raise Refused(f"{config} is not good; nothing was packed")
    for warning in warnings:
        warn(told(warning))
    print(f"settings:   {config} is good")
    if needed:
        print(f"            the function app must have the app settings {', '.join(sorted(needed))}; secrets are best Key Vault references")


def told(problem):
    """One line about a problem, as `validate` tells it."""
    place = ":".join(str(part) for part in (problem["file"], problem["line"], problem["column"]) if part)
    return f"{place}: {problem['key']}: {problem['message']}; {problem['remedy']}"


def linkage(content):
    """Why Azure could not be sure to run it: what is not a static executable for Linux on x64. Nothing when all is well."""
    if content[:6] != b"\x7fELF\x02\x01" or len(content) < 64:
        return "it is not a 64-bit ELF executable"
    (machine,) = struct.unpack_from("<H", content, 18)
    if machine != 62:
        return "it is not for x64"
    (offset,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for at in range(count):
        kind, _, start = struct.unpack_from("<IIQ", content, offset + at * size)
        (length,) = struct.unpack_from("<Q", content, offset + at * size + 32)
        if kind == 3:
            return f"it needs the interpreter {content[start : start + length].decode().rstrip(chr(0))}"
        # A static executable may have a dynamic section of its own (static-pie), but it names no library: DT_NEEDED.
        if kind == 2 and any(struct.unpack_from("<q", content, entry)[0] == 1 for entry in range(start, start + length, 16)):
            return "it needs shared libraries"
    return ""


def foreign(content, texts):
    """What of `texts`, and of the emulators, stands in the executable."""
    return [text for text in [*texts, "crates/emulators"] if text.encode() in content]


def write(app, names, seconds, target):
    """The zip: given order, one time, unix modes, no folders, the best compression of zlib."""
    stamp = time.gmtime(seconds)[:6]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, stamp)
            entry.create_system = 3
            entry.external_attr = (0o100755 if name == EXECUTABLE else 0o100644) << 16
            archive.writestr(entry, (app / name).read_bytes(), zipfile.ZIP_DEFLATED, 9)


def shown(size):
    """A size for people."""
    return f"{size:,} bytes"


def digest(path):
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    """Everything; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, required=True, help="the repository")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="where app/ and the zip go")
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the executable")
    parser.add_argument("--config", type=pathlib.Path, help="becomes connector.toml")
    parser.add_argument("--secure-webhook", action="store_true", help="make the function that action groups call anonymous to the host")
    parser.add_argument("--for-azure", action="store_true", help="refuse what Azure might not run, and a zip that is too large")
    parser.add_argument("--commit", default="unknown", help="of host.json and the functions")
    parser.add_argument("--built-from", metavar="COMMIT", default="unknown", help="what the executable was built from")
    parser.add_argument("--again", action="store_true", help="the executable was not built just now")
    parser.add_argument("--foreign", action="append", default=[], metavar="TEXT", help="must not stand in the executable; may be repeated")
    arguments = parser.parse_args()
    app, target = arguments.out / "app", arguments.out / f"{EXECUTABLE}.zip"
    # What fails must not leave an older package behind that looks like a new one.
    target.unlink(missing_ok=True)
    seconds = moment(arguments.root)
    names = layout(arguments.root, arguments.binary, arguments.config, app, arguments.secure_webhook)
    binary = app / EXECUTABLE
    content = binary.read_bytes()
    doubts = [linkage(content)]
    doubts += [f"{text} stands in it" for text in foreign(content, arguments.foreign)]
    doubts = [doubt for doubt in doubts if doubt]
    if doubts and arguments.for_azure:
        raise Refused(f"{arguments.binary}: " + "; ".join(doubts))
    if arguments.secure_webhook and arguments.config and not ENTRA.search(arguments.config.read_text(encoding="utf-8")):
        warn(f"{arguments.config} has no [intake.entra], so every alert of a secure webhook will be refused: infra/entra-app prints it")
    if arguments.config:
        validate(binary.resolve(), arguments.config)
    else:
        warn("no settings are packed: set the app setting ITSM_CONNECTOR_CONFIG=https://... to the address of the settings file,")
        warn("or pack them: write connector.toml, or name a file with --config")
    write(app, names, seconds, target)
    zipped = target.stat().st_size
    print(f"commit:     {arguments.commit}; times in the zip: {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))}")
    older = arguments.built_from != arguments.commit or (arguments.again and CHANGED in arguments.built_from)
    if older and arguments.for_azure:
        warn(f"the executable is an older one, built from {arguments.built_from}; the other files are of {arguments.commit}")
    print(f"executable: {shown(len(content))}, {'static' if not linkage(content) else 'NOT for Azure: ' + '; '.join(doubts)}, built from {arguments.built_from}, sha256 {digest(binary)}")
    print(f"zip:        {shown(zipped)} of at most {MOST_BYTES:,}, {len(names)} files (zlib {zlib.ZLIB_RUNTIME_VERSION}), sha256 {digest(target)}")
    print(f"            {target}")
    if zipped > MOST_BYTES and arguments.for_azure:
        target.unlink()
        raise Refused(f"the zip is larger than {MOST_BYTES:,} bytes")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, OSError, ValueError, KeyError) as error:
        print(f"infra/package: {error}", file=sys.stderr)
        sys.exit(1)

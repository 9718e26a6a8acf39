"""Clients that are written for Node.js: their packages, pinned by a lock file, and their stories."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess


def packages(source, home):
    """The `node_modules` of a folder with package.json and lock file, made or renewed when the lock changed; an error as text instead."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None, "node or npm is missing"
    mark = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    done = home / "done.mark"
    if not (done.exists() and done.read_text() == mark):
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(source / name, home / name)
        step = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(step, cwd=home, check=False).returncode != 0:
            return None, "cannot install: " + " ".join(step)
        done.write_text(mark)
    return home / "node_modules", None


def tell(modules, script, certificate, addresses):
    """Runs one script; its results."""
    variables = {**os.environ, **addresses, "NODE_PATH": str(modules), "NO_PROXY": "127.0.0.1,localhost"}
    variables["NODE_EXTRA_CA_CERTS"] = str(pathlib.Path(certificate).resolve())
    command = ["node", str(script)]
    try:
        done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=False, timeout=180)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(), "none, it hangs"
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if code != 0 or not lines:
        lines.append({"client": script.name, "story": "the stories end by themselves", "error": f"exit code {code}"})
    return lines

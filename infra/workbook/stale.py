"""What `build --check` has to refuse: each change is made in a copy of infra/, and has to be seen."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

INFRA = pathlib.Path(__file__).resolve().parent.parent


def edited(name, before, after):
    def change(root):
        path = root / name
        text = path.read_text()
        if before not in text:
            raise SystemExit(f"{name} no longer holds {before!r}")
        path.write_text(text.replace(before, after, 1))
    return change


CHANGES = {
    "a query that was edited": edited("queries/alert-rules.kql", "Rule", "Rules"),
    "an alert rule that was edited": edited("alerts/sync-late.kql", "7200", "3600"),
    "a function that was edited": edited("functions/ServiceDeskOpen.kql", "Present", "Deleted"),
    "a workbook that was edited": edited("workbook/workbook.json", "Dead letters", "Letters"),
    "a layout that was edited": edited("workbook/layout.toml", "width = 50", "width = 40"),
    "an alert rule that says not how bad it is": edited("alerts/sync-late.kql", "// severity: 2\n", ""),
    "an alert rule that is looked at every now and then": edited("alerts/sync-late.kql", "every: PT15M", "every: now and then"),
    "a query that does not say what it shows": edited("queries/volume.kql", "// Megabytes", "Megabytes"),
    "a tile of a query that is not there": edited("workbook/layout.toml", 'query = "alert-rules"', 'query = "alarm-rules"'),
    "a query that is gone": lambda root: (root / "queries/sync-lag.kql").unlink(),
    "a query that is new": lambda root: shutil.copy(root / "queries/volume.kql", root / "queries/volume-again.kql"),
    "no workbook": lambda root: (root / "workbook/workbook.json").unlink(),
}


def refused(change):
    """Whether the check fails once `change` was made."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "infra"
        for name in ("workbook", "queries", "alerts", "functions"):
            shutil.copytree(INFRA / name, root / name)
        change(root)
        done = subprocess.run([sys.executable, str(root / "workbook/build"), "--check"], capture_output=True, check=False)
        return done.returncode == 1


def main():
    """Everything; the exit code."""
    unseen = [name for name, change in CHANGES.items() if not refused(change)]
    if refused(lambda root: None):
        unseen.append("nothing was changed, and it was refused")
    for name in unseen:
        print(f"not seen: {name}", file=sys.stderr)
    print(f"{len(CHANGES) + 1 - len(unseen)} passed, {len(unseen)} failed")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())

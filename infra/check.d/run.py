"""All checks, one after the other; what each found, and how many passed."""

import pathlib
import sys
import tempfile
import time

import entra
import mutations
import package
import security
import static

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    """Everything; the exit code."""
    results = []

    def tell(name, problems, note=""):
        seconds = time.monotonic() - began
        print(f"{name:<50} {'FAILED' if problems else 'passed'} ({seconds:.1f}s){note}", flush=True)
        for problem in problems:
            print(f"  {problem}")
        results.append(bool(problems))

    began = time.monotonic()
    problems, warnings = static.check(ROOT)
    tell("templates, tables, settings, azd", problems, f"; {len(warnings)} expected warnings")
    began = time.monotonic()
    tell("infra/entra-app with a stand-in for az", entra.check(ROOT))
    began = time.monotonic()
    tell("what the hook of azd packs", package.check(ROOT))
    if problems:
        print("mutations were NOT tried: a project that fails without one would fail with each")
    else:
        with tempfile.TemporaryDirectory() as scratch:
            began = time.monotonic()
            tell(f"{len(mutations.MUTATIONS)} mutations are noticed", mutations.check(ROOT, pathlib.Path(scratch)))
            began = time.monotonic()
            unnoticed, count = mutations.renamed(pathlib.Path(scratch))
            tell(f"{count} properties renamed one by one are noticed", unnoticed)
    if "--no-checkov" in sys.argv:
        print("checkov was NOT run")
    else:
        began = time.monotonic()
        try:
            problems, checked = security.check(ROOT)
        except OSError as error:
            problems, checked = [str(error)], 0
        tell("checkov", problems, f"; {checked} of its checks passed, in two copies")
    print(f"{len(results) - sum(results)} passed, {sum(results)} failed")
    return 1 if any(results) else 0


if __name__ == "__main__":
    sys.exit(main())

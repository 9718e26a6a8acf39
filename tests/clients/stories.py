"""Runs every function named `story_*` of a module and prints one JSON line for each."""

import json
import traceback


def run(client, names):
    """`names` is the module's `globals()`."""
    for name, story in list(names.items()):
        if not name.startswith("story_"):
            continue
        error = ""
        try:
            story()
        except BaseException as caught:  # a story may fail in any way
            where = traceback.extract_tb(caught.__traceback__)[1:2]
            error = f"{type(caught).__name__}: {caught} ({name}:{where[0].lineno if where else '?'})"
        print(json.dumps({"client": client, "story": (story.__doc__ or name).splitlines()[0], "error": error}), flush=True)


def refuses(kind, action):
    """The exception of this kind that the action raises."""
    try:
        action()
    except kind as caught:
        return caught
    raise AssertionError(f"nothing was refused; expected {kind.__name__}")

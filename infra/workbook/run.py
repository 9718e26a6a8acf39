"""Runs every query over sample rows and compares what comes out with what has to. The engine is duckdb-kql, which turns KQL into SQL
for DuckDB: not Microsoft's, so that this proves what a query means, and check.mjs that Microsoft's parser takes it."""

import datetime
import json
import pathlib
import sys

import duckdb_kql

INFRA = pathlib.Path(__file__).resolve().parent.parent
TYPES = {"string": "VARCHAR", "datetime": "TIMESTAMP", "dateTime": "TIMESTAMP", "bool": "BOOLEAN", "int": "INTEGER", "long": "BIGINT",
         "real": "DOUBLE", "dynamic": "JSON"}
OURS = ("ServiceDesk_CL", "ServiceDeskLog_CL")


def read(*names):
    return json.loads(INFRA.joinpath(*names).read_text())


def code(text):
    """Without comments: the engine takes none within a function."""
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("//"))


def database(tables, rows):
    """A database with the sample rows."""
    connection = duckdb_kql.connect()
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    for table, columns in tables.items():
        connection.execute(f'CREATE TABLE "{table}" (' + ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items()) + ")")
        for row in rows.get(table, []):
            values = {}
            for name, value in row.items():
                if name.startswith("@"):
                    name, value = name[1:], now - datetime.timedelta(minutes=value)
                if name not in columns:
                    raise SystemExit(f"sample.json: {table} has no column {name}")
                values[name] = json.dumps(value) if isinstance(value, dict) else value
            # Kusto has no text that is null: what is left out of a row reads as an empty one.
            values = {name: values.get(name, "" if kind == "string" else None) for name, kind in columns.items()}
            connection.execute(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(values))})', list(values.values()))
    return connection


def plain(value):
    """A cell as JSON has it; an empty text is nothing."""
    if value == "":
        return None
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def run(connection, text):
    """Names of the columns and rows."""
    answer = duckdb_kql.query(connection, code(text))
    return [column[0] for column in answer.description], [list(row) for row in answer.fetchall()]


def differs(wanted, names, rows):
    """What is not as wanted; nothing when all is."""
    if "total" in wanted:
        totals = {name: sum(row[names.index(name)] for row in rows) for name in wanted["total"]}
        return None if rows and totals == wanted["total"] else f"{totals} in {len(rows)} rows"
    if "most" in wanted:
        found = {}
        for row in rows:
            series, value = row[names.index(wanted["columns"][0])], row[-1]
            found[series] = max(value, found.get(series, value))
        return None if found == wanted["most"] else str(found)
    chosen = [names.index(name) for name in wanted.get("columns", names)]
    found = [[plain(row[place]) for place in chosen] for row in rows]
    expected = wanted["rows"]
    if not wanted.get("ordered"):
        found, expected = sorted(found, key=str), sorted(expected, key=str)
    return None if found == expected else json.dumps(found)


def main():
    """Everything; the exit code."""
    sample, passed, failures = read("workbook", "sample.json"), 0, []
    tables = read("workbook", "other-tables.json")
    for table in OURS:
        tables[table] = {column["name"]: column["type"] for column in read("tables", f"{table}.json")["columns"]}
    texts = {f"{folder}/{path.stem}": path.read_text() for folder in ("functions", "queries", "alerts")
             for path in sorted(INFRA.joinpath(folder).glob("*.kql"))}
    saved = [f"function {name.split('/')[1]}() {{\n{code(text)}\n}}" for name, text in texts.items() if name.startswith("functions/")]
    duckdb_kql.set_functions(saved)

    full, empty = database(tables, sample["tables"]), database(tables, {})
    unsaid = [name for name in texts if name not in sample["wanted"]]
    failures += [f"{name}: sample.json does not say what it has to give" for name in unsaid]
    for name, wanted in sample["wanted"].items():
        file, *values = name.split(" ")
        text = texts[file]
        for value in values:
            parameter, _, chosen = value.partition("=")
            text = text.replace(f'let {parameter} = "";', f'let {parameter} = "{chosen}";')
        wrong = differs(wanted, *run(full, text))
        passed += wrong is None
        failures += [f"{name}: {wrong}"] if wrong else []
    # A new workspace, in which there is nothing yet: no query may fail.
    for name, text in texts.items():
        _, rows = run(empty, text)
        right = len(rows) == sample["nothing"].get(name, 0)
        passed += right
        failures += [] if right else [f"{name}: {len(rows)} rows of an empty workspace"]
    # Of a connection that there is not, nothing comes.
    everyone, nobody = "let Connections = dynamic([]);", 'let Connections = dynamic(["nobody"]);'
    for name, text in texts.items():
        if everyone in text:
            _, rows = run(full, text.replace(everyone, nobody))
            passed += not rows
            failures += [f"{name}: {len(rows)} rows of a connection that there is not"] if rows else []
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

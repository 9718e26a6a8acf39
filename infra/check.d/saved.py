"""infra/modules/saved.bicep is made from the folders functions and queries: a template cannot list a folder. `infra/check --write` makes it anew."""

import re

PATH = "infra/modules/saved.bicep"
HEAD = """// Made by `infra/check --write` from infra/functions and infra/queries: functions that queries can call, and queries that people find in Logs.
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}
"""
ONE = """
resource {symbol} 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = {{
  parent: workspace
  name: '{name}'
  properties: {{
    category: 'Azure ITSM Connector'
    displayName: '{title}'
{alias}    query: loadTextContent('../{path}')
    version: 2
  }}
}}
"""


def made(root):
    """What the file should say."""
    text = HEAD
    for folder, function in (("functions", True), ("queries", False)):
        for file in sorted((root / "infra" / folder).glob("*.kql")):
            words = file.stem.replace("-", " ").replace("_", " ")
            title = file.stem if function else words[:1].upper() + words[1:]
            alias = f"    functionAlias: '{file.stem}'\n" if function else ""
            symbol = ("function" if function else "query") + "".join(word[:1].upper() + word[1:] for word in re.split(r"\W|_", file.stem))
            text += ONE.format(symbol=symbol, name=f"itsm-{file.stem}", title=title, alias=alias, path=f"{folder}/{file.name}")
    return text


def check(root):
    """Problems."""
    file = root / PATH
    if not file.is_file() or file.read_text() != made(root):
        return [f"{PATH}: is stale; run infra/check --write"]
    return []


def write(root):
    """Makes the file."""
    (root / PATH).write_text(made(root))

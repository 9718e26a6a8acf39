"""All checks that read files and run nothing: a copy of the project in, problems out. So mutations can be tried on copies."""

import azd
import bicep
import properties
import references
import rules

# The type data knows some values of these and allows others; ours are in Microsoft's pages. Other warnings are problems.
EXPECTED = ("rule.kind: 'Direct'", "dataFlows[].streams[]: 'Custom-ServiceDesk'", "dataFlows[].streams[]: 'Custom-ServiceDeskLog'")


def check(root):
    """Problems and warnings."""
    problems = []
    try:
        templates = bicep.read(root)
    except (bicep.Unread, AttributeError, IndexError, KeyError) as error:
        return [*problems, f"infra: Bicep that the checks do not understand: {error}"], []
    syntax = [problem for template in templates.values() for problem in template.problems]
    if syntax:
        return problems + syntax, []
    try:
        wrong, warnings = properties.check(root, templates)
        problems += wrong + references.check(templates)
        problems += [warning for warning in warnings if not any(expected in warning for expected in EXPECTED)]
    except OSError as error:
        return [*problems, f"infra: a file is missing: {error}"], []
    return problems + rules.check(root, templates) + azd.check(root, templates), warnings

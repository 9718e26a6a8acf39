"""Resources against the type data: API versions, unknown, missing and read-only properties, literals, and types as far as the template tells them.
The data is what the Bicep compiler goes by (tests/fixtures/arm-types/README.md), and four files of our own."""

import functools
import json
import re

from bicep import Values

KEYWORDS = {"parent", "scope", "dependsOn"}
# What functions give; of others nothing is said.
GIVES = dict.fromkeys(
    "concat".split(), "array") | dict.fromkeys(
    "guid toLower toUpper replace trim uniqueString string format subscriptionResourceId resourceId loadTextContent".split(), "string") | dict.fromkeys(
    "empty contains startsWith endsWith bool".split(), "boolean") | dict.fromkeys("length int".split(), "integer") | {"split": "array", "union": "object"}
DECLARED = {"string": "string", "int": "integer", "bool": "boolean", "array": "array", "object": "object"}
JSON = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
FOLDERS = ("tests/fixtures/arm-types", "infra/check.d/types")


def type_of(template, node, loops=()):
    """string, integer, boolean, array, object, null; nothing when the template does not tell."""
    match node.kind:
        case "literal":
            return JSON[type(node.value)]
        case "text":
            return "string"
        case "array" | "for":
            return "array"
        case "object":
            return "object"
        case "call":
            return GIVES.get(node.value)
        case "operation":
            return "integer" if node.value in "+-*/%" else "boolean"
        case "name":
            declared = template.declared.get(node.value)
            return DECLARED.get(declared.type) if declared and declared.kind == "param" and node.value not in loops else None
        case "member" if node.parts[0].kind == "name" and node.value in ("id", "name", "type", "location"):
            declared = template.declared.get(node.parts[0].value)
            return "string" if declared and declared.kind == "resource" else None
    return None


class Checker:
    """Over one template."""

    def __init__(self, template, schemas):
        self.template, self.schemas, self.values = template, schemas, Values(template)
        self.problems, self.warnings = [], []

    def wrong(self, line, where, message):
        self.problems.append(f"{self.template.path}:{line}: {where}: {message}")

    def check(self):
        """All resources of the template."""
        for resource in self.template.of("resource"):
            kind, _, version = resource.path.partition("@")
            schema = self.schemas.get((kind, version))
            if schema is None:
                versions = sorted(known for name, known in self.schemas if name == kind)
                self.wrong(resource.line, resource.path, f"the type data has {'version ' + ', '.join(versions) if versions else 'no such type'}")
                continue
            self.body(resource, schema)
        return self

    def body(self, resource, schema):
        node, loops = resource.value, {}
        if node.kind == "choice":
            node = node.parts[1]
        if node.kind == "for":
            node, loops = node.parts[1], self.values.within(node, loops)
        keys = {key for key, _ in node.parts}
        if resource.existing:
            if keys - {"name", "parent", "scope"}:
                self.wrong(resource.line, resource.name, "an existing resource has name, parent and scope only")
            return
        self.object(node, schema, resource.name, loops, KEYWORDS)

    def value(self, node, schema, where, loops):
        for value in self.values.of(node, loops):
            if value.kind == "for":
                inner = self.values.within(value, loops)
                if schema.get("type") == "array":
                    self.value(value.parts[1], schema["items"], where + "[]", inner)
                    continue
            if value.kind == "literal" and value.value is None:
                continue
            if value.kind == "missing":
                self.wrong(value.line, where, f"what it is taken from has no {value.value}")
                continue
            self.one(value, schema, where, loops)

    def one(self, value, schema, where, loops):
        wanted, given = schema.get("type"), type_of(self.template, value, loops)
        if "oneOf" in schema and value.kind == "object":
            return self.variant(value, schema, where, loops)
        if wanted and given and wanted != given:
            return self.wrong(value.line, where, f"is {given}, and the type data wants {wanted}")
        if value.kind == "object":
            self.object(value, schema, where, loops)
        elif value.kind == "array":
            for item in value.parts:
                # A for that concat put into a list.
                self.value(item, schema if item.kind == "for" else schema.get("items") or {}, where + "[]", loops)
        elif value.kind == "literal":
            self.literal(value, schema, where)

    def literal(self, value, schema, where):
        given = value.value
        allowed = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
        if allowed and given not in allowed:
            self.wrong(value.line, where, f"is {given!r}, which is none of {', '.join(map(str, allowed))}")
        known = schema.get("x-known-values")
        if known and given not in known:
            self.warnings.append(f"{self.template.path}:{value.line}: {where}: {given!r} is not among the known values {', '.join(known)}")
        if isinstance(given, str):
            if "pattern" in schema and not re.search(schema["pattern"], given):
                self.wrong(value.line, where, f"{given!r} does not fit {schema['pattern']}")
            if not schema.get("minLength", 0) <= len(given) <= schema.get("maxLength", len(given)):
                self.wrong(value.line, where, f"{given!r} is too short or too long")

    def variant(self, node, schema, where, loops):
        name = schema["x-discriminator"]
        said = node.member(name)
        chosen = [one for one in schema["oneOf"] if said is not None and one["x-when"] == said.value]
        if not chosen:
            return self.wrong(node.line, where, f"{name} is none of {', '.join(one['x-when'] for one in schema['oneOf'])}")
        merged = {**schema, **chosen[0]}
        merged["properties"] = {**(schema.get("properties") or {}), **chosen[0]["properties"]}
        merged["required"] = [*schema.get("required", []), *chosen[0].get("required", [])]
        merged["additionalProperties"] = chosen[0].get("additionalProperties", False)
        merged.pop("oneOf")
        self.object(node, merged, where, loops)

    def object(self, node, schema, where, loops, keywords=frozenset()):
        properties, rest = schema.get("properties"), schema.get("additionalProperties", True)
        if properties is None and rest is True:
            return
        properties = properties or {}
        for key, value in node.parts:
            at = f"{where}.{key}"
            if key in keywords:
                continue
            if key in properties:
                if properties[key].get("readOnly"):
                    self.wrong(value.line, at, "is read-only")
                else:
                    self.value(value, properties[key], at, loops)
            elif rest is False:
                near = ", ".join(sorted(name for name, one in properties.items() if not one.get("readOnly")))
                self.wrong(value.line, at, f"is no property of it; there are {near or 'none'}")
            elif isinstance(rest, dict):
                self.value(value, rest, at, loops)
        given = {key for key, _ in node.parts}
        for key in schema.get("required", []):
            if key not in given and not properties.get(key, {}).get("readOnly"):
                self.wrong(node.line, where, f"{key} is missing")


@functools.lru_cache(maxsize=4)
def schemas(root):
    """Type data by type and API version. Read once: it does not change while checks run."""
    found = {}
    for folder in FOLDERS:
        for file in sorted((root / folder).glob("*.json")):
            data = json.loads(file.read_text())
            kind, version = data["properties"]["type"]["const"], data["properties"]["apiVersion"]["const"]
            found[(kind, version)] = data
    return found


def check(root, templates):
    """Problems and warnings."""
    known = schemas(root)
    checkers = [Checker(template, known).check() for template in templates.values()]
    return [p for c in checkers for p in c.problems], [w for c in checkers for w in c.warnings]

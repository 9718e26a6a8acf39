"""Bicep files as plain trees. Syntax comes from tree-sitter-bicep; what stands here is the little that checks want to ask of it. Nothing is compiled,
and nothing is known here of Azure."""

import functools
import json
import pathlib
from dataclasses import dataclass, field

import tree_sitter_bicep
from tree_sitter import Language, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))


class Unread(Exception):
    """Something that the checks do not understand; they refuse to guess."""


@dataclass
class Node:
    """An expression. `kind` is one of literal, text, array, object, for, choice, call, name, member, index,
    operation; and missing, for a member that an object does not have."""

    kind: str
    line: int
    value: object = None
    parts: list = field(default_factory=list)

    def member(self, name):
        """The value of a property of an object; nothing when it has none."""
        return next((value for key, value in self.parts if key == name), None) if self.kind == "object" else None


@dataclass
class Declared:
    """A parameter, variable, resource, module or output."""

    kind: str
    name: str
    line: int
    type: str = ""
    value: Node | None = None
    decorators: dict = field(default_factory=dict)
    existing: bool = False
    conditional: bool = False
    path: str = ""


class Template:
    """One file."""

    def __init__(self, root, path, source):
        self.root, self.path = root, path
        self.problems = []
        tree = PARSER.parse(source).root_node
        self.declared, self.outputs, self.target = {}, {}, "resourceGroup"
        self._syntax(tree)
        if not self.problems:
            self._read(tree)

    def _syntax(self, node):
        if node.type == "ERROR" or node.is_missing:
            self.problems.append(f"{self.path}:{node.start_point[0] + 1}: not Bicep: {node.text.decode()[:60]!r}")
            return
        for child in node.children:
            self._syntax(child)

    def _read(self, tree):
        decorators = {}
        for node in tree.named_children:
            if node.type == "comment":
                continue
            if node.type == "decorators":
                decorators = {call.name: call.arguments for call in map(_decorator, node.named_children)}
                continue
            if node.type == "target_scope_assignment":
                self.target = _expression(node.named_children[-1]).value
                continue
            one = _declared(node, decorators)
            decorators = {}
            into = self.outputs if one.kind == "output" else self.declared
            if one.name in into:
                self.problems.append(f"{self.path}:{one.line}: {one.name} is declared twice")
            into[one.name] = one

    def of(self, kind):
        """Everything declared of one kind."""
        return [one for one in self.declared.values() if one.kind == kind]

    def loaded(self, relative):
        """A file that the template loads; paths are relative to the template."""
        return (self.root / self.path).parent / relative


@dataclass
class _Call:
    name: str
    arguments: list


def _decorator(node):
    call = _expression(next(child for child in node.named_children if child.type != "comment"))
    return _Call(call.value, call.parts)


KINDS = {"parameter": "param", "variable": "var", "resource": "resource", "module": "module", "output": "output"}


def _declared(node, decorators):
    kind = KINDS.get(node.type.removesuffix("_declaration"))
    if kind is None or not node.type.endswith("_declaration"):
        raise Unread(f"line {node.start_point[0] + 1}: {node.type}")
    named = [child for child in node.named_children if child.type != "comment"]
    one = Declared(kind, named[0].text.decode(), node.start_point[0] + 1, decorators=decorators)
    rest = named[1:]
    if kind in ("param", "output"):
        one.type = rest.pop(0).text.decode()
    elif kind in ("resource", "module"):
        one.path = _expression(rest.pop(0)).value
        one.existing = any(child.type == "existing" for child in node.children)
        if rest[0].type == "if_statement":
            one.conditional = True
            test, body = [child for child in rest[0].named_children if child.type != "comment"]
            one.value = Node("choice", one.line, parts=[_expression(test), _expression(body), Node("literal", one.line)])
            return one
    if rest:
        one.value = _expression(rest[0])
    return one


def _expression(node):
    """A tree of nodes."""
    line = node.start_point[0] + 1
    inner = [child for child in node.named_children if child.type != "comment"]
    match node.type:
        case "string":
            return _string(node, line)
        case "number":
            return Node("literal", line, int(node.text))
        case "boolean":
            return Node("literal", line, node.text == b"true")
        case "null":
            return Node("literal", line)
        case "array":
            return Node("array", line, parts=[_expression(child) for child in inner])
        case "object":
            return Node("object", line, parts=[_property(child) for child in inner])
        case "for_statement":
            first = inner[0]
            loop = [child.text.decode() for child in first.named_children] if first.type == "for_loop_parameters" else [first.text.decode()]
            return Node("for", line, loop, [_expression(inner[1]), _expression(inner[2])])
        case "ternary_expression":
            return Node("choice", line, parts=[_expression(child) for child in inner])
        case "call_expression":
            arguments = [_expression(child) for child in inner[1].named_children if child.type != "comment"]
            function = inner[0]
            if function.type != "identifier":
                raise Unread(f"line {line}: a call of {function.text.decode()}")
            return Node("call", line, function.text.decode(), arguments)
        case "identifier" | "compatible_identifier":
            return Node("name", line, node.text.decode())
        case "member_expression":
            return Node("member", line, inner[1].text.decode(), [_expression(inner[0])])
        case "subscript_expression":
            return Node("index", line, parts=[_expression(inner[0]), _expression(inner[1])])
        case "parenthesized_expression":
            return _expression(inner[0])
        case "unary_expression" | "binary_expression":
            operator = next(child.text.decode() for child in node.children if not child.is_named)
            return Node("operation", line, operator, [_expression(child) for child in inner])
    raise Unread(f"line {line}: {node.type}")


def _property(node):
    key, value = [child for child in node.named_children if child.type != "comment"]
    name = _expression(key)
    text = name.value if name.kind in ("name", "literal") else None
    return (text, _expression(value))


ESCAPES = {"\\n": "\n", "\\'": "'", "\\\\": "\\", "\\t": "\t", "\\r": "\r", "\\$": "$"}


def _string(node, line):
    parts = []
    for child in node.named_children:
        match child.type:
            case "string_content":
                parts.append(child.text.decode())
            case "escape_sequence":
                parts.append(ESCAPES[child.text.decode()])
            case "interpolation":
                parts.append(_expression(child.named_children[0]))
            case other:
                raise Unread(f"line {line}: {other} in a string")
    if all(isinstance(part, str) for part in parts):
        return Node("literal", line, "".join(parts))
    return Node("text", line, parts=parts)


def of_json(value, line=0):
    """A JSON document as a tree, so that what a template loads is checked as if it stood there."""
    match value:
        case dict():
            return Node("object", line, parts=[(key, of_json(one, line)) for key, one in value.items()])
        case list():
            return Node("array", line, parts=[of_json(one, line) for one in value])
    return Node("literal", line, value)


@functools.lru_cache(maxsize=64)
def _template(root, path, source):
    return Template(root, path, source)


def read(root):
    """All templates below infra/, by their paths. One that did not change is not read again."""
    files = sorted(pathlib.Path(root, "infra").rglob("*.bicep"))
    paths = {str(file.relative_to(root)): file.read_bytes() for file in files}
    return {path: _template(root, path, source) for path, source in paths.items()}


class Values:
    """What an expression of one template can be, as far as the template itself tells."""

    def __init__(self, template):
        self.template = template

    def of(self, node, loops=None):
        """The values that `node` may have: trees without names where that is known, else the node itself. `loops` is what loop variables stand for."""
        loops = loops or {}
        match node.kind:
            case "choice":
                return self.of(node.parts[1], loops) + self.of(node.parts[2], loops)
            case "name":
                if node.value in loops:
                    source = loops[node.value]
                    return [node] if source is None else [value for item in source for value in self.of(item, loops)]
                declared = self.template.declared.get(node.value)
                return self.of(declared.value, {}) if declared and declared.kind == "var" else [node]
            case "member":
                return [self._member(value, node) for value in self.of(node.parts[0], loops)]
            case "call" if node.value == "loadJsonContent":
                return [of_json(json.loads(self.template.loaded(node.parts[0].value).read_text()), node.line)]
            case "call" if node.value == "concat":
                lists = [self.of(part, loops)[0] for part in node.parts]
                known = all(one.kind in ("array", "for") for one in lists)
                return [Node("array", node.line, parts=[item for one in lists for item in (one.parts if one.kind == "array" else [one])])] if known else [node]
            case "call" if node.value == "union":
                objects = [self.of(part, loops)[0] for part in node.parts]
                return [Node("object", node.line, parts=[pair for one in objects for pair in one.parts if one.kind == "object"])]
        return [node]

    def _member(self, value, node):
        found = value.member(node.value)
        if found is None and value.kind == "object":
            return Node("missing", node.line, node.value)
        return node if found is None else self.of(found)[0]

    def within(self, node, loops):
        """Loop variables inside a for: the items of what it goes over, where they are known."""
        source = self.of(node.parts[0], loops)[0]
        return {**loops, **dict.fromkeys(node.value, None), node.value[0]: source.parts if source.kind == "array" else None}


def walk(node):
    """The node and everything in it."""
    yield node
    for part in node.parts:
        inner = part[1] if isinstance(part, tuple) else part
        if isinstance(inner, Node):
            yield from walk(inner)

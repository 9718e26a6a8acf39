"""Names: everything that a template speaks of is there and of the right type, and everything that is there is spoken of."""

from bicep import walk
from properties import DECLARED, type_of

FUNCTIONS = set(
    "empty split concat union toLower toUpper replace trim guid uniqueString subscription resourceGroup tenant environment subscriptionResourceId resourceId "
    "loadJsonContent loadTextContent string format contains length int bool".split()
)
# Members that every resource has; the others are outputs of the service and not in the type data.
OF_RESOURCES = {"id", "name", "type", "location", "apiVersion", "properties", "identity", "tags", "kind", "sku"}


class References:
    """Over one template; `templates` are all of them."""

    def __init__(self, template, templates):
        self.template, self.templates = template, templates
        self.problems, self.used = [], set()

    def wrong(self, line, message):
        self.problems.append(f"{self.template.path}:{line}: {message}")

    def check(self):
        """All expressions, and what is never used."""
        for one in [*self.template.declared.values(), *self.template.outputs.values()]:
            if one.value is not None:
                self.expression(one.value, frozenset())
            if one.kind == "module":
                self.module(one)
            for arguments in one.decorators.values():
                for argument in arguments:
                    self.expression(argument, frozenset())
        for one in self.template.declared.values():
            if one.kind in ("param", "var") and one.name not in self.used:
                self.wrong(one.line, f"{one.name} is never used")
        for one in self.template.outputs.values():
            given, wanted = type_of(self.template, one.value), DECLARED.get(one.type)
            if given and wanted != given:
                self.wrong(one.line, f"output {one.name} is {given}, not {wanted}")
        for one in self.template.of("param"):
            given, wanted = one.value and type_of(self.template, one.value), DECLARED.get(one.type)
            if given and wanted != given:
                self.wrong(one.line, f"the default of {one.name} is {given}, not {wanted}")
        return self.problems

    def expression(self, node, loops):
        if node.kind == "for":
            self.expression(node.parts[0], loops)
            return self.expression(node.parts[1], loops | set(node.value))
        if node.kind == "name" and node.value not in loops:
            if node.value not in self.template.declared:
                self.wrong(node.line, f"there is no {node.value}")
            self.used.add(node.value)
        if node.kind == "call":
            if node.value not in FUNCTIONS:
                self.wrong(node.line, f"function {node.value} is not among those that this template keeps to")
            if node.value.startswith("load") and not self.template.loaded(node.parts[0].value).is_file():
                self.wrong(node.line, f"{node.parts[0].value} is not there")
        if node.kind == "member" and node.parts[0].kind == "name":
            self.member(node, loops)
        if node.kind == "member" and node.parts[0].kind == "member" and node.parts[0].value == "outputs":
            self.output(node)
        for part in node.parts:
            inner = part[1] if isinstance(part, tuple) else part
            if not isinstance(inner, str):
                self.expression(inner, loops)

    def member(self, node, loops):
        owner = self.template.declared.get(node.parts[0].value)
        if owner is None or owner.name in loops:
            return
        if owner.kind == "module" and node.value not in ("outputs", "name"):
            self.wrong(node.line, f"module {owner.name} has outputs, not {node.value}")
        if owner.kind == "resource" and node.value not in OF_RESOURCES:
            self.wrong(node.line, f"resource {owner.name} has no {node.value}")
        if owner.kind == "param" and owner.type != "object":
            self.wrong(node.line, f"{owner.name} is {owner.type} and has no {node.value}")

    def output(self, node):
        owner = self.template.declared.get(node.parts[0].parts[0].value)
        target = self.target(owner) if owner else None
        if target and node.value not in target.outputs:
            self.wrong(node.line, f"module {owner.name} has no output {node.value}")

    def target(self, module):
        path = (self.template.loaded(module.path)).resolve().relative_to(self.template.root.resolve())
        return self.templates.get(str(path))

    def module(self, module):
        target = self.target(module)
        if target is None:
            return self.wrong(module.line, f"{module.path} is not there")
        body = module.value.parts[1] if module.value.kind == "choice" else module.value
        for key, _ in body.parts:
            if key not in ("name", "scope", "params", "dependsOn"):
                self.wrong(module.line, f"module {module.name} has no {key}")
        given = dict(body.member("params").parts) if body.member("params") else {}
        if body.member("name") is None:
            self.wrong(module.line, f"module {module.name} has no name")
        wanted = {one.name: one for one in target.of("param")}
        for name, value in given.items():
            if name not in wanted:
                self.wrong(value.line, f"module {module.name} takes no parameter {name}")
                continue
            types, kind = {self.passed(one) for one in alternatives(value)} - {None}, DECLARED.get(wanted[name].type)
            if kind and types - {kind}:
                self.wrong(value.line, f"parameter {name} of {module.name} is {kind}, not {', '.join(sorted(types))}")
        for name, one in wanted.items():
            if one.value is None and name not in given:
                self.wrong(module.line, f"module {module.name} needs parameter {name}")
        if target.target != ("subscription" if body.member("scope") is None and self.template.target == "subscription" else "resourceGroup"):
            self.wrong(module.line, f"module {module.name} is for a {target.target}, and its scope is another")

    def passed(self, node):
        """The type of what is passed to a module; an output has that of its declaration."""
        if node.kind == "member" and node.parts[0].kind == "member" and node.parts[0].value == "outputs":
            owner = self.template.declared.get(node.parts[0].parts[0].value)
            target = self.target(owner) if owner else None
            output = target.outputs.get(node.value) if target else None
            return DECLARED.get(output.type) if output else None
        if node.kind == "name":
            declared = self.template.declared.get(node.value)
            if declared and declared.kind == "var":
                return type_of(self.template, declared.value)
        return type_of(self.template, node)


def alternatives(node):
    """Both sides of every choice."""
    return alternatives(node.parts[1]) + alternatives(node.parts[2]) if node.kind == "choice" else [node]


def check(templates):
    """Problems."""
    problems = [problem for template in templates.values() for problem in References(template, templates).check()]
    reached = {"infra/main.bicep"}
    for template in templates.values():
        for module in template.of("module"):
            reached.add(str(template.loaded(module.path).resolve().relative_to(template.root.resolve())))
    return problems + [f"{path}: no template uses it" for path in templates if path not in reached]


def calls(templates, name):
    """Every call of a function, with its template."""
    for template in templates.values():
        for one in [*template.declared.values(), *template.outputs.values()]:
            for node in walk(one.value) if one.value else ():
                if node.kind == "call" and node.value == name:
                    yield template, node

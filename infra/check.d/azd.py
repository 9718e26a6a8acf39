"""What the Azure Developer CLI goes by: azure.yaml and main.parameters.json."""

import json
import os
import re

import yaml
from bicep import Values

# What azd itself sets, and what is set with `azd env set`.
BY_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID"}
HOOKS = re.compile(r"^(pre|post)(restore|build|package|publish|deploy)$")
REFERENCE = re.compile(r"^\$\{([A-Z][A-Z0-9_]*)(=(.*))?\}$")
SERVICE = {"project", "host", "language", "dist", "hooks"}
DOCS = "docs/OPERATIONS.md"


def yaml_file(root, templates):
    """azure.yaml: shape, hook, package, tag."""
    document = yaml.safe_load((root / "azure.yaml").read_text())
    if set(document) - {"name", "metadata", "services", "infra", "hooks"}:
        yield f"azure.yaml: {sorted(document)} are not all known"
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", document["name"]):
        yield "azure.yaml: name has other characters than small letters, digits and -"
    infra = document.get("infra", {})
    if infra.get("provider") != "bicep" or not (root / infra["path"] / f"{infra['module']}.bicep").is_file():
        yield "azure.yaml: infra names no Bicep file that is there"
    if not document["services"]:
        yield "azure.yaml: there is no service"
    for name, service in document["services"].items():
        at = f"azure.yaml: service {name}"
        if set(service) - SERVICE:
            yield f"{at}: {sorted(set(service) - SERVICE)} are not known"
        if service["host"] != "function" or service["language"] != "custom":
            yield f"{at}: it is deployed as a custom handler: host function, language custom"
        if service.get("dist") != "target/package/itsm-connector.zip":
            yield f"{at}: dist is not what infra/package writes"
        for hook, how in service.get("hooks", {}).items():
            if not HOOKS.match(hook):
                yield f"{at}: there is no hook {hook}"
            command = how["run"].split()[0]
            file = root / service["project"] / command
            if not file.is_file() or not os.access(file, os.X_OK):
                yield f"{at}: {hook} runs {command}, which is not there"
        if "prepackage" not in service.get("hooks", {}):
            yield f"{at}: nothing builds the package before azd takes it"
        tags = templates["infra/modules/app.bicep"].declared["app"].value.member("tags")
        said = Values(templates["infra/modules/app.bicep"]).of(tags)[0].member("azd-service-name")
        if said is None or said.value != name:
            yield f"{at}: no function app has the tag azd-service-name {name}"
    group = templates["infra/main.bicep"].declared["group"].value.member("tags")
    if Values(templates["infra/main.bicep"]).of(group)[0].member("azd-env-name") is None:
        yield "infra/main.bicep: the resource group has no tag azd-env-name, so azd does not find it"


def parameters(root, templates):
    """main.parameters.json: every parameter of main.bicep, from a value of the environment that the documentation explains."""
    given = json.loads((root / "infra/main.parameters.json").read_text())["parameters"]
    declared = {one.name: one for one in templates["infra/main.bicep"].of("param")}
    docs = (root / DOCS).read_text()
    for name in sorted({*given} ^ {*declared}):
        yield f"infra/main.parameters.json: {name} is {'no parameter of main.bicep' if name in given else 'missing'}"
    for name in {*given} & {*declared}:
        match = REFERENCE.match(given[name]["value"])
        if not match:
            yield f"infra/main.parameters.json: {name} is no value of the azd environment"
            continue
        variable, default = match.group(1), match.group(3) or ""
        if variable not in BY_AZD and f"`{variable}`" not in docs:
            yield f"{DOCS}: {variable} ({name}) is not explained"
        wanted = declared[name].value
        text = "" if wanted is None else str(wanted.value).lower() if isinstance(wanted.value, bool) else str(wanted.value)
        if variable not in BY_AZD and default != text:
            yield f"infra/main.parameters.json: the default of {name} is {default!r}, and main.bicep says {text!r}"
        limits = declared[name].decorators
        if default.isdigit():
            least, most = (limits[key][0].value if key in limits else None for key in ("minValue", "maxValue"))
            if (least is not None and int(default) < least) or (most is not None and int(default) > most):
                yield f"infra/main.parameters.json: the default of {name} is out of bounds"
    used, outputs = set(re.findall(r"azd env get-value ([A-Z_]+)", docs)), set(templates["infra/main.bicep"].outputs)
    for name in sorted(used ^ outputs):
        yield f"{DOCS}: {name} is {'an output of main.bicep that nobody asks for' if name in outputs else 'no output of main.bicep'}"
    for name, one in declared.items():
        if "description" not in one.decorators:
            yield f"infra/main.bicep:{one.line}: {name} has no description"


def check(root, templates):
    """Problems."""
    problems = []
    for part in (yaml_file, parameters):
        try:
            problems += list(part(root, templates))
        except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            problems.append(f"{part.__name__}: cannot be read ({type(error).__name__}: {error})")
    return problems

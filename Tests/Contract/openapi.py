"""Validates the kept OpenAPI document, its examples, and every kept JSON answer beside its schema."""
import json
import pathlib
import re
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

folder = pathlib.Path(sys.argv[1])
goldens = {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
document = goldens["openapi-ok.json"]["response"].get("body") or goldens["openapi-ok.json"]["body"]
problems = [f"document: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
checked = 0


def validate(value, schema, where):
    global checked
    checked += 1
    whole = dict(schema, components=document["components"])
    for error in Draft202012Validator(whole).iter_errors(value):
        problems.append(f"{where}: {'/'.join(map(str, error.path))}: {error.message}")


def paths():
    # Literal segments win over parameters, as in the router.
    order = sorted(document["paths"], key=lambda path: [part.startswith("{") for part in path.split("/")])
    for path in order:
        yield path, re.compile(re.sub(r"\{[^}]*\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")))


for path, operations in document["paths"].items():
    for method, operation in operations.items():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            validate(body["example"], body["schema"], f"example of {method} {path}")
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json", {})
            if "example" in content:
                validate(content["example"], content["schema"], f"example of {method} {path} {status}")

for name, golden in goldens.items():
    request, response = golden["request"], golden["response"]
    target = request["path"].split("?")[0]
    method = request["method"].lower().replace("head", "get")
    found = next((path for path, pattern in paths() if pattern.fullmatch(target)), None)
    operation = document["paths"].get(found, {}).get(method)
    body = response.get("body", golden.get("body"))
    if operation is None or body is None or response["status"] in (307, 405):
        continue
    status = str(response["status"])
    said = operation["responses"].get(status) or operation["responses"].get(status[0] + "XX")
    if said is None:
        problems.append(f"{name}: status {status} is not described")
        continue
    schema = said.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        validate(body, schema, name)

print(f"openapi: {len(document['paths'])} paths, {checked} answers and examples checked")
for problem in problems:
    print(f"openapi: {problem}", file=sys.stderr)
sys.exit(1 if problems else 0)

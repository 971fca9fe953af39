#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# /api/openapi.json is well-formed, and what it says of statuses is what the tests before saw.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
call GET /api/openapi.json
python3 - "$T/body" "$BUILD/selftests/api" >"$T/result" <<'PY' || echo "not ok - the check itself failed" >>"$T/result"
import base64, glob, ipaddress, json, os, re, sys

doc = json.load(open(sys.argv[1]))
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
problems = {"form": [], "refs": [], "schemas": [], "seen": [], "reached": [], "bodies": []}

def refs(node):
    if isinstance(node, dict):
        for k, v in node.items():
            if k == "$ref":
                yield v
            else:
                yield from refs(v)
    elif isinstance(node, list):
        for v in node:
            yield from refs(v)

# OpenAPI 3.1: what the specification requires of each object that is used here.
if not re.match(r"3\.1\.\d+$", doc.get("openapi", "")):
    problems["form"].append("openapi")
for k in ("title", "version"):
    if k not in doc.get("info", {}):
        problems["form"].append("info." + k)
ids = set()
operations = {}
for path, item in doc["paths"].items():
    if not path.startswith("/"):
        problems["form"].append(path)
    for method, op in item.items():
        where = method + " " + path
        if method not in METHODS:
            problems["form"].append(where + ": method")
        if op.get("operationId") in ids or not op.get("operationId"):
            problems["form"].append(where + ": operationId")
        ids.add(op.get("operationId"))
        wanted = set(re.findall(r"\{(\w+)\}", path))
        has = {p["name"] for p in op.get("parameters", []) if p["in"] == "path" and p["required"] is True}
        if wanted != has:
            problems["form"].append(where + ": parameters")
        if not op.get("responses"):
            problems["form"].append(where + ": responses")
        for status, response in op.get("responses", {}).items():
            if not re.match(r"[1-5]\d\d$|default$", status) or "description" not in response:
                problems["form"].append(where + ": response " + status)
            for media, content in response.get("content", {}).items():
                if "/" not in media or "schema" not in content:
                    problems["form"].append(where + ": content of " + status)
        for requirement in op.get("security", []):
            for scheme in requirement:
                if scheme not in doc["components"]["securitySchemes"]:
                    problems["form"].append(where + ": security " + scheme)
        operations[(method.upper(), path)] = set(op["responses"]) - {"default"}
for ref in refs(doc):
    node = doc
    for part in ref.lstrip("#/").split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    if node is None:
        problems["refs"].append(ref)
used = {r.rsplit("/", 1)[1] for r in refs(doc)}
problems["schemas"] = sorted(set(doc["components"]["schemas"]) - used)

# Statuses that the tests got, against those that are documented.
seen = {}
files = [f for f in glob.glob(sys.argv[2] + "/*.answers") if "test_90" not in f]
for name in files:
    for line in open(name):
        method, path, status = line.split()
        for (m, p) in operations:
            pattern = re.escape(p).replace(r"\{id\}", "[^/]+") + "$"
            if m == method and re.match(pattern, path):
                seen.setdefault((m, p), set()).add(status)
# What lib/http refuses before a route is known.
EARLY = {"000", "400", "408", "414", "417", "431"}
for key, statuses in seen.items():
    extra = statuses - operations[key] - EARLY
    if extra:
        problems["seen"].append("%s %s: %s" % (key + (sorted(extra),)))
# A limit of requests is the same code for every route: seen on one of a kind it is enough.
for key, statuses in operations.items():
    missing = statuses - seen.get(key, set()) - {"429"}
    if missing:
        problems["reached"].append("%s %s: %s" % (key + (sorted(missing),)))
# Bodies against their schemas: what of JSON Schema 2020-12 the document uses.
TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and not (name == "integer" and isinstance(value, bool))


def check(value, schema, where):
    if "$ref" in schema:
        schema = doc["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    known = {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "pattern",
             "format", "description", "minimum", "maxLength", "default", "contentEncoding",
             "minItems", "maxItems"}
    for k in set(schema) - known:
        yield "%s: %s is not checked here" % (where, k)
    types = schema.get("type")
    if types and not any(is_type(value, t) for t in ([types] if isinstance(types, str) else types)):
        yield "%s: %r is no %s" % (where, value, types)
        return
    if "enum" in schema and value not in schema["enum"]:
        yield "%s: %r" % (where, value)
    if "const" in schema and value != schema["const"]:
        yield "%s: %r" % (where, value)
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield "%s: %r" % (where, value)
        if schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
            yield "%s: %r is no time" % (where, value)
        if "contentEncoding" in schema:
            try:
                base64.b64decode(value, validate=True)
            except ValueError:
                yield "%s: %r is no base64" % (where, value)
        if schema.get("format") in ("ipv4", "ipv6"):
            try:
                ipaddress.ip_address(value)
            except ValueError:
                yield "%s: %r is no address" % (where, value)
    if isinstance(value, dict):
        for k in schema.get("required", []):
            if k not in value:
                yield "%s.%s: missing" % (where, k)
        for k, v in value.items():
            if k in schema.get("properties", {}):
                yield from check(v, schema["properties"][k], where + "." + k)
            elif schema.get("additionalProperties") is False:
                yield "%s.%s: not documented" % (where, k)
    if isinstance(value, list) and not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield "%s: %d items" % (where, len(value))
    if isinstance(value, list) and "items" in schema:
        for v in value:
            yield from check(v, schema["items"], where + "[]")


bodies = 0
for name in files:
    for line in open(name + ".json") if os.path.exists(name + ".json") else ():
        got = json.loads(line)
        for path, item in doc["paths"].items():
            op = item.get(got["m"].lower())
            if not op or not re.match(re.escape(path).replace(r"\{id\}", "[^/]+") + "$", got["p"]):
                continue
            response = op["responses"].get(got["s"]) or op["responses"]["default"]
            schemas = [c["schema"] for m, c in response.get("content", {}).items() if "json" in m]
            found = [list(check(got["body"], s, "%s %s %s" % (got["m"], path, got["s"]))) for s in schemas]
            bodies += 1
            if not any(not f for f in found):
                problems["bodies"] += min(found, key=len, default=["%s: no schema" % path])
problems["bodies"] = sorted(set(problems["bodies"]))
if len(files) >= 5 and bodies < 300:
    problems["bodies"].append("only %d bodies were seen" % bodies)
names = {
    "form": "OpenAPI 3.1: every object has what it must have",
    "refs": "every reference leads somewhere",
    "schemas": "every schema is used",
    "seen": "no test got a status that is not documented",
    "reached": "every documented status was got by a test",
    "bodies": "every body that a test got fits its schema",
}
for k, name in names.items():
    if k in ("seen", "reached", "bodies") and len(files) < 5:
        print("ok - %s # SKIP the other API tests have not run in this build" % name)
    else:
        print("%s - %s" % ("not ok" if problems[k] else "ok", name))
    if problems[k]:
        print("".join("# %s\n" % p for p in problems[k]), end="")
PY
points <"$T/result"
finish

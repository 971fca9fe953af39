#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# /api/openapi.json is well-formed, and what it says of statuses is what the tests before saw.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
call GET /api/openapi.json
python3 - "$T/body" "$BUILD/selftests/api" >"$T/result" <<'PY' || echo "not ok - the check itself failed" >>"$T/result"
import glob, json, re, sys

doc = json.load(open(sys.argv[1]))
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
problems = {"form": [], "refs": [], "schemas": [], "seen": [], "reached": []}

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
names = {
    "form": "OpenAPI 3.1: every object has what it must have",
    "refs": "every reference leads somewhere",
    "schemas": "every schema is used",
    "seen": "no test got a status that is not documented",
    "reached": "every documented status was got by a test",
}
for k, name in names.items():
    if k in ("seen", "reached") and len(files) < 5:
        print("ok - %s # SKIP the other API tests have not run in this build" % name)
    else:
        print("%s - %s" % ("not ok" if problems[k] else "ok", name))
    if problems[k]:
        print("".join("# %s\n" % p for p in problems[k]), end="")
PY
while IFS= read -r line; do
	case $line in
	"ok -"*) n=$((n + 1)) && echo "ok $n${line#ok}" ;;
	"not ok -"*) n=$((n + 1)) failed=1 && echo "not ok $n${line#not ok}" ;;
	*) echo "$line" ;;
	esac
done <"$T/result"
finish

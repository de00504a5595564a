"""lineage_events.py SCHEMAS: runs that end in every way, alone and in chains; their events are valid against
the core schema and each facet's own (the core schema alone does not look into facets), are read by
openlineage-python into its classes and written back the same, and tell how runs hang together.

The commands are on PATH, the current folder is empty; tests/peers/lineage_events.sh sees to both.
"""

import copy
import glob
import http.server
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
import types
import typing

import attr
import jsonschema
import openlineage.client.generated as generated
import referencing
import referencing.jsonschema
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.serde import Serde

CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
wrong = []


def expect(fine, text):
    if not fine:
        wrong.append(text)
        print("WRONG  " + text[:600])


# ---- the schemas ----

SCHEMAS = {}
for path in glob.glob(sys.argv[1] + "/**/*.json", recursive=True):
    with open(path) as file:
        schema = json.load(file)
    SCHEMAS[schema["$id"]] = schema
REGISTRY = referencing.Registry().with_resources(
    (name, referencing.Resource.from_contents(schema, referencing.jsonschema.DRAFT202012))
    for name, schema in SCHEMAS.items())
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


def problems(reference, instance):
    validator = jsonschema.Draft202012Validator({"$ref": reference}, registry=REGISTRY, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]


def facets_of(event):
    """(where, key, body) of every facet of an event."""
    for where in ("run", "job"):
        for key, body in event[where].get("facets", {}).items():
            yield where, key, body
    for side in ("inputs", "outputs"):
        for dataset in event[side]:
            for group in ("facets", "inputFacets", "outputFacets"):
                for key, body in dataset.get(group, {}).items():
                    yield f"{side}.{group}", key, body


def facet_problems(key, body):
    """The body against the schema it names, and under the key that schema wants to be found at."""
    found = []
    name = body.get("_schemaURL", "")
    file = name.split("#")[0]
    if file not in SCHEMAS:
        return [f"{key} names a schema that is not there: {name}"]
    if key not in SCHEMAS[file]["properties"]:
        found.append(f"{key} is not the key of {file}")
    if "additionalProperties" in str(body.get("_deleted", "")):
        found.append("a deleted facet")
    return found + problems(name, body) + problems(file, {key: body})


# ---- openlineage-python ----

CLASSES = {}
for module in pkgutil.iter_modules(generated.__path__):
    loaded = importlib.import_module("openlineage.client.generated." + module.name)
    for name, value in vars(loaded).items():
        if isinstance(value, type) and attr.has(value) and value.__module__ == loaded.__name__:
            CLASSES[(module.name, name)] = value
            if name.endswith("Facet"):
                CLASSES[name] = value


def build(hint, value):
    """JSON into the client's classes, by their type hints."""
    if attr.has(hint):
        hints = typing.get_type_hints(hint, {**vars(typing), **vars(sys.modules[hint.__module__])})
        known = {field.alias: build(hints[field.name], value[field.name])
                 for field in attr.fields(hint) if field.init and field.name in value}
        extra = set(value) - {field.name for field in attr.fields(hint)}
        if extra:
            raise TypeError(f"{hint.__name__} has no {sorted(extra)}")
        return hint(**known)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return build(next(a for a in arguments if a is not type(None)), value)
    if origin is list:
        return [build(arguments[0], item) for item in value]
    if origin is dict:
        return {key: build(arguments[1], item) for key, item in value.items()}
    return value


def read_facets(facets):
    return {key: build(CLASSES[body["_schemaURL"].rsplit("/", 1)[1]], body) for key, body in facets.items()}


def read_event(event):
    return RunEvent(
        eventType=RunState[event["eventType"]], eventTime=event["eventTime"], producer=event["producer"],
        run=Run(runId=event["run"]["runId"], facets=read_facets(event["run"]["facets"])),
        job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"],
                facets=read_facets(event["job"]["facets"])),
        inputs=[InputDataset(namespace=d["namespace"], name=d["name"], facets=read_facets(d["facets"]),
                             inputFacets=read_facets(d.get("inputFacets", {}))) for d in event["inputs"]],
        outputs=[OutputDataset(namespace=d["namespace"], name=d["name"], facets=read_facets(d["facets"]),
                               outputFacets=read_facets(d.get("outputFacets", {}))) for d in event["outputs"]])


def without_empty(value):
    """Comparable: the client writes empty lists, and the version of the schema it was made from."""
    if isinstance(value, dict):
        if "_schemaURL" in value:
            value = {**value, "_schemaURL": value["_schemaURL"].rsplit("/", 1)[1]}
        return {k: without_empty(v) for k, v in value.items() if v not in (None, {}, [])}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


def difference(one, two, place="$"):
    """The first place where two documents differ."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted(one.keys() | two.keys()):
            if one.get(key) != two.get(key):
                return difference(one.get(key), two.get(key), f"{place}.{key}")
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for i, (a, b) in enumerate(zip(one, two)):
            if a != b:
                return difference(a, b, f"{place}[{i}]")
    return f"{place}: {json.dumps(one)} and {json.dumps(two)}"


# ---- all that is asked of an event ----

seen_facets = set()
count = 0


def hold(event, name):
    global count
    count += 1
    for problem in problems(CORE + "#/$defs/RunEvent", event):
        expect(False, f"{name}: {problem}")
    for where, key, body in facets_of(event):
        seen_facets.add(f"{where.split('.')[-1]}.{key}")
        for problem in facet_problems(key, body):
            expect(False, f"{name}: {where}.{key}: {problem}")
    try:
        back = json.loads(Serde.to_json(read_event(event)))
        expect(without_empty(back) == without_empty(event), f"{name}: the client gives back another event: "
               + difference(without_empty(back), without_empty(event)))
    except Exception as error:  # whatever the client refuses it for
        expect(False, f"{name}: openlineage-python: {error!r}")


def control(event):
    """The schemas are really looked at: what is broken is found."""
    breakages = [
        lambda e: e.pop("eventTime"),
        lambda e: e["run"].update(runId="7"),
        lambda e: e["outputs"][0]["facets"]["schema"]["fields"][0].pop("name"),
        lambda e: e["outputs"][0]["facets"]["columnLineage"].pop("fields"),
        lambda e: e["outputs"][0]["outputFacets"]["outputStatistics"].update(rowCount="many"),
        lambda e: e["inputs"][0]["inputFacets"]["dataQualityMetrics"].pop("columnMetrics"),
        lambda e: e["run"]["facets"]["processing_engine"].pop("version"),
        lambda e: e["run"]["facets"]["processing_engine"].update(_schemaURL="https://x/y.json"),
    ]
    for i, breakage in enumerate(breakages):
        broken = copy.deepcopy(event)
        breakage(broken)
        found = problems(CORE + "#/$defs/RunEvent", broken)
        for _, key, body in facets_of(broken):
            found += facet_problems(key, body)
        expect(found, f"breakage {i} is not noticed")


# ---- running ----

def run(*words, codes=(0,), **more):
    done = subprocess.run(words, capture_output=True, text=True, **more)
    expect(done.returncode in codes, f"{' '.join(words)}: exit {done.returncode}: {done.stderr}")
    return done


def shell(line, codes=(0,)):
    return run("bash", "-c", line, codes=codes)


def events(path, types=None):
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    os.remove(path)
    if types is not None:
        expect([e["eventType"] for e in lines] == types, f"{path}: {[e['eventType'] for e in lines]}, expected {types}")
    for event in lines:
        hold(event, f"{path}: {event['job']['name']} {event['eventType']}")
    return lines


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


write("people.csv", "id,name,email,age\n" + "".join(
    f"{i},Person {i},p{i}@example.org,{20 + i % 50 if i % 7 else ''}\n" for i in range(1, 200)) + "x,y\n")
write("contract.yaml", "columns:\n  id: {type: int64}\n  name: {type: utf8}\n"
      "  email: {type: utf8, personal: true}\n  age: {type: int64}\n")
write("recipe.yaml", """tamis: 1
steps:
  - validate: {rules: [{column: age, between: [0, 60], on_fail: reject}, {column: id, unique: true}]}
  - impute: {columns: [age], method: median, indicator: true}
  - mask: {columns: [name, email]}
""")
write("strict.yaml", "tamis: 1\nsteps:\n  - validate: {rules: [{column: age, between: [0, 30], severity: error}]}\n")
write("view.yaml", "view: person\nentity: [id]\n")
write("gate.yaml", "rows: {min: 10}\n")

# 1. a good run
started = time.time()
run("tamis-ingest", "people.csv", "--contract", "contract.yaml", "--into", "raw/person", "--emit", "good")
begin, end = events("good", ["START", "COMPLETE"])
expect(begin["run"]["runId"] == end["run"]["runId"], "one run has one id")
expect(end["inputs"][0]["facets"]["dataSource"]["uri"] == "file://" + os.getcwd() + "/people.csv", "the source's place")
expect(end["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 200, "records of the source")
output = end["outputs"][0]
expect(output["name"] == "raw/person" and output["facets"]["version"]["datasetVersion"] == "1", "the version")
expect([tag["field"] for tag in output["facets"]["tags"]["tags"]] == ["email"], "personal columns are tagged")
expect(output["outputFacets"]["outputStatistics"]["rowCount"] == 199, "rows of the version")
metrics = output["facets"]["dataQualityMetrics"]["columnMetrics"]
expect(metrics["age"]["nullCount"] == 199 // 7 and metrics["id"]["max"] == 199, f"column metrics: {metrics}")
expect("min" not in metrics["email"], "no range of personal data")
control(end)

# 2. cleaned: assertions, masked columns, indirect edges; the run it follows
run("tamis-clean", "tamis:raw/person", "--recipe", "recipe.yaml", "--into", "clean/person", "--emit", "cleaned")
_, cleaned = events("cleaned", ["START", "COMPLETE"])
upstream = cleaned["run"]["facets"]["jobDependencies"]["upstream"]
expect([u["run"]["runId"] for u in upstream] == [end["run"]["runId"]], "it names the run it follows")
expect(upstream[0]["job"]["name"] == "ingest raw/person", "and its job")
fields = cleaned["outputs"][0]["facets"]["columnLineage"]["fields"]
hops = {(name, f["field"], t["type"], t["masking"]) for name, field in fields.items()
        for f in field["inputFields"] for t in f["transformations"]}
expect(("email", "email", "DIRECT", True) in hops, f"what was masked: {hops}")
expect(any(kind == "INDIRECT" for _, _, kind, _ in hops), "INDIRECT edges")
assertions = cleaned["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
expect({(a["column"], a["success"]) for a in assertions} == {("age", True), ("id", True)}, f"assertions: {assertions}")

# 3. failed checks, failed, aborted
run("tamis-clean", "tamis:raw/person", "--recipe", "strict.yaml", "--into", "clean/strict", "--emit", "failed", codes=(3,))
_, failed = events("failed", ["START", "FAIL"])
expect("between" in failed["run"]["facets"]["errorMessage"]["message"], "why it failed")
expect(any(not a["success"] for a in failed["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]),
       "the assertion that failed")
write("broken.arrow", "no arrow")
run("tamis-clean", "broken.arrow", "-m", "text", "--no-store", "--emit", "failed", codes=(1,))
events("failed", ["START", "FAIL"])
os.mkfifo("endless")
process = subprocess.Popen(["tamis-ingest", "endless", "--format", "csv", "--no-store", "-o", "never.arrow",
                            "--emit", "aborted"], stderr=subprocess.DEVNULL)
feeding = os.open("endless", os.O_WRONLY)
os.write(feeding, b"a,b\n1,2\n")
while not os.path.exists("aborted"):
    time.sleep(0.05)
time.sleep(0.3)
process.send_signal(signal.SIGTERM)
expect(process.wait(30) == 143, "exit 143")
os.close(feeding)
_, aborted = events("aborted", ["START", "ABORT"])
expect("terminated" in aborted["run"]["facets"]["errorMessage"]["message"], "why it was aborted")

# 4. chains of three: through pipes without a store, through pipes with one, through versions
os.environ["OPENLINEAGE_PARENT_ID"] = "airflow/night.features/0190c3a0-0000-7000-8000-00000000000a"
os.environ["OPENLINEAGE_NAMESPACE"] = "nightly"
for store in ("--no-store", "--store=piped"):
    if store != "--no-store":
        run("tamis-ingest", "-q", "people.csv", "--into", "raw/x", store)
    shell(f"set -o pipefail; tamis-ingest -q people.csv {store} --emit chain"
          f" | tamis-clean -q --recipe recipe.yaml {store} --emit chain"
          f" | tamis-features export - {store} --format csv -o people_{len(store)}.csv --emit chain")
    chain = events("chain")
    expect(sorted(e["eventType"] for e in chain) == ["COMPLETE"] * 3 + ["START"] * 3, "three runs began and ended")
    ends = {e["job"]["name"].split()[0]: e for e in chain if e["eventType"] == "COMPLETE"}
    expect(set(ends) == {"ingest", "clean", "features"}, f"the jobs: {set(ends)}")
    for earlier, later in (("ingest", "clean"), ("clean", "features")):
        made = {(d["namespace"], d["name"]) for d in ends[earlier]["outputs"]}
        read = {(d["namespace"], d["name"]) for d in ends[later]["inputs"]}
        expect(made & read, f"{store}: {later} reads what {earlier} made: {read}, {made}")
        expect(("tamis", "stream:" + ends[earlier]["run"]["runId"]) in read, "which is named after the run")
        schemas = [[f["name"] for f in d["facets"]["schema"]["fields"]]
                   for d in (ends[earlier]["outputs"][0], ends[later]["inputs"][0])]
        expect(schemas[0] == schemas[1], f"both ends of the pipe have the same columns: {schemas}")
        if store != "--no-store":
            known = ends[later]["run"]["facets"]["jobDependencies"]["upstream"]
            expect([u["run"]["runId"] for u in known] == [ends[earlier]["run"]["runId"]], "and it names the run")
    for event in chain:
        parent = event["run"]["facets"]["parent"]
        expect(parent["run"]["runId"] == "0190c3a0-0000-7000-8000-00000000000a", "the parent's run")
        expect(parent["job"] == {"namespace": "airflow", "name": "night.features"}, "the parent's job")
        expect(event["job"]["namespace"] == "nightly", "the namespace of jobs")
    counts = [ends[job]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] for job in ("ingest", "clean")]
    expect(counts[0] == 199 and 0 < counts[1] < 199, f"rows in the pipes: {counts}")
    nulls = ends["clean"]["inputs"][0]["inputFacets"]["dataQualityMetrics"]["columnMetrics"]["age"]["nullCount"]
    expect(nulls == 199 // 7, f"nulls in the pipe: {nulls}")
del os.environ["OPENLINEAGE_PARENT_ID"], os.environ["OPENLINEAGE_NAMESPACE"]

# 5. the rest: views, a gate, a job of somebody else, a join of two inputs
run("tamis-features", "define", "view.yaml", "--emit", "rest")
run("tamis-features", "put", "person", "tamis:clean/person", "--emit", "rest")
run("tamis-features", "promote", "person", "prod", "--gate", "gate.yaml", "--emit", "rest")
run("tamis-features", "get", "person@prod", "-o", "person.arrow", "--emit", "rest")
run("tamis-features", "tag", "person", "old=1", "--emit", "rest")
run("tamis-features", "lineage", "record", "--job", "train", "--input", "person@1", "--output", "model:m",
    "--metric", "auc=0.9", "--emit", "rest")
rest = events("rest")
by_job = {e["job"]["name"]: e for e in rest if e["eventType"] == "COMPLETE"}
expect(len(rest) == 2 * len(by_job) == 12, f"six more runs: {sorted(by_job)}")
gate = by_job["features promote person"]["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
expect([a["success"] for a in gate] == [True], f"the gate: {gate}")
expect(by_job["train"]["outputs"][0]["facets"]["datasetType"]["datasetType"] == "MODEL", "the model")

# 6. posted: the same event, with the token, once each
got = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        got.append((self.path, self.headers["Content-Type"], self.headers["Authorization"], json.loads(body)))
        self.send_response(201 if self.path == "/api/v1/lineage" else 500)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
run("tamis-ingest", "-q", "people.csv", "--no-store", "-o", "x.arrow", "--emit", address + "/api/v1/lineage",
    env={**os.environ, "OPENLINEAGE_API_KEY": "token-1"})
expect([e["eventType"] for *_, e in got] == ["START", "COMPLETE"], f"posted: {[g[0] for g in got]}")
for path, kind, token, event in got:
    expect((path, kind, token) == ("/api/v1/lineage", "application/json", "Bearer token-1"), f"{path} {kind} {token}")
    hold(event, "posted")
done = run("tamis-ingest", "-q", "people.csv", "--no-store", "-o", "y.arrow", "--emit",
           address.replace("//", "//me:secret@") + "/wrong?key=secret")
expect("answers with status 500" in done.stderr and "secret" not in done.stderr, f"a refusal is said: {done.stderr}")
with open("x.arrow", "rb") as one, open("y.arrow", "rb") as two:
    expect(len(one.read()) == len(two.read()), "the data is the same")
server.shutdown()


# A receiver that takes the connection and says nothing costs a few seconds, not the night.
class Silent(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        time.sleep(30)


silent = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
silent.daemon_threads = True
threading.Thread(target=silent.serve_forever, daemon=True).start()
began = time.time()
run("tamis-ingest", "-q", "people.csv", "--no-store", "-o", "z.arrow", "--emit", f"http://127.0.0.1:{silent.server_port}/")
expect(time.time() - began < 15, f"it waited {time.time() - began:.1f} s")

# 7. afterwards, from the catalog: valid too, and the same as what was told
written = run("tamis-features", "lineage", "tamis:raw/person@1", "--format", "openlineage").stdout
write("catalog", written)
from_catalog = {(e["run"]["runId"], e["eventType"]): e for e in events("catalog")}
for told in (end, cleaned, failed, by_job["train"], by_job["features put person"]):
    key = (told["run"]["runId"], told["eventType"])
    expect(without_empty(from_catalog.get(key)) == without_empty(told), f"{key}: told and read differ")

needed = {"run.processing_engine", "run.parent", "run.jobDependencies", "run.executionParameters", "run.errorMessage",
          "job.jobType", "facets.schema", "facets.columnLineage", "facets.dataSource", "facets.version", "facets.tags",
          "facets.datasetType", "facets.dataQualityMetrics", "inputFacets.dataQualityMetrics",
          "inputFacets.dataQualityAssertions", "inputFacets.inputStatistics", "outputFacets.outputStatistics"}
expect(needed <= seen_facets, f"facets never seen: {needed - seen_facets}")
print(f"{count} events with {len(seen_facets)} kinds of facets held against {len(SCHEMAS)} schemas, "
      f"{time.time() - started:.0f} s; {len(wrong)} wrong")
sys.exit(1 if wrong else 0)

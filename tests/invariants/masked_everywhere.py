#!/usr/bin/env python3
"""Section 7 of the contract: what mask finds is masked in all that clean writes.

    tests/invariants/masked_everywhere.py BUILD [--long] [--keep]

Plants some 280 identifiers (canaries.py) in valid cells, rejected rows, merged duplicates, dropped outliers,
labels, failing checks, cells that other steps change and learn from, and numbers, beside pictures; runs all
twelve modules over them with mask behind and in front of the others, with every output there is, in every form
of logging, into every kind of failure, in shards, and killed half way; reads the results through
tamis-features; and looks for each identifier, and for mask's key, in every byte that was written: output,
store, catalog with its journal, audit, rejects, checks, reports, states, metrics, events, logs, what killed runs
left behind, arguments and environment of commands that run and of their workers. Raw data is outside of that promise and lies elsewhere.
--long: more kills, more orders of steps, methods and formats.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import canaries

build = os.path.abspath(sys.argv[1])
long = "--long" in sys.argv
work = tempfile.mkdtemp(prefix="tamis-invariant-")
out, outside, temporary = (os.path.join(work, name) for name in ("out", "outside", "tmp"))
raw, staff, key_file = (os.path.join(outside, name) for name in ("raw.arrow", "staff.txt", "key"))
search = canaries.Search()
broken = ran = processes = 0
left = set()  # by killed runs, beside the catalog


def tool(name):
    return os.path.join(build, name.split("-")[1], name)


def check(text, holds):
    global broken
    print(("ok      " if holds else "BROKEN  ") + text)
    broken += not holds


# ---- the recipes ----

LOOK = "  - images: {checks: [blank, dark], on_issue: %s}\n"
CLEAN = """  - text: {columns: [note, city]}
  - missing: {columns: {contact: {markers: ["n/a"]}}}
  - types: {columns: {age: int64, amount: float64}}
  - standardize: {columns: [city, contact], methods: [fingerprint]}
  - validate:
      rules:
        - {column: code, length: [0, 3], on_fail: reject}
        - {column: contact, matches: "^nobody", severity: warning}
        - {column: contact, most_common: [a, b], severity: warning}
        - {column: note, unique: true, severity: warning}
        - {column: contact, in: [x, y], mostly: 0.1, severity: warning}
  - deduplicate: {method: key, columns: [id], survivor: most-complete, fill: true}
  - outliers: {columns: [amount], method: mad, action: drop}
  - impute: {columns: [contact, card_number], method: mode, indicator: true}
  - labels: {label: label, columns: [amount], detectors: [softmax], folds: 2, action: %s}
  - normalize: {columns: [badge], method: ordinal, unknown: reject}
  - normalize: {columns: [amount], method: robust}
"""
TENSORS = "  - normalize: {pictures: image, size: [8, 8], dtype: uint8, keep_pictures: false}\n"
MASK = "  - mask: {kinds: [all], person_lists: [STAFF], ACTION}\n"
ACTIONS = {"redact": "action: redact", "pseudonym": "action: pseudonym, key_file: KEY",
           "null": "on_fail: 'null'", "format": "action: format, key_file: KEY"}


def recipe(name, steps, action):
    path = os.path.join(outside, name + ".yaml")
    with open(path, "w") as file:
        file.write("tamis: 1\nsteps:\n" + steps.replace("ACTION", ACTIONS[action]).replace("STAFF", staff)
                   .replace("KEY", key_file))
    return path


def recipes():
    """{name: file}: mask behind all others, in front of them, and in the middle."""
    made = {"behind": recipe("behind", LOOK % "flag" + CLEAN % "flag" + TENSORS + MASK, "redact"),
            "front": recipe("front", MASK + LOOK % "reject" + CLEAN % "relabel" + TENSORS, "pseudonym")}
    middle = (CLEAN % "drop").replace("  - deduplicate", MASK + "  - deduplicate")
    for action in ACTIONS if long else []:
        made["middle-" + action] = recipe("middle-" + action, LOOK % "reject" + middle + TENSORS, action)
        made["behind-" + action] = recipe("behind-" + action, LOOK % "flag" + CLEAN % "relabel" + MASK, action)
    return made


# ---- running ----

environment = {"PATH": os.environ["PATH"], "TZ": "UTC"}


def run(name, what, *arguments, wanted=(0,), data=None):
    """Runs a command; what it says is looked through like everything else."""
    global ran
    ran += 1
    with open(os.path.join(out, name + ".log"), "wb") as log, \
            open(os.path.join(out, name + ".out"), "wb") as said:
        code = subprocess.run([tool(what), *arguments], stdin=data or subprocess.DEVNULL, stdout=said, stderr=log,
                              cwd=out, env=dict(environment, TMPDIR=temporary), check=False).returncode
    if code not in wanted:
        check(f"exit {code}: {name}", False)
        print(open(os.path.join(out, name + ".log"), errors="replace").read())
    return code


def clean(name, *arguments, **more):
    return run(name, "tamis-clean", *arguments, **more)


def every_output(name, file):
    """One run with all that can be written, committed, and the state applied again."""
    clean(name, raw, "--recipe", file, "--store", "store", "--into", "clean/" + name, "-o", name + ".arrow",
          "--rejects", name + "-rejects.arrow", "--audit", "cells", "--checks", name + ".json", "--save-state",
          name + ".state", "--report", name + ".html", "--emit", name + "-events.jsonl", "--metrics-file",
          name + ".prom", "--log-format", "json", "--progress", "always")
    clean(name + "-plain", raw, "--recipe", file, "--no-store", "--checks", name + ".xml", "--audit", "cells",
          "--audit-file", name + "-audit.arrow", "--memory", "64M", "--compression", "none", "--report",
          name + "-report.json")
    clean(name + "-state", raw, "--state", name + ".state", "--no-store", "-o", name + "-again.arrow",
          wanted=(0, 1, 2, 3))


def every_way_back():
    """Masking that leaves null slots or rejects rows, and commands that undo steps."""
    for way in ("null", "reject"):
        steps = ["-m", "deduplicate method=key columns=[id]", "-m",
                 f"mask columns=[note, card_number, contact, label, badge, city, age, code] kinds=[all] "
                 f"person_lists=[{staff}] on_fail={way}"]
        clean("cells-" + way, raw, *steps, "--no-store", "--compression", "none", "-o", f"cells-{way}.arrow",
              "--rejects", f"cells-{way}-rejects.arrow", "--audit", "cells", "--audit-file",
              f"cells-{way}-audit.arrow")
    for name in ("behind", "front"):
        for module in ("impute", "standardize", "mask"):
            clean(f"revert-{name}-{module}", "revert", name + ".arrow", "--audit", name + "-audit.arrow", "--module",
                  module, "--no-store", "-o", f"reverted-{name}-{module}.arrow", wanted=(0, 1, 2))
        clean("inverse-" + name, "inverse", name + ".arrow", "--state", name + ".state", "--some", "--no-store", "-o",
              f"inverse-{name}.arrow", wanted=(0, 1, 2))


def every_log(name, file):
    """Every form in which a command talks."""
    for form, options in {"quiet": ["-q"], "explain": ["--explain"], "json": ["--json", "-o", name + "-json.arrow"],
                          "json-log": ["--log-format", "json", "-q"], "progress": ["--progress", "always"]}.items():
        clean(f"{name}-{form}", raw, "--recipe", file, "--no-store", *options)


def every_failure(name, file):
    """Data that fails, steps that cannot, input and output that break."""
    clean(name + "-rejects", raw, "--recipe", file, "--store", "store", "--into", "clean/failed", "--max-rejects",
          "0", "--rejects", name + "-too-many.arrow", "--emit", name + "-failed.jsonl", "--metrics-file",
          name + "-failed.prom", wanted=(3,))
    last = ["--recipe", file, "--no-store", "-o", name + "-failed.arrow", "-m"]
    steps = {
        "check": (3, "validate rules=[{column: id, between: [0, 1], severity: error}, {column: contact, matches: '^nobody', severity: error}, {column: label, "
                     "in: [x], severity: error}, {column: note, unique: true, severity: error}]"),
        "unfit": (0, "types columns={note: int64, contact: date} on_fail=flag"),
        "unfit-all": (0, "types columns={note: int64} on_fail=reject"),
        "cannot": (1, "validate columns=[note] save_profile=none/such.json"),
        "text": (2, "impute columns=[note] method=median"),
        "small": (3, "mask quasi=[city, label] k=100000 small=fail"),
        "unknown": (2, "impute columns=[contact] method=nothing"),
    }
    for what, (code, step) in steps.items():
        clean(f"{name}-{what}", raw, *last, step, "--checks", f"{name}-{what}.json", "--rejects",
              f"{name}-{what}.rejects.arrow", "--report", f"{name}-{what}.html", wanted=(code,))
    content = open(raw, "rb").read()
    torn = os.path.join(outside, "torn.arrow")
    with open(torn, "wb") as file_torn:
        file_torn.write(content[:len(content) * 2 // 3])
    with open(torn, "rb") as half:
        clean(name + "-torn", "--recipe", file, "--store", "store", "--into", "clean/torn", data=half, wanted=(1,))
    for what in ("--save-state", "--checks", "--report", "-o"):  # at the end, when all rows were there
        clean(name + "-nowhere" + what, raw, "--recipe", file, "--no-store", *(["-o", name + "-nowhere.arrow"]
              if what != "-o" else []), what, "none/such/file.json", wanted=(1, 2))
    clean(name + "-full", raw, "--recipe", file, "--no-store", "-o", "/dev/full", wanted=(1, 2))
    with open(os.path.join(outside, "changed.state"), "wb") as changed:
        changed.write(open(os.path.join(out, name + ".state"), "rb").read().replace(b"mask", b"mosk", 1))
    clean(name + "-changed", raw, "--state", changed.name, "--no-store", wanted=(1, 2))


def shards(name, file, states):
    """Fit, merge and apply. States of rounds in front of mask hold rows, and are told to be kept as the data."""
    merged, given, number, complete = None, ["--recipe", file], 1, False
    while not complete and number < 30:
        fitted = os.path.join(states, f"{name}-{number}.state")
        clean(f"{name}-fit-{number}", "fit", raw, *given, "--shard", "1/1", "--round", str(number), "-o", fitted)
        after = os.path.join(states, f"{name}-merged-{number}.state")
        clean(f"{name}-merge-{number}", "merge", fitted, *(["--state", merged] if merged else []), "--notes", "-o",
              after, "--json")
        complete = json.load(open(os.path.join(out, f"{name}-merge-{number}.out")))["complete"]
        merged, given, number = after, ["--state", after], number + 1
    clean(name + "-apply", "apply", raw, "--state", merged, "--shard", "1/1", "-o", name + "-shard.arrow",
          "--rejects", name + "-shard-rejects.arrow", "--audit", "cells", "--audit-file",
          name + "-shard-audit.arrow", "--store", "shards")
    clean(name + "-verdict", "merge", name + "-shard.arrow.done", "--state", merged, "--checks",
          name + "-shard.json", "--json", wanted=(0, 3))


# ---- processes that are looked at, and killed ----

def family(process):
    """The process and all below it."""
    below = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as stat:
                below.setdefault(int(stat.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        except OSError:
            pass
    found = [process]
    for one in found:
        found += below.get(one, [])
    return found


def look_at(process):
    """Arguments and environment of a command and its children go to what is searched."""
    global processes
    for one in family(process):
        for what in ("cmdline", "environ", "comm"):
            try:
                with open(f"/proc/{one}/{what}", "rb") as file:
                    search.add(f"{what} of process {one} of {process}", file.read())
                    processes += what == "cmdline"
            except OSError:
                pass  # it is no more


def wait_for(path, process):
    """Until the file is there, or the process is no more."""
    while not os.path.exists(path) and process.poll() is None:
        pass


def killed(name, file, share, wait):
    """A run that got a share of its input, and is killed some time after, or when a file is there."""
    global ran
    ran += 1
    content = open(raw + "s", "rb").read()
    with open(os.path.join(out, name + ".log"), "wb") as log:
        run_of = subprocess.Popen([tool("tamis-clean"), "--recipe", file, "--store", "store", "--into",
                                   "clean/" + name, "-o", name + ".arrow", "--rejects", name + "-rejects.arrow",
                                   "--audit", "cells", "--report", name + ".html", "--save-state", name + ".state",
                                   "--emit", name + ".jsonl", "--memory", "64M", "--progress", "always"],
                                  stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=out, start_new_session=True,
                                  env=dict(environment, TMPDIR=temporary))
    try:
        run_of.stdin.write(content[:int(len(content) * share)])
        run_of.stdin.flush()
        if share >= 1:
            run_of.stdin.close()
    except BrokenPipeError:
        pass
    if isinstance(wait, str):
        wait_for(os.path.join(out, name + ".arrow"), run_of)  # its rows are told to the catalog then
        wait_for(os.path.join(out, wait), run_of)
    else:
        time.sleep(wait)
        look_at(run_of.pid)
    run_of.kill()
    code = run_of.wait()
    left.update(entry for entry in os.listdir(os.path.join(out, "store")) if "-" in entry)
    if share < 1:
        run_of.stdin.close()
    for folder, _, names in os.walk(os.path.join(out, "store")):  # as it was left: the next run folds journals in
        for entry in names:
            if folder.endswith("store") or ".part" in entry:
                search.add_file(os.path.join(folder, entry))
    return code == -signal.SIGKILL


def kills(files):
    plan = [(name, share, wait) for name in files for share, wait in
            ([(s, w / 100) for s in (0.3, 0.7, 1) for w in (2, 8, 15, 30, 50, 80)] if long else
             [(0.6, 0.15), (1, 0.1), (1, "store/catalog.db-journal")])]
    hit = sum(killed(f"killed-{i}", files[name], share, wait) for i, (name, share, wait) in enumerate(plan))
    check(f"{hit} of {len(plan)} runs were killed, {len(left)} kind of journal was left", hit >= len(plan) // 3)


# ---- what reads it ----

def features(names):
    view = os.path.join(outside, "person.yaml")
    with open(view, "w") as file:
        file.write("view: person\nentity: [id]\n")
    run("define", "tamis-features", "define", view, "--store", "store")
    for name in names:
        run(f"put-{name}", "tamis-features", "put", "person", "tamis:clean/" + name, "--store", "store", "--emit",
            "put.jsonl", "--metrics-file", "put.prom", wanted=(0, 1, 2))
        run(f"cat-{name}", "tamis-features", "cat", name + ".arrow", "--format", "csv")
        run(f"page-{name}", "tamis-features", "report", "clean/" + name, "--store", "store", "-o",
            f"page-{name}.html")
    run("twice", "tamis-features", "put", "twice", "front.arrow", "--store", "store", wanted=(1, 2))
    for form in ("svg", "html", "dot", "json", "openlineage"):
        run("lineage-" + form, "tamis-features", "lineage", "clean/front", "--columns", "--store", "store",
            "--format", form)
    for name, command in {"log": ["log", "person"], "diff": ["diff", "clean/behind", "clean/front", "--stats"],
                          "lookup": ["lookup", "person", "5", "7"], "verify": ["verify"],
                          "parquet": ["export", "behind.arrow", "--columns", "note,contact,label", "-o",
                                      "behind.parquet"]}.items():
        run(name, "tamis-features", *command, "--store", "store", wanted=(0, 1, 2))


# ---- all of it ----

def prepare():
    for folder in (out, outside, temporary):
        os.mkdir(folder)
    source = os.path.join(outside, "people.db")
    canaries.plant(source, 1500 if long else 450)
    with open(staff, "w") as file:
        file.writelines(value + "\n" for value in canaries.planted["person"])
    with open(os.open(key_file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(canaries.key)
    for path in (raw, raw + "s"):
        subprocess.run([tool("tamis-ingest"), "-q", "--no-store", source, "--table", "people", "-o", path], check=True)
    check(f"{canaries.count} identifiers are planted, at least 200", canaries.count >= 200)
    control = canaries.Search()
    control.add_file(raw)
    hits = set().union(*control.leaks().values())
    check("and found in the raw data by the same search", all(value.lower() in hits for value in canaries.texts) and
          all(f"{value} as an integer" in hits for value in canaries.planted["number"]))


def judge():
    for folder in (out, temporary):
        search.add_folder(folder)
    whole = b"\n".join(content for _, content in search.stacks)
    check(f"{ran} runs, {processes} processes, {search.files} files with {search.size:,} bytes, "
          f"{search.total():,} different bytes with frames opened", search.size > 1 << 20)
    check("what was found is masked there", whole.count(b"[EMAIL]") > 1000 and whole.count(b"EMAIL_") > 1000)
    log = open(os.path.join(out, "behind.log")).read()
    check("rows were rejected, dropped and merged",
          all(f" {word}" in log and f" 0 {word}" not in log for word in ("rejected", "dropped", "merged")))
    leaks = search.leaks()
    for path, values in sorted(leaks.items()):
        print(f"        {os.path.relpath(path, work)}: {len(values)} identifiers, such as {sorted(values)[0]}")
    check("no identifier is in any of it", not leaks)
    check("nor is the key", not search.found(set(canaries.writings(canaries.key))))


def main():
    prepare()
    files = recipes()
    with ThreadPoolExecutor(4) as pool:
        outputs = [pool.submit(every_output, *item) for item in files.items()]
        others = [pool.submit(shards, name, file, out if name == "front" else outside)
                  for name, file in files.items()] + [pool.submit(every_log, *item) for item in files.items()]
        for done in outputs:
            done.result()
        others += [pool.submit(every_failure, *item) for item in files.items()] + [pool.submit(every_way_back)]
        for done in others:
            done.result()
    kills({name: files[name] for name in ("behind", "front")})
    features(files)
    judge()
    if not broken:
        print("all of it holds")


try:
    main()
finally:
    if "--keep" not in sys.argv:
        shutil.rmtree(work, True)
    else:
        print(work)
sys.exit(broken > 0)

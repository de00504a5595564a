#!/usr/bin/env python3
"""What shards cost: bytes of states and time of merges against rows and shards.

    tests/bench/shards.py BUILD [ROWS...]

For each number of rows and shards: CPU seconds of one run over all rows, of the longest fit and
apply of a shard over all rounds, of all merges; bytes of all states of fits and of the last merged
state; per row. CPU seconds, because other programs share the machine.
"""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

build = os.path.abspath(sys.argv[1])
sizes = [int(word) for word in sys.argv[2:]] or [262144, 1048576]
RECIPES = {
    "types, impute, normalize": ["types", "impute columns=[x] method=mean", "normalize columns=[y] method=standard"],
    "deduplicate key": ["deduplicate method=key columns=[note]"],
    "deduplicate minhash": ["deduplicate method=minhash columns=[text]"],
    "outliers forest": ["outliers columns=[x,y] method=forest"],
}
work = tempfile.mkdtemp(prefix="tamis-shards-")


said = b""


def run(*command):
    """CPU seconds."""
    global said
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = os.path.join(build, command[0].split("-")[1], command[0])
    said = subprocess.run([program, *map(str, command[1:])], check=True, cwd=work, stdout=subprocess.PIPE).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def size(*names):
    return sum(os.path.getsize(os.path.join(work, name)) for name in names)


def write(rows):
    words = "red blue green small large old new fast slow steel wood glass paper stone iron".split()
    with open(os.path.join(work, "t.csv"), "w") as file:
        print("id,x,y,note,text", file=file)
        for i in range(rows):
            k = (i * 2654435761) % (rows - rows // 50)
            text = " ".join(words[(k >> s) % 15] for s in (0, 3, 5, 7, 11, 13, 15, 17))
            print(i, "" if k % 9 == 0 else k % 1000 / 8, (k * 7919) % 10007 / 16, f"note {k}", text, sep=",", file=file)


def measure(recipe, parts):
    count, merged, number = len(parts), None, 1
    steps = [word for line in recipe for word in ("-m", line)]
    longest, merging, states = 0, 0, 0
    for number in (1, 2, 3, 4):
        given = ["--state", merged] if merged else steps
        names = [f"s{number}.{i}" for i in range(count)]
        longest += max(run("tamis-clean", "fit", "-q", part, *given, "--shard", f"{i + 1}/{count}", "--round", number,
                           "--threads", 1, "-o", names[i]) for i, part in enumerate(parts))
        states += size(*names)
        previous, merged = (["--state", merged] if merged else []), f"m{number}"
        merging += run("tamis-clean", "merge", "-q", *names, *previous, "-o", merged, "--json")
        if json.loads(said)["complete"]:
            break
    applying = max(run("tamis-clean", "apply", "-q", part, "--state", merged, "--shard", f"{i + 1}/{count}",
                       "--no-store", "--threads", 1, "-o", f"o{i}.arrow") for i, part in enumerate(parts))
    return number, longest, merging, applying, states, size(merged)


try:
    print(f"{'recipe':26} {'rows':>8} {'shards':>6} {'rounds':>6} {'one run':>8} {'fit':>7} {'merge':>7} {'apply':>7}"
          f" {'states':>11} {'B/row':>6} {'merged':>11} {'B/row':>6}")
    for rows in sizes:
        write(rows)
        run("tamis-ingest", "-q", "--no-store", "t.csv", "-o", "whole.arrow")
        for name, recipe in RECIPES.items():
            whole = run("tamis-clean", "-q", "whole.arrow", "--no-store", "--threads", 1, "-o", "o.arrow",
                        *[word for line in recipe for word in ("-m", line)])
            for count in (1, 4, 16):
                run("tamis-ingest", "plan", "t.csv", "--shards", count, "-o", "plan")
                parts = [f"p{i}.arrow" for i in range(count)]
                for i, part in enumerate(parts):
                    run("tamis-ingest", "-q", "--no-store", "t.csv", "--plan", "plan", "--shard", f"{i + 1}/{count}",
                        "-o", part)
                rounds, fit, merge, apply, states, merged = measure(recipe, parts)
                print(f"{name:26} {rows:8} {count:6} {rounds:6} {whole:8.2f} {fit:7.2f} {merge:7.2f} {apply:7.2f}"
                      f" {states:11} {states / rows:6.1f} {merged:11} {merged / rows:6.1f}", flush=True)
                for entry in os.listdir(work):
                    if entry not in ("t.csv", "whole.arrow"):
                        os.unlink(os.path.join(work, entry))
finally:
    shutil.rmtree(work, ignore_errors=True)

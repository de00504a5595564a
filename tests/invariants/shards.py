#!/usr/bin/env python3
"""Sections 7 and 8 of the contract: a recipe over shards gives the bytes of one run over all rows.

    tests/invariants/shards.py BUILD [--shards 1,16] [WORD...]

Each case is a recipe. It is run over the whole, then over 3 shards (some over 1, 3 and 16; --shards says
otherwise for all) in rounds of fit and merge, shards in shuffled order, then applied to each; compared are
the values and their types, the row events, the rejects, the counts, the changed cells and the verdict.
Words choose cases.
"""
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

build = os.path.abspath(sys.argv[1])
words = sys.argv[2:]
given_counts = None
if words[:1] == ["--shards"]:
    given_counts, words = [int(count) for count in words[1].split(",")], words[2:]
work = tempfile.mkdtemp(prefix="tamis-shards-")
draw = random.Random(11)
broken = 0
WINDOW = 65536


def tool(name):
    return os.path.join(build, name.split("-")[1], name)


def run(*command, exits=(0,)):
    done = subprocess.run([tool(command[0]), *map(str, command[1:])], capture_output=True, cwd=work)
    if done.returncode not in exits:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.returncode}: {done.stderr.decode()}")
    return done


def check(text, holds):
    global broken
    print(("ok      " if holds else "BROKEN  ") + text, flush=True)
    broken += not holds


# ---- data ----

CITIES = ["Berlin", "Paris", "London", "Roma", "Wien", "BERLIN", "paris ", "Lndon", "Oslo", "Riga"]
WORDS = "red blue green small large old new fast slow steel wood glass paper stone iron gold silver".split()


def rows(count, dates):
    """Numbers with gaps, texts with variants, duplicates, classes that follow from the numbers."""
    draw.seed(11)
    kept = []
    for i in range(count):
        if kept and draw.random() < 0.02:
            row = list(draw.choice(kept))
            row[0] = i
            yield row
            continue
        kind = draw.randrange(3)
        x = draw.gauss(10 * kind, 3)
        y = draw.gauss(5 - 4 * kind, 2) if draw.random() > 0.02 else draw.gauss(0, 80)
        z = round(x * 0.5 + y + draw.gauss(0, 0.5), 3)
        label = "abc"[kind if draw.random() > 0.03 else draw.randrange(3)]
        text = " ".join(draw.choice(WORDS) for _ in range(9))
        row = [i, draw.choice(CITIES), f"{x:.3f}" if draw.random() > 0.05 else draw.choice(["", "N/A", "-999"]),
               f"{y:.3f}" if draw.random() > 0.04 else "", z, label,
               f"user{draw.randrange(count // 2)}@example.com", draw.randrange(100) if draw.random() > 0.03 else "",
               text]
        if dates:
            row.append(f"{draw.randrange(1, 29):02}.{draw.randrange(1, 13):02}.2025")
        if len(kept) < 500:
            kept.append(row)
        yield row


def write_csv(path, count, dates):
    with open(path, "w") as file:
        print("id,city,x,y,z,label,mail,n,note" + (",day" if dates else ""), file=file)
        for row in rows(count, dates):
            print(*row, sep=",", file=file)


class Data:
    """One CSV file, as a whole and in shards."""

    def __init__(self, name, count, dates=False):
        self.csv, self.whole, self.parts = f"{name}.csv", f"{name}.arrow", {}
        write_csv(os.path.join(work, self.csv), count, dates)
        run("tamis-ingest", "-q", "--no-store", self.csv, "-o", self.whole)

    def shards(self, count):
        if count not in self.parts:
            plan = f"{self.csv}.{count}.plan"
            run("tamis-ingest", "plan", self.csv, "--shards", count, "-o", plan)
            paths = [f"{self.csv}.{count}.{i}.arrow" for i in range(1, count + 1)]
            for i, path in enumerate(paths, 1):
                run("tamis-ingest", "-q", "--no-store", self.csv, "--plan", plan, "--shard", f"{i}/{count}",
                    "-o", path)
            self.parts[count] = paths
        return self.parts[count]


# ---- one run, and many ----

def steps(recipe):
    return [word for line in recipe for word in ("-m", line)]


def audit_rows(path):
    if not os.path.exists(os.path.join(work, path)):
        return []
    text = run("tamis-features", "cat", path, "--format", "csv").stdout.decode().splitlines()
    return text[1:]


class Result:
    """What is compared."""

    def __init__(self, folder, outputs, exit_code, counts):
        texts = [run("tamis-features", "cat", path, "--format", "csv", exits=(0, 3)).stdout for path in outputs]
        self.rows = hashlib.blake2b(b"".join(text if i == 0 else text[text.index(b"\n") + 1:]
                                             for i, text in enumerate(texts))).hexdigest()
        self.exit, self.counts = exit_code, counts
        catalog = sqlite3.connect(os.path.join(work, folder, "catalog.db"))
        self.events = sorted(catalog.execute(
            "SELECT e.kind, e.source, e.record, e.into_source, e.into_record, e.module, e.position, e.rule,"
            " e.column, e.value, e.threshold FROM row_events e").fetchall(), key=repr)
        self.balance = catalog.execute("SELECT count(*) FROM row_balance").fetchone()[0]
        catalog.close()


def counts_of(folder):
    catalog = sqlite3.connect(os.path.join(work, folder, "catalog.db"))
    row = catalog.execute("SELECT sum(rows_in), sum(rows_out), sum(rows_rejected), sum(rows_dropped),"
                          " sum(rows_merged) FROM runs WHERE stage = 'clean'").fetchone()
    catalog.close()
    return row


def one_run(data, recipe, name):
    folder = f"{name}.whole"
    done = run("tamis-clean", data.whole, *steps(recipe), "--store", folder, "-o", f"{name}.arrow", "--audit",
               "cells", "--audit-file", f"{name}.audit.arrow", exits=(0, 3))
    result = Result(folder, [f"{name}.arrow"], done.returncode, counts_of(folder))
    result.audit = sorted(audit_rows(f"{name}.audit.arrow"))
    return result


def each(paths, work_on):
    order = list(enumerate(paths, 1))
    draw.shuffle(order)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work_on, i, path) for i, path in order]:
            done.result()


def in_shards(data, recipe, name, count):
    paths, merged, number = data.shards(count), None, 1
    folder = f"{name}.{count}"
    explained = run("tamis-clean", "fit", paths[0], *steps(recipe), "--shard", f"1/{count}", "--explain").stdout
    complete = explained.endswith(b"rounds: 0\n")
    while not complete:
        states = [f"{name}.{count}.fit{number}.{i}" for i in range(1, count + 1)]
        state = ["--state", merged] if merged else steps(recipe)
        each(paths, lambda i, path: run("tamis-clean", "fit", "-q", path, *state, "--shard", f"{i}/{count}",
                                        "--round", number, "-o", states[i - 1]))
        merged = f"{name}.{count}.merged{number}"
        shuffled = states[:]
        draw.shuffle(shuffled)
        said = run("tamis-clean", "merge", "-q", *shuffled, *(state if number > 1 else []), "--notes", "-o", merged,
                   "--json").stdout
        complete, number = json.loads(said)["complete"], number + 1
    outputs = [f"{name}.{count}.out.{i}.arrow" for i in range(1, count + 1)]
    state = ["--state", merged] if merged else []
    given = state or steps(recipe)
    each(paths, lambda i, path: run("tamis-clean", "apply", "-q", path, *given, "--shard", f"{i}/{count}", "-o",
                                    outputs[i - 1], "--store", folder, "--audit", "cells", "--audit-file",
                                    f"{outputs[i - 1]}.audit.arrow"))
    results = [f"{path}.done" for path in outputs]
    draw.shuffle(results)
    done = run("tamis-clean", "merge", "-q", *results, *state, exits=(0, 3))
    result = Result(folder, outputs, done.returncode, counts_of(folder))
    result.audit = sorted(line for path in outputs for line in audit_rows(f"{path}.audit.arrow"))
    return result


def compare(name, data, recipe, counts):
    try:
        whole = one_run(data, recipe, name)
        for count in counts:
            parts = in_shards(data, recipe, name, count)
            different = [what for what in ("rows", "exit", "counts", "events", "balance", "audit")
                         if getattr(parts, what) != getattr(whole, what)]
            removed = sum(whole.counts[2:])
            check(f"{name}: {count} shards ({whole.counts[0]} rows, {removed} removed, {len(whole.audit)} cells"
                  f"{', fails its checks' if whole.exit else ''})"
                  + (f": other {', '.join(different)}" if different else ""), not different)
    except (RuntimeError, sqlite3.Error, ValueError) as error:
        check(f"{name}: {error}", False)
    for entry in os.listdir(work):
        if entry.startswith(f"{name}."):
            path = os.path.join(work, entry)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


THOROUGH = ["types", "exact", "median", "forest", "many"]
TYPED = ["missing", "types"]
CASES = {
    "nothing": ["text"],
    "missing": ["missing"],
    "missing-detect": ["missing detect=true"],
    "types": ["types"],
    "both": TYPED,
    "exact": ["deduplicate columns=[city,x,y,note]"],
    "key-last": ["deduplicate method=key columns=[note] survivor=last"],
    "key-flag": ["deduplicate method=key columns=[note] keep=flag"],
    "key-complete": ["missing", "deduplicate method=key columns=[note] survivor=most-complete fill=true"],
    "key-newest": ["deduplicate method=key columns=[mail] survivor=newest by=id"],
    "minhash": ["deduplicate method=minhash columns=[note] threshold=0.7"],
    "linkage": ["deduplicate method=linkage columns=[city,mail,note]"],
    "standardize-spelling": ["standardize columns=[city] methods=[title,spelling]"],
    "standardize-repair": ["standardize repair=[{key: note, gives: [city]}]"],
    "standardize-fingerprint": ["standardize columns=[city] methods=[fingerprint]"],
    "mad": TYPED + ["outliers columns=[x,y] method=mad"],
    "iqr": TYPED + ["outliers columns=[x,y] method=iqr action=clip"],
    "z": TYPED + ["outliers columns=[x,y] method=z action=null"],
    "forest": TYPED + ["outliers columns=[x,y,z] method=forest action=drop"],
    "knn": TYPED + ["outliers columns=[x,y,z] method=knn"],
    "lof": TYPED + ["outliers columns=[x,y,z] method=lof"],
    "ecod": TYPED + ["outliers columns=[x,y,z] method=ecod action=drop"],
    "copod": TYPED + ["outliers columns=[x,y,z] method=copod"],
    "hbos": TYPED + ["outliers columns=[x,y,z] method=hbos"],
    "mcd": TYPED + ["outliers columns=[x,y,z] method=mcd"],
    "ensemble": TYPED + ["outliers columns=[x,y,z] method=ensemble by=label"],
    "constant": TYPED + ["impute columns=[x] method=constant value=7"],
    "mean": TYPED + ["impute columns=[x,y] method=mean indicator=true"],
    "median": TYPED + ["impute columns=[x,y] method=median"],
    "mode": TYPED + ["impute columns=[n] method=mode"],
    "median-by": TYPED + ["impute columns=[x,y] method=median by=label"],
    "forward": TYPED + ["impute columns=[x] method=forward"],
    "impute-knn": TYPED + ["impute columns=[x,y,z] method=knn"],
    "ridge": TYPED + ["impute columns=[x,y,z] method=ridge"],
    "impute-forest": TYPED + ["impute columns=[x,y,z] method=forest"],
    "auto": TYPED + ["impute columns=[x,y,z] method=auto"],
    "labels-softmax": TYPED + ["labels label=label columns=[x,y,z] detectors=softmax action=relabel"],
    "labels-knn": TYPED + ["labels label=label columns=[x,y,z] detectors=knn action=drop"],
    "standard": TYPED + ["normalize columns=[x,y] method=standard"],
    "robust": TYPED + ["normalize columns=[x,y] method=robust"],
    "minmax": TYPED + ["normalize columns=[x,y] method=minmax"],
    "quantile": TYPED + ["normalize columns=[x,y] method=quantile"],
    "power": TYPED + ["normalize columns=[x,y] method=power"],
    "one-hot": ["normalize columns=[label] method=one-hot"],
    "ordinal": ["normalize columns=[city] method=ordinal"],
    "validate": ["types", "validate rules=[{column: n, between: [5, 100], mostly: 0.5}]"],
    "validate-fails": ["types", "validate rules=[{column: n, between: [50, 100], mostly: 0.9}]"],
    "validate-reject": ["types", "validate rules=[{column: n, between: [5, 100], on_fail: reject}]"],
    "unique": ["validate rules=[{column: mail, unique: true, on_fail: reject}]"],
    "determines": ["validate rules=[{columns: [note], determines: [city]}]"],
    "table": ["types", "validate rules=[{column: n, mean: [0, 100], median: [0, 10]}, {rows: [1, 1000000]}]"],
    "mask": ["mask columns=[mail]"],
    "mask-k": ["types", "mask generalize={n: {width: 50}} quasi=[label] k=5 small=suppress"],
    "many": TYPED + ["standardize columns=[city] methods=[title,spelling]", "deduplicate method=key columns=[note]",
                     "outliers columns=[x,y] method=mad action=drop", "impute columns=[x,y] method=median",
                     "labels label=label columns=[x,y,z] detectors=softmax", "normalize columns=[x,y] method=standard",
                     "validate rules=[{column: mail, unique: true}]", "mask columns=[mail]"],
}

try:
    chosen = {name: recipe for name, recipe in CASES.items()
              if not words or any(word == name for word in words)}
    data, dated = Data("t", 2 * WINDOW + 1234), Data("d", WINDOW + 999, dates=True)
    for name, recipe in chosen.items():
        compare(name, dated if name == "types" else data, recipe,
                given_counts or ((1, 3, 16) if name in THOROUGH else (3,)))
finally:
    shutil.rmtree(work, ignore_errors=True)
sys.exit(1 if broken else 0)

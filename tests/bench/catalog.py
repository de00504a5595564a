#!/usr/bin/env python3
"""How long the queries of lineage/queries take in the stock shell on a large catalog, and how they read it.

    tests/bench/catalog.py [--runs N] [--events N] [--times N] [--build DIR] [--keep FILE] [--plans]

Makes a catalog by catalog.sql (10,000 runs, 1,000 versions, 10 million row events: 1.7 GB, two minutes) and
asks each query with the parameters below: a new shell each time, and again and again in one shell; the
median of --times (5) in milliseconds, wall and processor time (a busy machine shows in the first only). --plans only looks at the
plan of each query: a walk through a whole table that grows with the rows of the data is an error, and so is
a query that is not in the list below. --keep FILE leaves the catalog there, and takes it if it is there."""

import argparse
import glob
import os
import re
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
QUERIES = os.path.join(ROOT, "lineage", "queries")

# {newest}: version of feature/long; {seven}, {zero}: a record of that source that has events.
RECORD = {":source": "source 7.csv", ":record": "{seven}"}
LONG = {":node": "feature/long@{newest}"}
HUB = {":node": "source:source 0.csv"}
# What is asked.
ASKED = {
    "upstream.sql": [LONG],
    "downstream.sql": [HUB, {":node": "raw/long@1", ":depth": 3}],
    "column_upstream.sql": [dict(LONG, **{":column": "column 3"})],
    "column_impact.sql": [{":node": "raw/long@1", ":column": "column 3"}],
    "value_origin.sql": [{":node": "feature/name 1@2", ":column": "column 3", ":source": "source 0.csv", ":record": 4242},
                         dict(LONG, **{":column": "column 3", ":source": "source 0.csv", ":record": 4242})],
    "why.sql": [RECORD],
    "record.sql": [RECORD, {":source": "source 0.csv", ":record": "{zero}"}],
    "subject_access.sql": [{":records": '[["source 7.csv",{seven}],["source 0.csv",{zero}]]', ":entity": "entity 17"}],
    "versions_of_source.sql": [{":source": "source 0.csv"}],
    "tag_as_of.sql": [{":dataset": "feature/long", ":tag": "prod", ":at": "2023-11-16"}],
    "shared_bytes.sql": [{":dataset": "feature/long", ":number": 3}],
    "model_inputs.sql": [{":model": "model 7", ":node": "model:model 7"}],
    "models_of_source.sql": [{":source": "source 0.csv"}],
    "unfinished.sql": [{}], "stale.sql": [{}], "duplicate_work.sql": [{}], "unmasked_personal.sql": [{}],
    "masked.sql": [{}], "balance.sql": [{}], "storage.sql": [{}], "slowest_modules.sql": [{}],
    "collectable.sql": [{}],
}
# What is about one row: the goal is 20 ms, not 100; a walk over thousands of nodes never is.
ONE_ROW, WALKED = {"why.sql", "record.sql", "value_origin.sql", "tag_as_of.sql", "shared_bytes.sql"}, 100
WITH_EXTENSION = {"record_cells.sql"}
# Tables that grow with rows, records, cells or entities; a query never walks through one of them.
LARGE = {"row_event_log", "record_index", "exposures", "chunk_columns", "column_edges", "texts", "watermark_log"}


def make(path, runs, events):
    """A catalog as the writing commands make it, filled by catalog.sql."""
    steps = glob.glob(os.path.join(ROOT, "lineage", "schema_*.sql"))
    steps.sort(key=lambda name: int(re.search(r"_(\d+)", name).group(1)))
    for step in [os.path.join(ROOT, "lineage", "schema.sql"), *steps]:
        with open(step, encoding="utf-8") as file:
            subprocess.run(["sqlite3", "-bail", path], stdin=file, check=True)
    subprocess.run(["sqlite3", "-bail", path, f".parameter set :runs {runs}", f".parameter set :events {events}",
                    f".read {HERE}/catalog.sql"], check=True, stdout=subprocess.DEVNULL)


def quoted(value):
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def settings(parameters):
    return [f'.parameter set {name} "{quoted(value)}"' if '"' not in str(value) else
            f".parameter set {name} '{value}'" for name, value in parameters.items()]


def filled(value, known):
    """Names in braces become what they stand for; a value that is all digits then is a number."""
    for name, number in known.items():
        value = value.replace("{" + name + "}", str(number)) if isinstance(value, str) else value
    return int(value) if isinstance(value, str) and value.isdigit() else value


def cases(database):
    """(file, parameters) of every query."""
    ask = lambda sql: database.execute(sql).fetchone()[0]
    event = "SELECT record FROM row_event_log WHERE source_key = %d LIMIT 1"
    known = {"newest": ask("SELECT max(number) FROM versions WHERE dataset = 'feature/long'"),
             "seven": ask(event % 8), "zero": ask(event % 1)}
    for name in sorted(os.path.basename(path) for path in glob.glob(os.path.join(QUERIES, "*.sql"))):
        if name in WITH_EXTENSION:
            continue
        if name not in ASKED:
            sys.exit(f"{name} is not asked: add it to {os.path.relpath(__file__, ROOT)}")
        for parameters in ASKED[name]:
            yield name, {key: filled(value, known) for key, value in parameters.items()}


# ---- plans ----

def walked(database, sql, parameters):
    """The tables and indices that the program of a statement reads from one end to the other."""
    bound = {name: parameters.get(":" + name) for name in set(re.findall(r":([a-z_]+)", sql))}
    roots = dict(database.execute("SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0"))
    program = database.execute("EXPLAIN " + sql, bound).fetchall()
    cursors = {step[2]: roots.get(step[3]) for step in program if step[1] == "OpenRead" and step[4] == 0}
    return {cursors[step[2]] for step in program if step[1] in ("Rewind", "Last") and cursors.get(step[2])}


def check_plans(database):
    failed = 0
    for name, parameters in cases(database):
        with open(os.path.join(QUERIES, name), encoding="utf-8") as file:
            tables = walked(database, file.read(), parameters)
        bad = tables & LARGE
        failed += bool(bad)
        print(f"{'FAILED' if bad else 'ok':7} {name:24} walks through {', '.join(sorted(tables)) or 'nothing'}")
    return failed


# ---- times ----

def shell(path, commands):
    """Wall and processor time of a new shell in ms, and its answer."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(["sqlite3", "-readonly", "-batch", path, *commands], check=True, capture_output=True,
                          text=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.stderr:
        sys.exit(done.stderr)
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000, done.stdout


def cold(path, commands, times):
    runs = [shell(path, commands) for _ in range(times)]
    return (statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs),
            runs[0][2].count("\n"))


def repeated(path, before, read, times):
    """By SQLite's own clocks, without the first answer of the process."""
    text = shell(path, [*before, ".timer on", ".output /dev/null", read, ".output stdout", *([read] * times)])[2]
    clocks = re.findall(r"Run Time: real ([0-9.]+) user ([0-9.]+) sys ([0-9.]+)", text)[-times:]
    return (statistics.median(float(real) * 1000 for real, _, _ in clocks),
            statistics.median((float(user) + float(system)) * 1000 for _, user, system in clocks))


def measure(path, database, times):
    print("| query | about | rows | new process: wall, CPU ms | repeated: wall, CPU ms | goal ms |")
    print("|---|---|---|---|---|---|")
    missed = 0
    for name, parameters in cases(database):
        read = f".read {os.path.join(QUERIES, name)}"
        first, first_cpu, rows = cold(path, [*settings(parameters), read], times)
        again, again_cpu = repeated(path, settings(parameters), read, times)
        goal = 20 if name in ONE_ROW and rows <= WALKED else 100
        missed += first > goal or again > goal
        about = ", ".join(str(value) for value in parameters.values())
        print(f"| {name[:-4]} | {about} | {rows} | {first:.0f}, {first_cpu:.0f} | {again:.0f}, {again_cpu:.0f} "
              f"| {goal} |", flush=True)
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--events", type=int, default=10000000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--keep", metavar="FILE")
    parser.add_argument("--plans", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tamis-bench-") as work:
        path = args.keep or os.path.join(work, "catalog.db")
        if not os.path.exists(path):
            make(path, args.runs, args.events)
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        if args.plans:
            sys.exit(1 if check_plans(database) else 0)
        counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                  for table in ("versions", "runs", "row_event_log", "edges", "column_edges")]
        print("{:,} versions, {:,} runs, {:,} row events, {:,} edges, {:,} column edges, {:.0f} MB".format(
            *counts, os.path.getsize(path) / 1e6))
        sys.exit(1 if measure(path, database, args.times) else 0)


if __name__ == "__main__":
    main()

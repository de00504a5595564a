#!/usr/bin/env python3
"""What each cleaning module costs by itself, beside DuckDB and Polars doing the same.

    tests/bench/modules.py [ROWS] [--build DIR] [--peers DIR] [--keep DIR] [--only MODULE,...]

ROWS (10000000) of the table `generate people`, once as text and once with types, as uncompressed Arrow in
memory-backed files (/dev/shm where it is there), so that a module is seen and not a disk. Each line is one
process from file to file: wall seconds with one and two threads and their ratio, CPU seconds, rows and MB of
input a second with two threads, and the peers' wall seconds with two threads. One run each: for medians run
it several times."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# module, input, recipe line, DuckDB's select list or query over t, Polars' expression over frame
WORKS = [
    ("text", "text", "text", "* REPLACE (regexp_replace(trim(name), '\\s+', ' ', 'g') AS name, "
     "regexp_replace(trim(city), '\\s+', ' ', 'g') AS city)",
     "frame.with_columns(pl.col('name','city').str.strip_chars().str.replace_all(r'\\s+', ' '))"),
    ("missing", "text", "missing detect=false", "* REPLACE (CASE WHEN lower(trim(age)) IN ('','na','n/a','null','none','-','?') "
     "THEN NULL ELSE age END AS age)",
     "frame.with_columns(pl.when(pl.col('age').str.strip_chars().str.to_lowercase().is_in(['','na','n/a','null','none',"
     "'-','?'])).then(None).otherwise(pl.col('age')).alias('age'))"),
    ("types", "text", "types key=int64 age=int32 height=float64 income=float64 score=float64 on_fail=null",
     "* REPLACE (try_cast(trim(key) AS BIGINT) AS key, try_cast(trim(age) AS INTEGER) AS age, try_cast(trim(height) AS "
     "DOUBLE) AS height, try_cast(trim(income) AS DOUBLE) AS income, try_cast(trim(score) AS DOUBLE) AS score)",
     "frame.with_columns(pl.col('key').str.strip_chars().cast(pl.Int64, strict=False), "
     "pl.col('age').str.strip_chars().cast(pl.Int32, strict=False), "
     "pl.col('height','income','score').str.strip_chars().cast(pl.Float64, strict=False))"),
    ("standardize", "text", "standardize columns=city,gender methods=spaces,lower",
     "* REPLACE (lower(trim(city)) AS city, lower(trim(gender)) AS gender)",
     "frame.with_columns(pl.col('city','gender').str.strip_chars().str.to_lowercase())"),
    ("validate", "typed", "validate columns=age,height,income,score between=[0,1000000] on_fail=null",
     "* REPLACE (" + ", ".join(f"CASE WHEN {c} BETWEEN 0 AND 1000000 THEN {c} END AS {c}"
                              for c in ("age", "height", "income", "score")) + ")",
     "frame.with_columns([pl.when(pl.col(c).is_between(0,1000000)).then(pl.col(c)).alias(c) "
     "for c in ('age','height','income','score')])"),
    ("deduplicate", "typed", "deduplicate method=key columns=key",
     "* FROM (SELECT *, row_number() OVER (PARTITION BY key) AS rn FROM t) WHERE rn = 1 --",
     "frame.unique('key', keep='first', maintain_order=True)"),
    ("outliers", "typed", "outliers columns=income method=mad action=clip",
     "* REPLACE (least(greatest(income, m - 3.5 * 1.4826 * d), m + 3.5 * 1.4826 * d) AS income) FROM t, "
     "(SELECT median(income) AS m, mad(income) AS d FROM t) --",
     "(lambda m: (lambda r: frame.with_columns(pl.col('income').clip(m - r, m + r)))"
     "(3.5 * 1.4826 * (frame['income'] - m).abs().median()))(frame['income'].median())"),
    ("impute", "typed", "impute columns=age,height,income,score method=median",
     "* REPLACE (coalesce(age, a) AS age, coalesce(height, h) AS height, coalesce(income, i) AS income, "
     "coalesce(score, s) AS score) FROM t, (SELECT median(age) a, median(height) h, median(income) i, median(score) s "
     "FROM t) --",
     "frame.with_columns(pl.col('age','height','income','score').fill_null("
     "pl.col('age','height','income','score').median()))"),
    ("mask", "text", "mask columns=name,city kinds=email,phone",
     "* REPLACE (regexp_replace(name, '[\\w.+-]+@[\\w-]+\\.[\\w.]+|\\+?\\d[\\d ()-]{7,}\\d', '***', 'g') AS name, "
     "regexp_replace(city, '[\\w.+-]+@[\\w-]+\\.[\\w.]+|\\+?\\d[\\d ()-]{7,}\\d', '***', 'g') AS city)",
     "frame.with_columns(pl.col('name','city').str.replace_all("
     "r'[\\w.+-]+@[\\w-]+\\.[\\w.]+|\\+?\\d[\\d ()-]{7,}\\d', '***'))"),
    ("normalize", "typed", "normalize columns=age,height,income,score method=standard",
     "* REPLACE (" + ", ".join(f"({c} - m_{c}) / s_{c} AS {c}" for c in ("age", "height", "income", "score")) +
     ") FROM t, (SELECT " + ", ".join(f"avg({c}) AS m_{c}, stddev_pop({c}) AS s_{c}"
                                      for c in ("age", "height", "income", "score")) + " FROM t) --",
     "frame.with_columns((pl.col('age','height','income','score') - pl.col('age','height','income','score').mean()) / "
     "pl.col('age','height','income','score').std(ddof=0))"),
]
POLARS = """import sys, time, polars as pl
start = time.time(); frame = pl.read_ipc(sys.argv[1]); result = {work}
result.write_ipc(sys.argv[2]); print(time.time() - start)"""
DUCKDB = """import sys, time, duckdb, pyarrow as pa
table = pa.ipc.open_file(pa.memory_map(sys.argv[1])).read_all(); c = duckdb.connect(); c.execute("SET threads=2")
start = time.time(); c.register("t", table)
reader = c.execute(\"\"\"SELECT {work}{source}\"\"\").to_arrow_reader(65536)
with pa.ipc.new_file(sys.argv[2], reader.schema) as out:
    for batch in reader: out.write_batch(batch)
print(time.time() - start)"""


def timed(command):
    before = os.times()
    start = time.time()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.time() - start, cpu


def peer(python, program, source, out):
    done = subprocess.run([python, "-c", program, source, out], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, env={**os.environ, "POLARS_MAX_THREADS": "2"})
    if done.returncode != 0:
        return None
    return float(done.stdout.split()[-1])


def inputs(options, folder):
    program = options.build + "/ingest/tamis-ingest"
    table, text, typed = (os.path.join(folder, name) for name in ("people.csv", "text.arrow", "typed.arrow"))
    if not os.path.exists(typed):
        with open(table, "wb") as file:
            subprocess.run([options.build + "/tests/bench/generate", "people", str(options.rows)], stdout=file, check=True)
        common = [program, "--no-store", "-q", "--no-provenance", "--compression", "none", "--header", "yes"]
        subprocess.run(common + ["--text", "*", table, "-o", text], check=True)
        os.remove(table)
        subprocess.run([options.build + "/clean/tamis-clean", "--no-store", "-q", text, "-m", "missing detect=false", "-m",
                        WORKS[2][2], "--compression", "none", "-o", typed], check=True, stderr=subprocess.DEVNULL)
    return {"text": text, "typed": typed}


def show(options, work, sources, out):
    module, kind, line, duckdb, polars = work
    source = sources[kind]
    command = [options.build + "/clean/tamis-clean", "--no-store", "-q", "--compression", "none", source, "-m", line,
               "-o", out, "--threads"]
    one, _ = timed(command + ["1"])
    two, cpu = timed(command + ["2"])
    megabytes = os.path.getsize(source) / 1e6
    python = options.peers + "/bin/python"
    theirs = [None, None]
    if os.path.exists(python):
        theirs = [peer(python, DUCKDB.format(work=duckdb, source="" if " FROM " in duckdb else " FROM t"), source, out),
                  peer(python, POLARS.format(work=polars), source, out)]
    shown = ["-" if value is None else f"{value:.2f}" for value in theirs]
    print(f"| {module} | {one:.2f} | {two:.2f} | {two / one:.2f} | {cpu:.2f} | {options.rows / two / 1e6:.2f} | "
          f"{megabytes / two:.0f} | {shown[0]} | {shown[1]} |", flush=True)
    return {"module": module, "one": one, "two": two, "cpu": cpu, "duckdb": theirs[0], "polars": theirs[1]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=int, default=10000000)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--peers", default=os.path.join(ROOT, "build-bench-peers"))
    parser.add_argument("--only", default="")
    parser.add_argument("--keep")
    parser.add_argument("--json")
    options = parser.parse_args()
    only = [name for name in options.only.split(",") if name]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        sources = inputs(options, options.keep or folder)
        print(f"{options.rows} rows, {os.path.getsize(sources['text']) / 1e6:.0f} MB as text, "
              f"{os.path.getsize(sources['typed']) / 1e6:.0f} MB with types, {os.cpu_count()} processors\n")
        print("| module | 1 thread s | 2 threads s | 2/1 | CPU s | M rows/s | MB/s | DuckDB s | Polars s |")
        print("|---|---|---|---|---|---|---|---|---|")
        found = [show(options, work, sources, os.path.join(folder, "out.arrow"))
                 for work in WORKS if not only or work[0] in only]
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(found, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())

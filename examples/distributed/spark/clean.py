#!/usr/bin/env python3
"""Cleans a folder of Parquet files with Spark: each file is a shard, its rows go through tamis-clean.

    spark/clean.py INPUT OUTPUT RECIPE [--master URL] [--programs DIR] [--threads N] [--memory SIZE]

Rounds of fit and merge, then apply, as in ../step: in each round Spark hands the rows of every partition
to `tamis-clean fit` as an Arrow stream (mapInArrow) and brings its state to the driver, which merges
them. At the end `tamis-clean apply` cleans every partition and writes OUTPUT/part-N.parquet; together they
are the rows of one run over all of INPUT. Exit code 0, or 3 when the data failed its checks.

The files of INPUT are taken in order of their names, and all but the last hold a multiple of 65,536 rows
(tamis-ingest --shard makes such). Spark tries a task again that fails or whose worker dies; a state or
part appears whole or not at all."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid

from pyspark import SparkFiles
from pyspark.sql import SparkSession

WINDOW = 65536
FILE = "tamis_file"
RESULT = "shard int, payload binary"


# ---- in a task ----

def feed(process, batches, first):
    """The rows as an Arrow stream, without the column that says where they came from."""
    import pyarrow as pa
    drop = first.schema.get_field_index(FILE)
    schema = first.schema.remove(drop)

    def bare(batch):
        columns = [c for i, c in enumerate(batch.columns) if i != drop]
        return pa.RecordBatch.from_arrays(columns, schema=schema)
    with pa.ipc.new_stream(process.stdin, schema) as out:
        out.write_batch(bare(first))
        for batch in batches:
            out.write_batch(bare(batch))
    process.stdin.close()


def ended(process, words):
    if process.wait() != 0:
        raise RuntimeError(f"{' '.join(words)}: exit {process.returncode}: {process.stderr.read().decode()[-2000:]}")


def row(shard, payload):
    import pyarrow as pa
    return pa.RecordBatch.from_arrays([pa.array([shard], pa.int32()), pa.array([payload], pa.binary())],
                                      names=["shard", "payload"])


def shard_of(first, plan):
    name = first.column(first.schema.get_field_index(FILE))[0].as_py()
    return plan["shards"][name]


def words_of(plan, action, shard, options):
    return [os.path.join(plan["programs"], "tamis-clean"), action, "-", "--shard", f"{shard['number']}/{plan['count']}",
            "--run", plan["run"], "--first-row", str(shard["first_row"]), "--no-store", "-q", "--threads", plan["threads"],
            "--memory", plan["memory"], *options]


def local(options):
    """Files that the driver added lie somewhere else on each node."""
    return [SparkFiles.get(word[1:]) if word.startswith("@") else word for word in options]


def fitted(plan, options):
    def fit(batches):
        first = next(batches, None)
        if first is None:
            return
        shard = shard_of(first, plan)
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            words = words_of(plan, "fit", shard, [*local(options), "-o", state])
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            feed(process, batches, first)
            ended(process, words)
            with open(state, "rb") as file:
                yield row(shard["number"], file.read())
    return fit


def applied(plan, options, output):
    def apply(batches):
        import threading

        import pyarrow as pa
        import pyarrow.parquet as pq
        first = next(batches, None)
        if first is None:
            return
        shard = shard_of(first, plan)
        with tempfile.TemporaryDirectory() as folder:
            result = os.path.join(folder, "result")
            words = words_of(plan, "apply", shard, [*local(options), "--result", result, "-o", "-"])
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            feeder = threading.Thread(target=feed, args=(process, batches, first))
            feeder.start()
            path = os.path.join(output, f"part-{shard['number']:05d}.parquet")
            part = f"{path}.{uuid.uuid4().hex}"
            with pa.ipc.open_stream(process.stdout) as rows, pq.ParquetWriter(part, rows.schema) as out:
                for batch in rows:
                    out.write_batch(batch)
            feeder.join()
            ended(process, words)
            os.replace(part, path)
            with open(result, "rb") as file:
                yield row(shard["number"], file.read())
    return apply


# ---- in the driver ----

def plan_of(options):
    """Which rows each file holds, from the footers alone."""
    import pyarrow.parquet as pq
    names = sorted(name for name in os.listdir(options.input) if name.endswith(".parquet"))
    shards, rows = {}, 0
    for number, name in enumerate(names, 1):
        shards[name] = {"number": number, "first_row": rows}
        count = pq.read_metadata(os.path.join(options.input, name)).num_rows
        if count % WINDOW and number < len(names):
            sys.exit(f"{name} has {count} rows, expected a multiple of {WINDOW} in all files but the last")
        rows += count
    if not names:
        sys.exit(f"{options.input} holds no Parquet file")
    return {"shards": shards, "count": len(names), "run": f"spark-{uuid.uuid4().hex}", "programs": options.programs,
            "threads": options.threads, "memory": options.memory}


def partitions(spark, folder):
    """One partition a file, in the row order of the file."""
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(1 << 40))
    spark.conf.set("spark.sql.files.openCostInBytes", str(1 << 40))
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(WINDOW))
    return spark.read.parquet(folder).select("*", "_metadata.file_name").withColumnRenamed("file_name", FILE)


def collect(frame, function, work, ending):
    """The results of all shards as files of the driver, in order."""
    paths = []
    for one in frame.mapInArrow(function, RESULT).toLocalIterator():
        paths.append(os.path.join(work, f"{one['shard']:05d}.{ending}"))
        with open(paths[-1], "wb") as file:
            file.write(one["payload"])
    return sorted(paths)


def merge(plan, paths, state, out):
    """What tamis-clean says of it as JSON; exits 3 with the verdict."""
    words = [os.path.join(plan["programs"], "tamis-clean"), "merge", *paths, "-q", "--json"]
    words += ["--state", state] if state else []
    done = subprocess.run(words + (["-o", out] if out else []), stdout=subprocess.PIPE)
    if done.returncode not in (0, 3):
        sys.exit(done.returncode)
    return done.returncode, json.loads(done.stdout)


def learn(spark, frame, plan, recipe, work):
    """Round after round; the options of apply, and the last state."""
    spark.sparkContext.addFile(recipe)
    options, state, number, ready = ["--recipe", "@" + os.path.basename(recipe)], None, 1, plan["learns"] == 0
    while not ready:
        paths = collect(frame, fitted(plan, [*options, "--round", str(number)]), work, f"fit-{number}.state")
        before, state = state, os.path.join(work, f"merged-{number}.state")
        ready = merge(plan, paths, before, state)[1]["complete"]
        spark.sparkContext.addFile(state)
        options, number = ["--state", "@" + os.path.basename(state)], number + 1
    return options, state


def rounds(plan, recipe, folder):
    """Asked of the first rows alone: which rounds a recipe needs depends on the columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    sample = pq.ParquetFile(os.path.join(folder, next(iter(plan["shards"])))).schema_arrow
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, sample.remove_metadata()) as out:
        out.write_table(sample.empty_table())
    words = [os.path.join(plan["programs"], "tamis-clean"), "fit", "-", "--explain", "--recipe", recipe, "--shard", "1/1",
             "--run", plan["run"], "--first-row", "0", "--no-store"]
    said = subprocess.run(words, input=sink.getvalue().to_pybytes(), stdout=subprocess.PIPE, check=True).stdout.decode()
    return int(said.rsplit("rounds: ", 1)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("recipe")
    parser.add_argument("--master", default="local[*]")
    parser.add_argument("--programs", default="")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--memory", default="1G")
    options = parser.parse_args()
    options.output = os.path.abspath(options.output)
    os.makedirs(options.output, exist_ok=True)
    plan = plan_of(options)
    plan["learns"] = rounds(plan, options.recipe, options.input)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master(options.master).appName("tamis").getOrCreate()
    with tempfile.TemporaryDirectory() as work:
        frame = partitions(spark, os.path.abspath(options.input))
        learned, state = learn(spark, frame, plan, os.path.abspath(options.recipe), work)
        results = collect(frame, applied(plan, learned, options.output), work, "done")
        code, said = merge(plan, results, state, None)
    spark.stop()
    print(json.dumps(said))
    sys.exit(code)


if __name__ == "__main__":
    main()

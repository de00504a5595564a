"""Lookup by key in process: 1M entities of 32 columns of 8 bytes (W5). Times are what each program
measured itself, in nanoseconds: single lookups, a batch of 100, from opening to the first answer."""

import json
import os
import shutil
import subprocess
import sys
import time

TITLE = "lookup by key among {size} entities of 256 bytes"
SIZE, UNIT = 1000000, "entities"
LOOKUPS, FEAST_LOOKUPS = 1000000, 500  # at most; 100 an entity
FIGURES = {"p50_ns": "p50 ns", "p99_ns": "p99 ns", "batch_ns": "batch of 100 ns", "first_ns": "first answer ns"}
VIEW = "view: w\nentity: id\nevent_time: ts\n"
FEAST = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))),
                     "build-bench-feast", "bin", "python")


def generate(size, path):
    import numpy as np
    import pyarrow as pa
    random = np.random.default_rng(1)
    columns = {"id": np.arange(size), "ts": pa.array(np.full(size, 1767225600000000), pa.timestamp("us", "UTC"))}
    for i in range(32):
        columns[f"f{i}"] = random.random(size) if i % 2 else random.integers(0, 1 << 40, size)
    table = pa.table(columns)
    with pa.ipc.new_file(path, table.schema) as out:
        out.write_table(table, max_chunksize=65536)


def fill_sqlite(source, path):
    import sqlite3
    import pyarrow as pa
    names = ["id"] + [f"f{i}" for i in range(32)]
    database = sqlite3.connect(path)
    database.execute(f"CREATE TABLE w (id INTEGER PRIMARY KEY, {', '.join(names[1:])})")
    reader = pa.ipc.open_file(source)
    for i in range(reader.num_record_batches):
        rows = zip(*(reader.get_batch(i).column(name).to_pylist() for name in names))
        database.executemany(f"INSERT INTO w VALUES ({','.join('?' * 33)})", rows)
    database.commit()
    database.close()


def prepare(bench):
    folder = bench.path(f"lookup-{bench.size}")
    source, store = os.path.join(folder, "w.arrow"), os.path.join(folder, "store")
    if not os.path.exists(store):
        os.makedirs(folder, exist_ok=True)
        generate(bench.size, source)
        fill_sqlite(source, os.path.join(folder, "w.sqlite"))
        with open(os.path.join(folder, "w.yaml"), "w", encoding="utf-8") as file:
            file.write(VIEW)
        features = bench.program("features/tamis-features")
        for words in (["define", "-q", os.path.join(folder, "w.yaml")], ["put", "-q", "w", source]):
            subprocess.run([features, *words, "--store", store], check=True)
        subprocess.run([features, "lookup", "w", "0", "--store", store], check=True, stdout=subprocess.DEVNULL)
    return folder


def contestants(bench, folder):
    from compare import Contestant
    size, program = str(bench.size), bench.program("tests/bench/lookup_peers")
    lookups = min(LOOKUPS, 100 * bench.size)

    def facts(_, printed):
        return {"sum": json.loads(printed)["sum"]}

    def figures(printed):
        return json.loads(printed)

    ours = [bench.program("tests/bench/lookup"), os.path.join(folder, "store"), "w", size, str(lookups)]
    found = [Contestant("tamis, libtamis", ours, facts, figures=figures),
             Contestant("SQLite by primary key, in process",
                        [program, "sqlite", os.path.join(folder, "w.sqlite"), size, str(lookups)], facts,
                        figures=figures),
             Contestant("limit: rows copied from memory", [program, "memory", "-", size, str(lookups)], figures=figures)]
    here = [sys.executable, os.path.abspath(__file__)]
    if shutil.which("redis-server"):
        found.append(Contestant("Redis over loopback", here + ["redis", program, size, str(lookups // 10)],
                                figures=figures))
    if os.path.exists(FEAST):
        found.append(Contestant("Feast online store (SQLite), at most 100,000 entities",
                                [FEAST, os.path.abspath(__file__), "feast", folder, str(min(bench.size, 100000)), str(min(FEAST_LOOKUPS, lookups))], figures=figures, once=True))
    return found


# ---- peers ----

def free_port():
    import socket
    with socket.socket() as any_one:
        any_one.bind(("127.0.0.1", 0))
        return str(any_one.getsockname()[1])


def wait_for(port, server):
    import socket
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", int(port))).close()
            return
        except ConnectionRefusedError:
            if server.poll() is not None:
                sys.exit(f"redis-server ended with {server.returncode}")
            time.sleep(0.05)
    sys.exit("redis-server does not answer")


def by_redis(program, size, lookups):
    """A server of its own, in memory, as long as the lookups run; it is ended by its process id."""
    port = free_port()
    server = subprocess.Popen(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
                              stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        subprocess.run([program, "redis", port, size, lookups], check=True)
    finally:
        server.terminate()
        server.wait()


def by_feast(folder, size, lookups):
    """get_online_features of the SDK, in process, from the SQLite online store of the local provider."""
    import random
    import tempfile
    from datetime import timedelta
    import pandas
    import pyarrow as pa
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
    from feast.types import Float64, Int64
    from feast.value_type import ValueType
    size, lookups = int(size), int(lookups)
    frame = pa.ipc.open_file(os.path.join(folder, "w.arrow")).read_all().slice(0, size).to_pandas()
    frame["ts"] = pandas.Timestamp.now("UTC").floor("us")
    names = [f"f{i}" for i in range(32)]
    with tempfile.TemporaryDirectory() as repo:
        frame.to_parquet(f"{repo}/w.parquet")
        store = FeatureStore(config=RepoConfig(project="bench", provider="local", registry=f"{repo}/registry.db",
                                               online_store={"type": "sqlite", "path": f"{repo}/online.db"},
                                               offline_store={"type": "file"}, entity_key_serialization_version=3))
        entity = Entity(name="id", join_keys=["id"], value_type=ValueType.INT64)
        view = FeatureView(name="w", entities=[entity], ttl=timedelta(days=1000), online=True,
                           source=FileSource(path=f"{repo}/w.parquet", timestamp_field="ts"),
                           schema=[Field(name=name, dtype=Float64 if i % 2 else Int64) for i, name in enumerate(names)])
        store.apply([entity, view])
        store.write_to_online_store("w", frame)
        wanted = [f"w:{name}" for name in names]
        print_feast(store, wanted, size, lookups, random.Random(1))


def print_feast(store, wanted, size, lookups, random):
    def ask(count):
        before = time.perf_counter_ns()
        store.get_online_features(wanted, [{"id": random.randrange(size)} for _ in range(count)]).to_dict()
        return time.perf_counter_ns() - before
    first = ask(1)
    singles = sorted(ask(1) for _ in range(lookups))
    batches = sorted(ask(100) for _ in range(50))
    print(json.dumps({"p50_ns": singles[lookups // 2], "p99_ns": singles[lookups * 99 // 100],
                      "batch_ns": batches[25], "first_ns": first, "sum": 0}))


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])

"""Point-in-time join: to each row of a spine the newest features of its entity (W4)."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

TITLE = "point-in-time join of {size} feature rows with a fifth as many spine rows (at most 10M), 50 feature rows an entity"
SIZE, UNIT = 5000000, "feature rows"
COLUMNS = ["clicks", "orders", "spent", "score"]
VIEW = """view: activity
entity: entity
event_time: ts
features: {clicks: int64, orders: int64, spent: float64, score: float64}
"""
FEAST = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))),
                     "build-bench-feast", "bin", "python")


# ---- the tables: features in order of time, the spine in none ----

def generate(size, features, spine):
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    random = np.random.default_rng(7)
    entities, rows = max(1, size // 50), max(1, min(size // 5, 10000000))

    def times(count):
        return pa.array(random.integers(1735689600000000, 1767225600000000, count), pa.timestamp("us", "UTC"))

    table = pa.table({"entity": random.integers(0, entities, size), "ts": times(size),
                      "clicks": random.integers(0, 1000, size), "orders": random.integers(0, 10, size),
                      "spent": random.integers(0, 100000, size) / 4, "score": random.integers(0, 1 << 20, size) / 1024})
    asked = pa.table({"entity": random.integers(0, entities + entities // 50, rows), "ts": times(rows),
                      "label": random.integers(0, 2, rows)})
    write(pa, pq, table.sort_by("ts"), features)
    write(pa, pq, asked, spine)


def write(pa, pq, table, path):
    pq.write_table(table, path + ".parquet", compression="zstd", compression_level=1)
    with pa.ipc.new_file(path + ".arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(table, max_chunksize=65536)


def prepare(bench):
    """Both tables as Arrow and as Parquet, and the features as a version in a store."""
    folder = bench.path(f"point-in-time-{bench.size}")
    features, spine, store = (os.path.join(folder, name) for name in ("features", "spine", "store"))
    if not os.path.exists(store):
        os.makedirs(folder, exist_ok=True)
        generate(bench.size, features, spine)
        view = os.path.join(folder, "activity.yaml")
        with open(view, "w", encoding="utf-8") as file:
            file.write(VIEW)
        command = [bench.program("features/tamis-features")]
        subprocess.run(command + ["define", "-q", view, "--store", store], check=True)
        subprocess.run(command + ["put", "-q", "activity", features + ".arrow", "--store", store], check=True)
    return folder


def contestants(bench, folder):
    from compare import Contestant
    spine, store = os.path.join(folder, "spine.arrow"), os.path.join(folder, "store")

    def facts(path, _):
        return tables.facts_of(path, COLUMNS)

    def values(path, _):
        """Feast leaves rows of unknown entities out."""
        return {name: value for name, value in facts(path, _).items() if name != "rows"}

    join = [bench.program("features/tamis-features"), "join", "-q", "--threads", str(bench.threads), "--store", store,
            "--view", "activity", "--spine", spine, "-o", "{out}"]
    found = [Contestant("tamis-features join", join + ["--memory", "1G"], facts, ".arrow"),
             Contestant("tamis-features join, 256M", join + ["--memory", "256M"], facts, ".arrow")]
    for peer, module in (("DuckDB ASOF", "duckdb"), ("Polars join_asof", "polars"), ("pandas merge_asof", "pandas")):
        if bench.has(module):
            command = [bench.python, os.path.abspath(__file__), module, folder, "{out}", str(bench.threads)]
            found.append(Contestant(peer, command, facts, ".parquet"))
    if os.path.exists(FEAST) and bench.size <= FEAST_ROWS:
        command = [FEAST, os.path.abspath(__file__), "feast", folder, "{out}", str(bench.threads)]
        found.append(Contestant("Feast, historical", command, values, ".parquet", once=True))
    return found


# ---- the peers ----

FEAST_ROWS = 5000000


def by_duckdb(folder, out, threads):
    import duckdb
    columns = ", ".join(f"f.{name}" for name in COLUMNS)
    connection = duckdb.connect()
    connection.execute(f"SET threads={threads}")
    connection.execute(f"COPY (SELECT s.*, {columns} FROM '{folder}/spine.parquet' s ASOF LEFT JOIN "
                       f"'{folder}/features.parquet' f ON s.entity = f.entity AND s.ts >= f.ts) "
                       f"TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")


def by_polars(folder, out, _):
    import polars
    features = polars.scan_parquet(f"{folder}/features.parquet").set_sorted("ts")
    spine = polars.scan_parquet(f"{folder}/spine.parquet").sort("ts")
    joined = spine.join_asof(features, on="ts", by="entity", strategy="backward", check_sortedness=False)
    joined.collect().write_parquet(out, compression="zstd", compression_level=1)


def by_pandas(folder, out, _):
    import pandas
    features = pandas.read_parquet(f"{folder}/features.parquet")
    spine = pandas.read_parquet(f"{folder}/spine.parquet").sort_values("ts")
    joined = pandas.merge_asof(spine, features, on="ts", by="entity")
    joined.to_parquet(out, compression="zstd", compression_level=1, index=False)


def by_feast(folder, out, _):
    """The local provider's file offline store, as its documentation shows it."""
    import tempfile
    from datetime import timedelta
    import pandas
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
    from feast.types import Float64, Int64
    from feast.value_type import ValueType
    with tempfile.TemporaryDirectory() as repo:
        store = FeatureStore(config=RepoConfig(project="bench", provider="local", registry=f"{repo}/registry.db",
                                               online_store={"type": "sqlite", "path": f"{repo}/online.db"},
                                               offline_store={"type": "file"}, entity_key_serialization_version=3))
        entity = Entity(name="entity", join_keys=["entity"], value_type=ValueType.INT64)
        source = FileSource(path=f"{folder}/features.parquet", timestamp_field="ts")
        types = {"clicks": Int64, "orders": Int64, "spent": Float64, "score": Float64}
        view = FeatureView(name="activity", entities=[entity], ttl=timedelta(days=4000), source=source,
                           schema=[Field(name=name, dtype=kind) for name, kind in types.items()])
        store.apply([entity, view])
        spine = pandas.read_parquet(f"{folder}/spine.parquet").rename(columns={"ts": "event_timestamp"})
        joined = store.get_historical_features(spine, [f"activity:{name}" for name in COLUMNS]).to_df()
        joined.to_parquet(out, compression="zstd", compression_level=1, index=False)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])

"""JSON Lines to typed columns, zstd level 1."""

import csv
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

TITLE = "JSON Lines of {size} MiB, 20 members of numbers and texts, to typed columns with zstd level 1"
SIZE, UNIT = 256, "MiB"
COLUMNS = ["trip_id", "pickup_ts", "passenger_count", "zone", "fare", "total", "lat"]


def prepare(bench):
    """The trips of csv_numbers as objects, as many as make the size."""
    path = bench.path(f"trips-{bench.size}.jsonl")
    if os.path.exists(path):
        return path
    rows = bench.generate(f"trips-{bench.size}.csv", "trips", str(bench.size))
    with open(rows) as source, open(path + ".part", "w") as out:
        names = next(source).rstrip("\n").split(",")
        texts = {names.index(name) for name in ("pickup_ts", "dropoff_ts", "store_fwd", "zone")}
        written = 0
        for values in csv.reader(source):
            pairs = (f'"{name}":{shown(value, i in texts)}' for i, (name, value) in enumerate(zip(names, values)))
            written += out.write("{" + ",".join(pairs) + "}\n")
            if written > bench.size << 20:
                break
    os.rename(path + ".part", path)
    return path


def shown(value, text):
    if value == "":
        return "null"
    return f'"{value}"' if text else value


def contestants(bench, data):
    from compare import Contestant

    def facts(path, _):
        return tables.facts_of(path, [name for name in COLUMNS if name != "pickup_ts"])

    ingest = [bench.program("ingest/tamis-ingest"), "--no-store", "-q", "--threads", str(bench.threads)]
    found = [Contestant("tamis-ingest", ingest + [data, "-o", "{out}"], facts, ".arrow")]
    for peer, module in (("DuckDB", "duckdb"), ("Polars", "polars"), ("pyarrow", "pyarrow")):
        if bench.has(module):
            command = [bench.python, os.path.abspath(__file__), module, data, "{out}", str(bench.threads)]
            found.append(Contestant(peer, command, facts, ".parquet"))
    return found


def by_polars(data, out, _):
    import polars
    polars.scan_ndjson(data).sink_parquet(out, compression="zstd", compression_level=1)


def by_duckdb(data, out, threads):
    tables.duckdb_to_parquet(f"SELECT * FROM read_json('{data}', format='newline_delimited')", out, threads)


def by_pyarrow(data, out, _):
    import pyarrow.json
    import pyarrow.parquet
    table = pyarrow.json.read_json(data)
    pyarrow.parquet.write_table(table, out, compression="zstd", compression_level=1)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])

"""CSV of quoted text to typed columns, zstd level 1 (W1q)."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csv_numbers as numbers  # noqa: E402
import tables  # noqa: E402

TITLE = "CSV of {size} MiB, quoted text with commas, doubled quotes and line ends, to typed columns with zstd level 1"
SIZE, UNIT = 256, "MiB"
COLUMNS = ["id", "user", "created", "score", "flag", "title", "body"]


def prepare(bench):
    return bench.generate(f"posts-{bench.size}.csv", "posts", str(bench.size))


def contestants(bench, data):
    from compare import Contestant

    def facts(path, _):
        return tables.facts_of(path, COLUMNS)

    ingest = [bench.program("ingest/tamis-ingest"), "--no-store", "-q", "--threads", str(bench.threads)]
    found = [Contestant("tamis-ingest", ingest + [data, "-o", "{out}"], facts, ".arrow")]
    for peer, module in (("DuckDB", "duckdb"), ("Polars", "polars"), ("pyarrow", "pyarrow"), ("pandas", "pandas")):
        if bench.has(module):
            command = [bench.python, os.path.abspath(__file__), module, data, "{out}", str(bench.threads)]
            found.append(Contestant(peer, command, facts, ".parquet"))
    return found + tables.csv_limits(bench, data)


def by_polars(data, out, _):
    import polars
    time = polars.col("created").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    polars.scan_csv(data).with_columns(time).sink_parquet(out, compression="zstd", compression_level=1)


def by_pyarrow(data, out, _):
    import pyarrow.csv
    import pyarrow.parquet
    parsing = pyarrow.csv.ParseOptions(newlines_in_values=True)
    table = pyarrow.csv.read_csv(data, parse_options=parsing)
    pyarrow.parquet.write_table(table, out, compression="zstd", compression_level=1)


def by_pandas(data, out, _):
    import pandas
    frame = pandas.read_csv(data, parse_dates=["created"])
    frame.to_parquet(out, compression="zstd", compression_level=1, index=False)


by_duckdb = numbers.by_duckdb

if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])

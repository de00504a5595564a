"""CSV of numbers and times to typed columns, zstd level 1 (W1)."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

TITLE = "CSV of {size} MiB, 20 columns of numbers and times, to typed columns with zstd level 1"
SIZE, UNIT = 512, "MiB"
COLUMNS = ["trip_id", "pickup_ts", "passenger_count", "zone", "fare", "total", "lat"]
TIMES = ["pickup_ts", "dropoff_ts"]
R = "library(data.table); setDTthreads(as.integer(commandArgs(TRUE)[2])); " \
    "d <- fread(commandArgs(TRUE)[1], showProgress = FALSE); cat(nrow(d), '\\n')"


def prepare(bench):
    return bench.generate(f"trips-{bench.size}.csv", "trips", str(bench.size))


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
    if shutil.which("Rscript"):
        found.append(Contestant("data.table (only read)",
                                ["Rscript", "-e", R, data, str(bench.threads)],
                                lambda _, printed: {"rows": int(printed)}, partial=True))
    return found + tables.csv_limits(bench, data)


def by_polars(data, out, _):
    import polars
    times = polars.col(*TIMES).str.to_datetime("%Y-%m-%d %H:%M:%S")
    polars.scan_csv(data).with_columns(times).sink_parquet(out, compression="zstd", compression_level=1)


def by_duckdb(data, out, threads):
    tables.duckdb_to_parquet(f"SELECT * FROM read_csv('{data}', header=true)", out, threads)


def by_pyarrow(data, out, _):
    import pyarrow.csv
    import pyarrow.parquet
    table = pyarrow.csv.read_csv(data)
    pyarrow.parquet.write_table(table, out, compression="zstd", compression_level=1)


def by_pandas(data, out, _):
    import pandas
    frame = pandas.read_csv(data, parse_dates=TIMES)
    frame.to_parquet(out, compression="zstd", compression_level=1, index=False)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])

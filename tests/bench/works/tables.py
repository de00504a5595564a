"""What the works on tables share: facts of an Arrow or Parquet file, and commands of peers."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def facts_of(path, columns):
    """Rows, and of each column the number of values and their sum (texts: of their bytes)."""
    import pyarrow as pa
    import pyarrow.compute as pc
    if path.endswith(".parquet"):
        import pyarrow.parquet as pq
        file = pq.ParquetFile(path)
        batches = file.iter_batches(columns=columns)
    else:
        reader = pa.ipc.open_file(path)
        batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
    facts = {"rows": 0, **{f"{name} {what}": 0 for name in columns for what in ("values", "sum")}}
    for batch in batches:
        facts["rows"] += batch.num_rows
        for name in columns:
            column = batch.column(batch.schema.get_field_index(name))
            facts[name + " values"] += len(column) - column.null_count
            facts[name + " sum"] += number_sum(pa, pc, column)
    return facts


def number_sum(pa, pc, column):
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = pc.cast(column, pa.timestamp("us", tz=kind.tz)).cast(pa.int64())
        column = pc.divide(column, 1000000)
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
        column = pc.binary_length(column)
    return pc.sum(column.cast(pa.float64())).as_py() or 0


def csv_limits(bench, data):
    """Plain C that splits, converts and compresses, and checks nothing; the two differ by what zstd takes."""
    import json

    from compare import Contestant

    def rows(_, printed):
        return {"rows": json.loads(printed)["rows"]}
    command = [bench.program("tests/bench/csv_limit"), data, str(bench.threads)]
    return [Contestant("limit: plain C with zstd", command + ["zstd"], rows),
            Contestant("limit: plain C without zstd", command + ["none"], rows)]


def duckdb_to_parquet(select, out, threads):
    import duckdb
    connection = duckdb.connect()
    connection.execute(f"SET threads={threads}")
    connection.execute(f"COPY ({select}) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")

"""Exact deduplication of texts: the first row of each text stays (W8)."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

TITLE = "{size} texts of 40 to 80 words, a tenth of them copies and a tenth nearly so: the first of equal ones stays"
SIZE, UNIT = 1000000, "texts"


def texts(size):
    """Words of a Zipf-like vocabulary; a copy, and a copy with a few words changed, of some text before."""
    import numpy as np
    random = np.random.default_rng(8)
    words = np.array(["".join(chr(97 + c) for c in random.integers(0, 26, 3 + i % 7)) for i in range(20000)])
    kept, out = [], []
    for i in range(size):
        kind = random.random()
        if kind < 0.2 and kept:
            chosen = list(kept[int(random.integers(0, len(kept)))])
            if kind < 0.1:
                for place in random.integers(0, len(chosen), 2):
                    chosen[place] = int(random.integers(0, len(words)))
        else:
            chosen = (random.pareto(1.1, int(random.integers(40, 80))) * 20).astype(np.int64) % len(words)
        if len(kept) < 50000:
            kept.append(chosen)
        out.append(" ".join(words[chosen]))
    return out


def prepare(bench):
    path = bench.path(f"documents-{bench.size}")
    if not os.path.exists(path + ".arrow"):
        import pyarrow as pa
        import pyarrow.parquet as pq
        table = pa.table({"id": pa.array(range(bench.size), pa.int64()), "body": texts(bench.size)})
        pq.write_table(table, path + ".parquet", compression="zstd", compression_level=1)
        with pa.ipc.new_file(path + ".arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
            out.write_table(table, max_chunksize=65536)
    return path


def contestants(bench, path):
    from compare import Contestant

    def facts(out, _):
        return tables.facts_of(out, ["id", "body"])

    clean = [bench.program("clean/tamis-clean"), "--no-store", "-q", "--threads", str(bench.threads), "--memory", "1G",
             "--compression", "zstd", "-m", "deduplicate method=key columns=body", path + ".arrow", "-o", "{out}"]
    found = [Contestant("tamis-clean", clean, facts, ".arrow")]
    for peer, module in (("DuckDB", "duckdb"), ("Polars", "polars"), ("pandas", "pandas")):
        if bench.has(module):
            found.append(Contestant(peer, [bench.python, os.path.abspath(__file__), module, path + ".parquet", "{out}",
                                           str(bench.threads)], facts, ".parquet"))
    return found


def by_duckdb(data, out, threads):
    tables.duckdb_to_parquet(f"SELECT min(id) AS id, any_value(body) AS body FROM '{data}' GROUP BY md5_number(body)",
                             out, threads)


def by_polars(data, out, _):
    import polars
    polars.read_parquet(data).unique("body", keep="first", maintain_order=True).write_parquet(
        out, compression="zstd", compression_level=1)


def by_pandas(data, out, _):
    import pandas
    pandas.read_parquet(data).drop_duplicates("body").to_parquet(out, compression="zstd", compression_level=1, index=False)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])

#!/usr/bin/env python3
"""ipc_peers.py FILE [THREADS]: pyarrow and Polars on the file that tests/bench/ipc left: GB/s over the
bytes of the values, best of five, every value read."""
import os
import sys
import time

THREADS = sys.argv[2] if len(sys.argv) > 2 else "1"
os.environ["POLARS_MAX_THREADS"] = THREADS

import polars as pl
import pyarrow as pa
from pyarrow import ipc

pa.set_cpu_count(int(THREADS))
PATH = sys.argv[1]


def measure(name, size, run):
    best = 0
    for _ in range(5):
        start = time.perf_counter()
        run()
        best = max(best, size / (time.perf_counter() - start) / 1e9)
    print("%-28s %8.2f GB/s" % (name, best))


def write(table, compression):
    with ipc.new_file(PATH, table.schema, options=ipc.IpcWriteOptions(compression=compression)) as out:
        out.write_table(table)


def read():
    with pa.OSFile(PATH) as source:
        return ipc.open_file(source).read_all()


def main():
    table = read()
    size = table.nbytes
    for compression in (None, "zstd"):
        word = compression or "plain"
        measure("pyarrow write file " + word, size, lambda: write(table, compression and pa.Codec(
            compression, compression_level=1)))
        measure("pyarrow read file " + word, size, read)
        if compression is None:
            measure("pyarrow read, all checked", size, lambda: read().validate(full=True))
    frame = pl.from_arrow(table)
    for compression in ("uncompressed", "zstd"):
        measure("Polars write file " + compression, size, lambda: frame.write_ipc(PATH, compression=compression))
        measure("Polars read file " + compression, size, lambda: pl.read_ipc(PATH))


main()

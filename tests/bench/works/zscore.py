"""z-score of 16 columns of float32: mean 0 and deviation 1, from file to file (W6). The kernels' own times,
in memory and in place, are what the goal is about."""

import json
import os
import sys

TITLE = "z-score of {size} values of float32 in 16 columns, a file of Arrow to one of float32"
SIZE, UNIT = 100000000, "values"
COLUMNS = 16
FIGURES = {"kernel_ms": "in memory, in place: ms", "scale_ms": "the memory's scale: ms", "share": "scale / our scaling"}


def prepare(bench):
    """The generator of the kernel's own benchmark (zscore.c), cut into columns."""
    path = bench.path(f"zscore-{bench.size}.arrow")
    if os.path.exists(path):
        return path
    import numpy as np
    import pyarrow as pa
    rows = bench.size // COLUMNS
    schema = pa.schema([(f"c{i}", pa.float32()) for i in range(COLUMNS)])
    with pa.OSFile(path + ".part", "wb") as file, pa.ipc.new_file(file, schema) as out:
        for first in range(0, rows, 65536):
            count = min(65536, rows - first)
            n = np.arange(first * COLUMNS, (first + count) * COLUMNS, dtype=np.uint32)
            x = ((n * np.uint32(2654435761) & np.uint32(0xffff)).astype(np.float32) * np.float32(1e-3))
            x = x.reshape(-1, COLUMNS)
            out.write_batch(pa.record_batch([pa.array(x[:, i].copy()) for i in range(COLUMNS)], schema=schema))
    os.rename(path + ".part", path)
    return path


def contestants(bench, data):
    from compare import Contestant
    values = str(bench.size // COLUMNS * COLUMNS)
    found = [Contestant("tamis-clean", [bench.program("clean/tamis-clean"), "--no-store", "-q", "--device", "cpu",
                                        "--threads", str(bench.threads), "--compression", "none", data, "-m",
                                        "normalize dtype=float32", "-o", "{out}"], facts, ".arrow"),
             Contestant("tamis, kernels in memory", [bench.program("tests/bench/zscore"), values, "5", str(bench.threads)],
                        figures=kernels)]
    for peer, module in (("numpy, in place", "numpy"), ("scikit-learn", "sklearn"), ("Polars", "polars")):
        if bench.has(module) and bench.has("pyarrow"):
            found.append(Contestant(peer, [bench.python, os.path.abspath(__file__), module, data, "{out}"], facts,
                                    ".arrow", figures=lambda printed: json.loads(printed or "{}")))
    return found


def kernels(printed):
    found = json.loads(printed)
    return {"kernel_ms": 1e3 * found["zscore"], "scale_ms": 1e3 * found["scale"], "share": found["share"]}


def facts(path, _):
    """To two digits: numpy's deviation is a sum of squares in float32."""
    import numpy as np
    import pyarrow as pa
    table = pa.ipc.open_file(pa.memory_map(path)).read_all()
    x = table["c3"].to_numpy()
    return {"rows": table.num_rows, "first": round(float(x[0]), 2), "sum": round(abs(float(x.mean(dtype=np.float64))), 2),
            "squares": round(float(np.square(x, dtype=np.float64).mean()), 2)}


def read(data):
    import numpy as np
    import pyarrow as pa
    table = pa.ipc.open_file(pa.memory_map(data)).read_all()
    return table.schema, np.column_stack([column.to_numpy() for column in table.columns])


def write(schema, x, out):
    import pyarrow as pa
    with pa.OSFile(out, "wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_table(pa.table([pa.array(x[:, i]) for i in range(COLUMNS)], schema=schema), 65536)


def timed(work):
    """What it gives, and how long it took on stdout."""
    import time
    start = time.perf_counter()
    found = work()
    print(json.dumps({"kernel_ms": 1e3 * (time.perf_counter() - start)}))
    return found


def by_numpy(data, out):
    import numpy as np
    schema, x = read(data)

    def in_place():
        nonlocal x
        x -= x.mean(0, dtype=np.float64).astype(np.float32)
        x *= 1 / np.sqrt(np.einsum("ij,ij->j", x, x) / np.float32(len(x)))
    timed(in_place)
    write(schema, x, out)


def by_sklearn(data, out):
    from sklearn.preprocessing import StandardScaler
    schema, x = read(data)
    write(schema, timed(lambda: StandardScaler(copy=False).fit_transform(x)), out)


def by_polars(data, out):
    import polars as pl
    import polars.selectors as cs
    frame = pl.scan_ipc(data)
    frame.with_columns((cs.all() - cs.all().mean()) / cs.all().std(ddof=0)).collect().write_ipc(out)


if __name__ == "__main__":
    globals()["by_" + sys.argv[1]](*sys.argv[2:])

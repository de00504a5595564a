"""What `tamis-features export` writes, read by DuckDB, pyarrow and NumPy: the same values, shapes and
nulls. Called by export.sh in an empty folder, tamis-features on PATH."""

import datetime
import os
import subprocess
import sys

import duckdb
import numpy
import pyarrow
import pyarrow.ipc

ROWS, broken = 70001, 0


def check(text, good):
    global broken
    print("ok     " if good else "BROKEN ", text)
    broken += not good


def export(*arguments):
    return subprocess.run(["tamis-features", "export", "--no-store", "-q", *arguments], capture_output=True, text=True)


def holes(values):
    return [None if at % 7 == 3 else value for at, value in enumerate(values)]


moment = datetime.datetime(2026, 1, 1)
tensors = numpy.arange(ROWS * 6, dtype=numpy.float32).reshape(ROWS, 2, 3)
columns = {
    "bool": pyarrow.array([at % 3 == 0 for at in range(ROWS)]),
    "f16": pyarrow.array(holes([float(at % 50) for at in range(ROWS)]), pyarrow.float16()),
    "f32": pyarrow.array(holes([at / 4 for at in range(ROWS)]), pyarrow.float32()),
    "f64": pyarrow.array(holes([at / 7 for at in range(ROWS)])),
    "date": pyarrow.array(holes([moment.date() + datetime.timedelta(at % 999) for at in range(ROWS)])),
    "us": pyarrow.array(holes([moment + datetime.timedelta(seconds=at) for at in range(ROWS)]), pyarrow.timestamp("us")),
    "ns": pyarrow.array(holes(range(ROWS)), pyarrow.timestamp("ns")),
    "span": pyarrow.array(holes(range(-9, ROWS - 9)), pyarrow.duration("ms")),
    "tensor": pyarrow.FixedShapeTensorArray.from_numpy_ndarray(tensors),
    "list": pyarrow.array(holes([[at, None] for at in range(ROWS)]), pyarrow.list_(pyarrow.float64(), 2)),
    "nested": pyarrow.array([[[at, 1], [2, 3], [4, -at]] for at in range(ROWS)],
                            pyarrow.list_(pyarrow.list_(pyarrow.int32(), 2), 3)),
}
for bits in (8, 16, 32, 64):
    columns[f"i{bits}"] = pyarrow.array([at % 100 - 50 for at in range(ROWS)], getattr(pyarrow, f"int{bits}")())
    columns[f"u{bits}"] = pyarrow.array([at % 200 for at in range(ROWS)], getattr(pyarrow, f"uint{bits}")())
table = pyarrow.table({**columns, "text": pyarrow.array(holes([f"Zürich {at % 9}" for at in range(ROWS)]))})
with pyarrow.ipc.new_file("in.arrow", table.schema) as writer:
    for at in range(0, ROWS, 999):
        writer.write_table(table.slice(at, 999).combine_chunks())

check("npy is written", export("in.arrow", "--columns", ",".join(columns), "-o", "out.npy").returncode == 0)
check("a file a column, nothing else", sorted(os.listdir("out.npy")) == sorted(f"{name}.npy" for name in columns))
for name in columns:
    found, given = numpy.load(f"out.npy/{name}.npy"), table[name]
    if name == "tensor":
        expected = tensors
    elif name in ("list", "nested"):
        nothing = [numpy.nan, numpy.nan]
        expected = numpy.array([nothing if row is None else row for row in given.to_pylist()],
                               numpy.float64 if name == "list" else numpy.int32)
    elif name == "date":
        expected = numpy.array(given.to_pylist(), "datetime64[D]")
    else:
        expected = given.to_numpy()
    same = numpy.array_equal(found, expected, equal_nan=expected.dtype.kind in "fMm")
    check(f"NumPy: {name} {found.dtype} {found.shape}", same and found.dtype == expected.dtype)

before = [name for name in table.column_names if name not in ("tensor", "nested", "list", "span", "f16", "ns")]
check("Parquet is written", export("in.arrow", "--columns", ",".join(before), "-o", "out.parquet").returncode == 0)
connection = duckdb.connect()
rows = connection.execute("SELECT * FROM 'out.parquet'").fetchall()
for at, name in enumerate(before):
    if [row[at] for row in rows] != table[name].to_pylist():
        check(f"DuckDB: {name}", False)
groups = connection.execute("SELECT max(row_group_id) + 1 FROM parquet_metadata('out.parquet')").fetchone()[0]
check(f"DuckDB: {len(rows)} rows in {groups} row groups", len(rows) == ROWS and groups < 8)

marked = pyarrow.table({"who": table["i64"], "what": table["i64"]}, pyarrow.schema(
    [pyarrow.field("who", pyarrow.int64(), metadata={"tamis:personal": "true"}), pyarrow.field("what", pyarrow.int64())]))
with pyarrow.ipc.new_file("marked.arrow", marked.schema) as writer:
    writer.write_table(marked)
check("personal Parquet is written", export("marked.arrow", "-o", "marked.parquet").returncode == 0)
least = connection.execute("SELECT DISTINCT path_in_schema, stats_min_value FROM parquet_metadata('marked.parquet')").fetchall()
check("no minimum of a personal column", sorted(least) == [("what", "-50"), ("who", None)])

for name in ("csv", "jsonl"):
    check(f"{name} is written", export("in.arrow", "--columns", "i64,f64,text", "-o", f"out.{name}").returncode == 0)
    read = {"csv": "read_csv('out.csv')", "jsonl": "read_json('out.jsonl', format='newline_delimited')"}[name]
    rows = connection.execute(f"SELECT * FROM {read}").fetchall()
    check(f"DuckDB: the same in {name}", rows == list(zip(*(table[n].to_pylist() for n in ("i64", "f64", "text")))))
check("arrow is written", export("in.arrow", "-o", "out.arrow").returncode == 0)
check("pyarrow: the same in arrow", pyarrow.ipc.open_file("out.arrow").read_all().equals(table))
sys.exit(broken != 0)

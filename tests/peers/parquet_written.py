"""What columnar/parquet_write writes, read by pyarrow, DuckDB and Polars: the same values; minimum and
maximum are right, and absent where they were not wanted. Called by parquet.sh: argument: parquet_copy."""

import datetime
import decimal
import random
import subprocess
import sys

import duckdb
import polars
import pyarrow
import pyarrow.compute
import pyarrow.ipc
import pyarrow.parquet

copy, broken, ROWS = sys.argv[1], 0, 5000
random.seed(11)


def check(text, good):
    global broken
    print("ok     " if good else "BROKEN ", text)
    broken += not good


def holes(values, share=0.15):
    return [None if random.random() < share else value for value in values]


def column(make, kind, share=0.15):
    return pyarrow.array(holes([make(i) for i in range(ROWS)], share), kind)


def table():
    made = {
        "bool": column(lambda i: i % 3 == 0, pyarrow.bool_()), "full": column(lambda i: i, pyarrow.int64(), 0),
        "f32": column(lambda i: i / 4 - 99, pyarrow.float32()), "f64": column(lambda i: i / 7, pyarrow.float64()),
        "nan": column(lambda i: [1.0, float("nan")][i % 2], pyarrow.float64()),
        "zero": column(lambda i: [0.0, -0.0][i % 2], pyarrow.float64()), "f16": column(lambda i: float(i % 50), pyarrow.float16()),
        "text": column(lambda i: f"Zürich {i % 40}", pyarrow.string()), "unique": column(lambda i: f"{i * 7919}", pyarrow.string()),
        "long": column(lambda i: "x" * 100 + str(i), pyarrow.string()), "empty": column(lambda i: "", pyarrow.string()),
        "bytes": column(lambda i: bytes([i % 256, 255]), pyarrow.binary()), "fixed": column(lambda i: bytes([i % 256, 0, 1]), pyarrow.binary(3)),
        "date": column(lambda i: i - 2000, pyarrow.date32()), "t_ms": column(lambda i: i * 1000, pyarrow.time32("ms")),
        "t_s": column(lambda i: i, pyarrow.time32("s")), "t_us": column(lambda i: i * 10 ** 6, pyarrow.time64("us")),
        "ts_s": column(lambda i: i * 10 ** 5, pyarrow.timestamp("s")), "ts_ms": column(lambda i: -i * 10 ** 8, pyarrow.timestamp("ms")),
        "ts_us": column(lambda i: i * 10 ** 12, pyarrow.timestamp("us", "UTC")), "ts_ns": column(lambda i: i * 10 ** 15, pyarrow.timestamp("ns")),
        "dec": column(lambda i: decimal.Decimal(i * 37 - 9999) / 100, pyarrow.decimal128(12, 2)),
        "nothing": pyarrow.array([None] * ROWS, pyarrow.int32()),
        "dictionary": column(lambda i: "abc"[i % 3], pyarrow.string()).dictionary_encode(),
        "l": column(lambda i: holes(range(i % 5)), pyarrow.list_(pyarrow.int64())),
        "lt": column(lambda i: holes([str(i)] * (i % 3)), pyarrow.list_(pyarrow.string())),
        "lb": column(lambda i: [i % 2 == 0] * (i % 4), pyarrow.list_(pyarrow.bool_())),
    }
    for bits in (8, 16, 32, 64):
        top = (1 << bits) - 1
        made[f"u{bits}"] = column(lambda i, t=top: t - i % 200, getattr(pyarrow, f"uint{bits}")())
        made[f"i{bits}"] = column(lambda i, t=top: t // 2 - i % 200 if i % 2 else -(t // 2), getattr(pyarrow, f"int{bits}")())
    return pyarrow.table(made)


def same(a, b):
    return [repr(v) for v in a] == [repr(v) for v in b]


def quoted(name):
    return f'"{name}"'


given = table()
with pyarrow.ipc.new_file("in.arrow", given.schema.with_metadata({"tamis:run": "x"})) as writer:
    for at in range(0, ROWS, 1700):
        writer.write_table(given.slice(at, 1700).combine_chunks())
subprocess.run([copy, "in.arrow", "out.parquet", "unique"], check=True)

read = pyarrow.parquet.read_table("out.parquet")
read.validate(full=True)
check("pyarrow: names", read.column_names == given.column_names)
for name in given.column_names:
    ours, theirs = given[name], read[name]
    if pyarrow.types.is_dictionary(ours.type):
        ours = ours.cast(pyarrow.string())
    if ours.type != theirs.type and not name.endswith("_s") and name[0] != "l":
        check(f"pyarrow: type of {name}: {theirs.type}", False)
    equal = same(ours.to_pylist(), theirs.to_pylist())
    if not equal:
        check(f"pyarrow: values of {name}", False)
check(f"pyarrow: {len(given.column_names)} columns of {ROWS} rows", broken == 0)

connection = duckdb.connect()
other = {"t_ms", "t_s", "t_us", "ts_s", "ts_ms", "ts_us", "ts_ns", "zero", "nan", "f16"}
plain = [name for name in given.column_names if name not in other]
by_duckdb = connection.execute(f"SELECT {', '.join(map(quoted, plain))} FROM 'out.parquet'").fetchall()
for at, name in enumerate(plain):
    if not same(given[name].to_pylist(), [row[at] for row in by_duckdb]):
        check(f"DuckDB: values of {name}", False)
check("DuckDB: the same values", broken == 0)
check("DuckDB: moments", connection.execute(
    "SELECT sum(epoch_ms(ts_s)), sum(epoch_ms(ts_ms)), sum(epoch_us(ts_us)), sum(epoch_ns(ts_ns)) FROM 'out.parquet'").fetchone()
    == tuple(sum(filter(None, given[n].cast(pyarrow.int64()).to_pylist())) * f
             for n, f in (("ts_s", 1000), ("ts_ms", 1), ("ts_us", 1), ("ts_ns", 1))))
for name, value in (("full", 4321), ("text", "Zürich 7"), ("u64", 2 ** 64 - 5), ("i8", -127), ("date", datetime.date(1970, 3, 1))):
    found = connection.execute(f"SELECT count(*) FROM 'out.parquet' WHERE {quoted(name)} = ?", [value]).fetchone()[0]
    check(f"DuckDB: {name} = {value} by minimum and maximum", found == given[name].to_pylist().count(value) > 0)

before = broken
by_polars = polars.read_parquet("out.parquet")
expected = polars.from_arrow(given).with_columns(polars.col("ts_s").cast(polars.Datetime("ms")), polars.col("dictionary").cast(polars.String))
for name in given.column_names:
    if not same(expected[name].to_list(), by_polars[name].to_list()):
        check(f"Polars: values of {name}", False)
check("Polars: the same values", broken == before)

file = pyarrow.parquet.ParquetFile("out.parquet").metadata
check("key-values", file.metadata.get(b"tamis:run") == b"x")
wrong = 0
for group in range(file.num_row_groups):
    part = given.slice(group * 1700, 1700)
    for at in range(file.num_columns):
        chunk = file.row_group(group).column(at)
        name = chunk.path_in_schema.split(".")[0]
        statistics = chunk.statistics
        if name in ("unique", "nan", "long", "fixed", "dec", "f16", "nothing"):
            wrong += statistics is not None and statistics.has_min_max
        elif name not in ("l", "lt", "lb", "ts_s", "t_s", "dictionary", "bytes"):
            wrong += not statistics.has_min_max or statistics.null_count != part[name].null_count
            limits = pyarrow.compute.min_max(part[name]) if name != "bool" else {"min": False, "max": True}
            least = limits["min"] if name == "bool" else limits["min"].as_py()
            if statistics.min != least:
                wrong += 1
                print(name, statistics.min, least)
check("minimum, maximum and nulls, and none where they are not wanted", wrong == 0)
sys.exit(broken != 0)

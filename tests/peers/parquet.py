"""Parquet files that pyarrow, DuckDB and Polars write, over the matrix of types, encodings, codecs, page
versions, nulls, lists and row groups: what tamis-ingest makes of them has the values that pyarrow reads.
Called by parquet.sh, in a folder of its own."""

import datetime
import decimal
import itertools
import random
import struct
import subprocess
import sys

import duckdb
import polars
import pyarrow
import pyarrow.compute
import pyarrow.ipc
import pyarrow.parquet

files = columns = different = 0
random.seed(7)


def plain(column):
    """Values to compare: texts without dictionaries, NaN equal to NaN, -0.0 not equal to 0.0."""
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if isinstance(kind, pyarrow.ExtensionType) or isinstance(kind, pyarrow.BaseExtensionType):
        column = pyarrow.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
    if pyarrow.types.is_timestamp(kind):
        column = column.cast(pyarrow.timestamp(kind.unit))
        return [kind.unit] + column.cast(pyarrow.int64()).to_pylist()
    if pyarrow.types.is_time64(kind):
        return [kind.unit] + column.cast(pyarrow.int64()).to_pylist()
    if pyarrow.types.is_duration(kind):
        return column.cast(pyarrow.int64()).to_pylist()
    values = column.to_pylist()
    return [repr(value) if isinstance(value, (float, list)) else value for value in values]


def ingest(path, *options):
    subprocess.run(["tamis-ingest", "-q", "--no-store", path, "-o", "out.arrow", *options], check=True)
    with pyarrow.ipc.open_file("out.arrow") as reader:
        return reader.read_all()


def theirs(path):
    """pyarrow's reading, structs taken apart as ours are."""
    table = pyarrow.parquet.ParquetFile(path).read()
    while any(pyarrow.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def check(path, what, *options):
    global files, columns, different
    files += 1
    expected = theirs(path)
    try:
        found = ingest(path, *options)
        found.validate(full=True)
    except Exception as error:
        different += 1
        print("BROKEN ", what, error)
        return
    names = [name for name in found.column_names if name not in ("_source", "_record")]
    if names != expected.column_names:
        different += 1
        print("BROKEN ", what, "columns", names, expected.column_names)
        return
    if found["_record"].to_pylist() != list(range(1, expected.num_rows + 1)):
        different += 1
        print("BROKEN ", what, "record numbers")
    for name in names:
        columns += 1
        ours, other = plain(found[name]), plain(expected[name])
        if ours != other:
            different += 1
            at = next((i for i, (a, b) in enumerate(zip(ours, other)) if a != b), min(len(ours), len(other)))
            print("BROKEN ", what, name, found[name].type, expected[name].type, "value", at,
                  repr(ours[at:at + 1])[:100], repr(other[at:at + 1])[:100])


# ---- values ----

def some(make, count, nulls):
    """`count` values, of which about a share of `nulls` is none, in stretches and alone."""
    values = []
    while len(values) < count:
        if random.random() < nulls:
            values += [None] * random.choice([1, 1, 2, 40])
        values.append(make())
    return values[:count]


def text():
    return random.choice(["", "a", "Zürich", "名前", "x" * 40, "fifteen bytes..", "sixteen bytes...",
                          str(random.randrange(1000))])


def shortened(code, value):
    """The float that fits into fewer bytes."""
    return struct.unpack(code, struct.pack(code, value))[0]


def integer(bits, signed):
    low = -(1 << bits - 1) if signed else 0
    high = (1 << bits - (1 if signed else 0)) - 1
    return random.choice([low, high, 0, 1, random.randint(low, high), random.randint(0, 100)])


def number(digits):
    return random.choice([-1, 1]) * random.randrange(10 ** random.randrange(1, digits + 1))


def types(count, nulls):
    dec = lambda digits, scale: (lambda: decimal.Decimal(number(digits)).scaleb(-scale, decimal.Context(prec=80)))
    made = {
        "bool": (lambda: random.random() < 0.5, pyarrow.bool_()),
        "f32": (lambda: shortened("f", random.gauss(0, 1)), pyarrow.float32()),
        "f64": (lambda: random.choice([random.gauss(0, 1), 0.0, -0.0, 1e300]), pyarrow.float64()),
        "f16": (lambda: shortened("e", random.gauss(0, 1)), pyarrow.float16()),
        "text": (text, pyarrow.string()),
        "large": (text, pyarrow.large_string()),
        "bytes": (lambda: bytes(random.randrange(256) for _ in range(random.randrange(20))), pyarrow.binary()),
        "fixed": (lambda: bytes(random.randrange(256) for _ in range(5)), pyarrow.binary(5)),
        "date": (lambda: integer(20, True), pyarrow.date32()),
        "time_s": (lambda: random.randrange(86400), pyarrow.time32("s")),
        "time_ms": (lambda: random.randrange(86400000), pyarrow.time32("ms")),
        "time_us": (lambda: random.randrange(86400000000), pyarrow.time64("us")),
        "time_ns": (lambda: random.randrange(86400000000000), pyarrow.time64("ns")),
        "ts_ms": (lambda: integer(42, True), pyarrow.timestamp("ms")),
        "ts_us": (lambda: integer(50, True), pyarrow.timestamp("us", "UTC")),
        "ts_ns": (lambda: integer(62, True), pyarrow.timestamp("ns")),
        "ts_zone": (lambda: integer(50, True), pyarrow.timestamp("us", "Europe/Paris")),
        "dec9": (dec(9, 2), pyarrow.decimal128(9, 2)),
        "dec18": (dec(18, 4), pyarrow.decimal128(18, 4)),
        "dec38": (dec(38, 10), pyarrow.decimal128(38, 10)),
        "dec76": (dec(76, 10), pyarrow.decimal256(76, 10)),
        "dictionary": (lambda: random.choice("abc"), pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
        "nothing": (lambda: None, pyarrow.null()),
    }
    for bits in (8, 16, 32, 64):
        made[f"i{bits}"] = (lambda b=bits: integer(b, True), getattr(pyarrow, f"int{bits}")())
        made[f"u{bits}"] = (lambda b=bits: integer(b, False), getattr(pyarrow, f"uint{bits}")())
    return {name: pyarrow.array(some(make, count, nulls), kind) for name, (make, kind) in made.items()}


def lists(count, nulls):
    def of(make):
        return lambda: some(make, random.choice([0, 1, 2, 3, 17]), nulls)
    made = {
        "l_int": (of(lambda: integer(64, True)), pyarrow.list_(pyarrow.int64())),
        "l_text": (of(text), pyarrow.list_(pyarrow.string())),
        "l_bool": (of(lambda: random.random() < 0.5), pyarrow.list_(pyarrow.bool_())),
        "l_f64": (of(lambda: random.gauss(0, 1)), pyarrow.list_(pyarrow.float64())),
        "l_dec": (of(lambda: decimal.Decimal(number(20))), pyarrow.list_(pyarrow.decimal128(20, 0))),
        "l_date": (of(lambda: integer(20, True)), pyarrow.list_(pyarrow.date32())),
        "l_i8": (of(lambda: integer(8, True)), pyarrow.list_(pyarrow.int8())),
    }
    return {name: pyarrow.array(some(make, count, nulls), kind) for name, (make, kind) in made.items()}


# ---- pyarrow ----

def write(table, what, *options, **settings):
    pyarrow.parquet.write_table(table, "t.parquet", **settings)
    check("t.parquet", what, *options)


def by_pyarrow():
    every = pyarrow.table({**types(3000, 0.1), **lists(3000, 0.1)})
    full = pyarrow.table({**types(500, 0), **lists(500, 0)})
    empty = every.slice(0, 0)
    for codec, version in itertools.product(["none", "snappy", "gzip", "zstd", "lz4"], ["1.0", "2.0"]):
        for dictionary in (True, False):
            settings = dict(compression=codec, data_page_version=version, use_dictionary=dictionary,
                            data_page_size=1000, write_page_checksum=True)
            write(every, f"pyarrow {settings}", **settings)
            write(full, f"pyarrow full {settings}", "--chunk-rows", "77", **settings)
    write(every, "pyarrow groups", row_group_size=100)
    write(every, "pyarrow groups, small pieces", "--chunk-rows", "33", row_group_size=100)
    write(empty, "pyarrow empty")
    write(every, "pyarrow fallback", dictionary_pagesize_limit=200, data_page_size=500)
    write(every.drop(["ts_ns", "time_ns"]), "pyarrow 1.0 types", version="1.0")
    write(every, "pyarrow one page", "--chunk-rows", "100", data_page_size=1 << 30)
    write(every.select(["ts_us", "ts_ms", "ts_ns"]), "pyarrow int96", use_deprecated_int96_timestamps=True)
    plain_lists = pyarrow.table(lists(2000, 0.2))
    for version in ("1.0", "2.0"):
        write(plain_lists, f"pyarrow two-level lists {version}", use_compliant_nested_type=False,
              data_page_size=300, data_page_version=version)
        write(plain_lists, f"pyarrow lists, small pieces {version}", "--chunk-rows", "13", data_page_size=300,
              data_page_version=version)
    required = pyarrow.schema([pyarrow.field(f.name, f.type, nullable=f.name == "nothing") for f in full.schema])
    write(full.cast(required), "pyarrow required")
    write(full.cast(required), "pyarrow required 2.0", data_page_version="2.0")


def by_encodings():
    table = {**types(3000, 0.1), **lists(3000, 0.1)}
    fitting = {
        "DELTA_BINARY_PACKED": ["i8", "i16", "i32", "i64", "u8", "u32", "u64", "date", "ts_us", "time_ms", "l_int"],
        "DELTA_LENGTH_BYTE_ARRAY": ["text", "bytes", "large", "l_text"],
        "DELTA_BYTE_ARRAY": ["text", "bytes", "fixed", "dec38", "l_text"],
        "BYTE_STREAM_SPLIT": ["f32", "f64", "i32", "i64", "fixed", "f16", "dec38", "l_f64", "ts_us"],
        "RLE": ["bool", "l_bool"],
        "PLAIN": list(table),
    }
    for encoding, names in fitting.items():
        for version, codec, size in itertools.product(["1.0", "2.0"], ["none", "zstd"], [700, 1 << 20]):
            chosen = pyarrow.table({name: table[name] for name in names})
            leaves = {name: encoding for name in names}
            leaves.update({f"{name}.list.element": encoding for name in names if name.startswith("l_")})
            settings = dict(column_encoding=leaves, use_dictionary=False, data_page_version=version,
                            compression=codec, data_page_size=size)
            write(chosen, f"{encoding} {version} {codec} {size}", **settings)
            write(chosen, f"{encoding} {version} {codec} {size} small pieces", "--chunk-rows", "101", **settings)
    rising = pyarrow.table({"a": pyarrow.array(range(-50000, 50000), pyarrow.int64()),
                            "b": pyarrow.array([(1 << 62) * (i % 2 * 2 - 1) for i in range(100000)]),
                            "c": pyarrow.array([f"prefix/{i:06}" for i in range(100000)])})
    write(rising, "deltas, large", use_dictionary=False,
          column_encoding={"a": "DELTA_BINARY_PACKED", "b": "DELTA_BINARY_PACKED", "c": "DELTA_BYTE_ARRAY"})


def by_structs():
    inner = [None if i % 7 == 0 else {"x": i if i % 3 else None, "y": {"z": str(i)} if i % 5 else None,
                                      "l": [i] * (i % 3)} for i in range(1000)]
    table = pyarrow.table({"a": range(1000), "s": inner})
    write(table, "pyarrow structs", data_page_size=300)
    write(table, "pyarrow structs 2.0", data_page_version="2.0", compression="none")


def by_size():
    """More rows than a piece, dictionaries with many entries, runs, wide rows."""
    count = 150000
    table = pyarrow.table({
        "n": pyarrow.array(range(count)), "run": pyarrow.array([i // 50000 for i in range(count)]),
        "few": pyarrow.array([f"value {i * 7919 % 97}" for i in range(count)]),
        "many": pyarrow.array([f"{i * 7919 % 90001}" for i in range(count)]),
        "holes": pyarrow.array([None if i // 1000 % 3 else i for i in range(count)], pyarrow.int32()),
        "none": pyarrow.array([None] * count, pyarrow.float64()),
        "l": pyarrow.array([[i] * (i % 3) for i in range(count)]),
    })
    for codec, group in (("zstd", 1 << 20), ("snappy", 70000), ("none", 1000)):
        write(table, f"large {codec} {group}", compression=codec, row_group_size=group)
        write(table, f"large 2.0 {codec} {group}", "--threads", "3", compression=codec, row_group_size=group,
              data_page_version="2.0")
    wide = pyarrow.table({"t": pyarrow.array([chr(97 + i % 26) * 5000 for i in range(8000)])})
    write(wide, "wide texts", use_dictionary=False)
    write(wide, "wide texts in a dictionary")


# ---- DuckDB, Polars ----

DUCKDB = """CREATE TABLE t AS SELECT i::INTEGER AS i, (i * 1000003)::BIGINT AS b, i::UTINYINT AS u8, -i::SMALLINT AS s16,
    CASE WHEN i % 7 = 0 THEN NULL ELSE 'text ' || (i % 50) END AS t, i % 3 = 0 AS f, i / 7.0 AS d, (i / 3)::FLOAT AS r,
    (i / 100)::DECIMAL(4, 1) AS d4, (i / 100)::DECIMAL(9, 2) AS d9, (i / 100)::DECIMAL(18, 3) AS d18,
    (i * 12345678901234567890)::DECIMAL(38, 4) AS d38, DATE '2020-01-01' + i::INTEGER AS day,
    TIMESTAMP '2020-01-01 00:00:00' + to_seconds(i) AS at, (TIMESTAMP '2020-01-01' + to_seconds(i))::TIMESTAMPTZ AS atz,
    (TIMESTAMP '2020-01-01' + to_seconds(i))::TIMESTAMP_NS AS ns, (TIMESTAMP '2020-01-01' + to_seconds(i))::TIMESTAMP_MS AS ms,
    TIME '12:00:00' + to_seconds(i) AS clock, encode('b' || i) AS blob, md5(i::VARCHAR)::UUID AS uuid,
    [i, NULL, i + 1][: i % 4] AS l, CASE WHEN i % 3 = 0 THEN NULL ELSE ['a', NULL, '' || i] END AS lt,
    {'x': i, 'y': 'b' || i} AS s FROM range(240) AS r(i)"""


def by_duckdb():
    connection = duckdb.connect()
    connection.execute(DUCKDB)
    for codec, version in itertools.product(["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"], ["v1", "v2"]):
        connection.execute(f"COPY t TO 'd.parquet' (FORMAT parquet, CODEC '{codec}', PARQUET_VERSION '{version}')")
        check("d.parquet", f"DuckDB {codec} {version}")
        check("d.parquet", f"DuckDB {codec} {version} small pieces", "--chunk-rows", "17")
    connection.execute("COPY (SELECT * FROM t, range(600)) TO 'd.parquet' (FORMAT parquet, PARQUET_VERSION 'v2')")
    check("d.parquet", "DuckDB large")
    connection.execute("COPY (SELECT i, t, l FROM t, range(2000)) TO 'd.parquet' (FORMAT parquet, ROW_GROUP_SIZE 4096)")
    check("d.parquet", "DuckDB groups")
    connection.execute("COPY (SELECT * FROM t LIMIT 0) TO 'd.parquet' (FORMAT parquet)")
    check("d.parquet", "DuckDB empty")
    connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok'); COPY (SELECT (CASE WHEN i % 2 = 0 THEN 'ok' ELSE 'sad' END)"
                       "::mood AS m, '{\"a\": 1}'::JSON AS j, INTERVAL 3 DAY AS v FROM t) TO 'd.parquet' (FORMAT parquet)")
    check_texts("d.parquet", "DuckDB enum and JSON", connection)


def check_texts(path, what, connection):
    """What pyarrow reads as bytes: compared with DuckDB's own reading."""
    global files, columns, different
    files, columns = files + 1, columns + 2
    found = ingest(path)
    expected = connection.execute(f"SELECT m::VARCHAR, j::VARCHAR FROM '{path}'").fetchall()
    if list(zip(found["m"].to_pylist(), found["j"].to_pylist())) != expected:
        different += 1
        print("BROKEN ", what)


def by_polars():
    count = 5000
    frame = polars.DataFrame({
        "i": range(count), "t": [None if i % 9 == 0 else f"t{i % 400}" for i in range(count)],
        "f": [i / 7 for i in range(count)], "b": [i % 3 == 0 for i in range(count)],
        "d": [datetime.date(2020, 1, 1) + datetime.timedelta(i) for i in range(count)],
        "at": [datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=i) for i in range(count)],
        "clock": [datetime.time(i % 24, i % 60) for i in range(count)],
        "dec": [decimal.Decimal(i) / 100 for i in range(count)],
        "l": [[i] * (i % 4) if i % 5 else None for i in range(count)],
        "lt": [["a", None, str(i)] for i in range(count)],
        "bin": [bytes([i % 256]) * (i % 5) for i in range(count)],
        "s": [{"x": i, "y": None} for i in range(count)],
    }).with_columns(polars.col("t").cast(polars.Categorical).alias("c"), polars.col("i").cast(polars.UInt16).alias("u16"),
                    polars.col("i").cast(polars.Int8, strict=False).alias("i8"))
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4"):
        frame.write_parquet("p.parquet", compression=codec, data_page_size=2000)
        check("p.parquet", f"Polars {codec}")
        frame.write_parquet("p.parquet", compression=codec, row_group_size=700)
        check("p.parquet", f"Polars groups {codec}", "--chunk-rows", "123")
    frame.clear().write_parquet("p.parquet")
    check("p.parquet", "Polars empty")


for group in (by_pyarrow, by_encodings, by_structs, by_size, by_duckdb, by_polars):
    group()
print(f"{files} files, {columns} columns compared, {different} different")
sys.exit(different != 0)

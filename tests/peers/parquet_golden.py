"""Makes tests/data/parquet anew: small Parquet files by pyarrow, DuckDB and Polars, and beside each what
pyarrow reads out of it as JSON lines (printed by tamis-features cat). Run by hand, in that folder, with
the programs on PATH, when a layout is to be added: python parquet_golden.py"""

import datetime
import decimal
import subprocess

import duckdb
import polars
import pyarrow
import pyarrow.ipc
import pyarrow.parquet as parquet

ROWS = 40


def holes(values, every):
    return [None if i % every == every - 1 else value for i, value in enumerate(values)]


def column(kind, values, every=5):
    return pyarrow.array(holes(values, every), kind)


def table():
    n = range(ROWS)
    return pyarrow.table({
        "bool": column(pyarrow.bool_(), [i % 3 == 0 for i in n]),
        "i8": column(pyarrow.int8(), [i - 20 for i in n]), "u8": column(pyarrow.uint8(), [i * 6 for i in n]),
        "i16": column(pyarrow.int16(), [i * 800 for i in n]), "u16": column(pyarrow.uint16(), [i * 1600 for i in n]),
        "i32": column(pyarrow.int32(), [-i * 10 ** 7 for i in n]), "u32": column(pyarrow.uint32(), [i * 10 ** 8 for i in n]),
        "i64": column(pyarrow.int64(), [i * 2 ** 57 - 2 ** 62 for i in n]),
        "u64": column(pyarrow.uint64(), [2 ** 64 - 1 - i for i in n]),
        "f32": column(pyarrow.float32(), [i / 4 for i in n]), "f64": column(pyarrow.float64(), [i / 7 for i in n]),
        "text": column(pyarrow.string(), [["", "a", "Zürich", "名前"][i % 4] for i in n], 7),
        "bytes": column(pyarrow.binary(), [bytes([i, 255]) for i in n]),
        "fixed": column(pyarrow.binary(3), [bytes([i, 0, 255]) for i in n]),
        "date": column(pyarrow.date32(), [i * 700 - 9000 for i in n]),
        "time": column(pyarrow.time64("us"), [i * 10 ** 9 for i in n]),
        "ts": column(pyarrow.timestamp("us", "UTC"), [i * 10 ** 14 - 10 ** 15 for i in n]),
        "wall": column(pyarrow.timestamp("ns"), [i * 10 ** 17 for i in n]),
        "dec": column(pyarrow.decimal128(9, 2), [decimal.Decimal(i * 1001 - 9999) / 100 for i in n]),
        "dec38": column(pyarrow.decimal128(38, 6), [decimal.Decimal(10 ** 31 - i).scaleb(-6) * (i % 2 * 2 - 1) for i in n]),
        "l": pyarrow.array([None if i % 6 == 5 else holes(range(i % 4), 3) for i in n], pyarrow.list_(pyarrow.int64())),
        "lt": pyarrow.array([holes([str(i)] * (i % 3), 2) for i in n], pyarrow.list_(pyarrow.string())),
        "s": pyarrow.array([None if i % 4 == 3 else {"x": i, "y": "y" if i % 3 else None} for i in n]),
    })


def keep(name):
    """The answer beside the file."""
    answer = parquet.ParquetFile(name + ".parquet").read()
    while any(pyarrow.types.is_struct(field.type) for field in answer.schema):
        answer = answer.flatten()
    answer = answer.replace_schema_metadata(None)
    with pyarrow.ipc.new_file("answer.arrow", answer.schema) as writer:
        writer.write_table(answer)
    with open(name + ".jsonl", "wb") as file:
        file.write(subprocess.run(["tamis-features", "cat", "answer.arrow", "--format", "jsonl"], check=True,
                                  capture_output=True).stdout)
    subprocess.run(["rm", "answer.arrow"], check=True)


def write(name, what, **settings):
    parquet.write_table(what, name + ".parquet", store_schema=False, **settings)
    keep(name)


every = table()
write("version-1-snappy", every, compression="snappy", data_page_size=100, write_page_checksum=True)
write("version-2-zstd", every, compression="zstd", data_page_version="2.0", data_page_size=100, row_group_size=15)
write("plain-lz4", every, compression="lz4", use_dictionary=False, data_page_size=200)
write("int96-gzip", every.select(["ts", "wall"]), compression="gzip", use_deprecated_int96_timestamps=True)
write("two-level-lists", every.select(["l", "lt"]), use_compliant_nested_type=False, compression="none", data_page_size=60)
encodings = {"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED", "text": "DELTA_LENGTH_BYTE_ARRAY",
             "bytes": "DELTA_BYTE_ARRAY", "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT", "bool": "RLE",
             "fixed": "BYTE_STREAM_SPLIT", "l.list.element": "DELTA_BINARY_PACKED", "lt.list.element": "DELTA_BYTE_ARRAY"}
write("encodings", every.select([name.split(".")[0] for name in encodings]), column_encoding=encodings,
      use_dictionary=False, compression="none", data_page_version="2.0")
write("empty", every.slice(0, 0))

duckdb.execute("""COPY (SELECT i::INTEGER AS i, 'text ' || (i % 7) AS t, CASE WHEN i % 4 = 0 THEN NULL ELSE i / 3 END AS f,
    (i / 8)::DECIMAL(18, 3) AS dec, DATE '2024-02-01' + i::INTEGER AS day, TIMESTAMP '2024-02-01' + to_seconds(i * 4001) AS at,
    [i, NULL][: i % 3] AS l FROM range(40) AS r(i)) TO 'duckdb.parquet' (FORMAT parquet, CODEC 'zstd', PARQUET_VERSION 'v2')""")
keep("duckdb")
polars.DataFrame({
    "i": range(ROWS), "t": holes([f"t{i % 9}" for i in range(ROWS)], 4), "l": [[i] * (i % 3) for i in range(ROWS)],
    "at": [datetime.datetime(2024, 2, 29) + datetime.timedelta(hours=i) for i in range(ROWS)],
}).write_parquet("polars.parquet", row_group_size=16)
keep("polars")

# No answer: what is refused, and texts that are none.
parquet.write_table(pyarrow.table({
    "a": [1, 2], "m": pyarrow.array([[("k", 1)], None], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
    "ll": [[[1], []], None], "ls": [[{"x": 1}], []], "s": [{"x": 1, "ll": [[2]]}, None],
}), "nested.parquet", store_schema=False)
odd = pyarrow.array([b"good", b"\xff\xfe", b"caf\xc3\xa9", b"\xa9", None, b"x" * 5000], pyarrow.binary())
odd = pyarrow.Array.from_buffers(pyarrow.string(), len(odd), odd.buffers())
parquet.write_table(pyarrow.table({"n": range(6), "t": odd, "l": pyarrow.ListArray.from_arrays([0, 0, 1, 1, 4, 5, 6], odd)}),
                    "not-utf8.parquet", store_schema=False, compression="none")

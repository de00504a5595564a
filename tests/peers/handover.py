"""The hand-over opened by other implementations: pyarrow and Polars read the stream and the file that
the stages wrote and find the values of the CSV that `tamis-features cat` prints; and tamis reads what
pyarrow writes. Called by handover.sh, which made the files."""

import csv
import io
import subprocess
import sys

import polars
import pyarrow
import pyarrow.csv
import pyarrow.ipc

broken = 0


def check(text, good):
    global broken
    print("ok     " if good else "BROKEN ", text)
    broken += not good


def cat(path):
    """The rows as texts, as our own reader prints them."""
    text = subprocess.run(["tamis-features", "cat", path, "--format", "csv"], check=True,
                          capture_output=True).stdout.decode()
    return list(csv.reader(io.StringIO(text)))


def shown(value):
    """A Python value as our CSV shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts(table):
    """The rows of a pyarrow table as texts; a number by its value, so that 1.0 and 1 are equal."""
    columns = [column.to_pylist() for column in table.columns]
    return [[shown(value) for value in row] for row in zip(*columns)]


def same(ours, theirs):
    if len(ours) != len(theirs):
        return False
    for our_row, their_row in zip(ours, theirs):
        for a, b in zip(our_row, their_row):
            if a != b and (a == "" or b == "" or float(a) != float(b)):
                return False
    return True


ours = cat("clean.arrow")
header, rows = ours[0], ours[1:]

with pyarrow.ipc.open_file("clean.arrow") as reader:
    by_file = reader.read_all()
with pyarrow.ipc.open_stream("clean.arrows") as reader:
    metadata = reader.schema.metadata
    by_stream = reader.read_all()
by_file.validate(full=True)
by_stream.validate(full=True)
check("pyarrow reads the file: names", by_file.column_names == header)
check(f"pyarrow reads the file: {len(rows)} rows, the same values", same(rows, texts(by_file)))
check("pyarrow reads the stream: the same values", same(rows, texts(by_stream)))
check("the stream names its run", b"tamis:run" in (metadata or {}))

by_polars = polars.read_ipc("clean.arrow")
check("Polars reads the file: names", by_polars.columns == header)
check("Polars reads the file: the same values",
      same(rows, [[shown(value) for value in row] for row in by_polars.rows()]))
stream_by_polars = polars.read_ipc_stream("clean.arrows")
check("Polars reads the stream: the same values", stream_by_polars.equals(by_polars))

for compression in (None, "zstd", "lz4"):
    options = pyarrow.ipc.IpcWriteOptions(compression=compression)
    with pyarrow.ipc.new_file("theirs.arrow", by_file.schema, options=options) as writer:
        writer.write_table(by_file, max_chunksize=1000)
    check(f"tamis reads pyarrow's file, compression {compression}", cat("theirs.arrow") == ours)
    with pyarrow.ipc.new_stream("theirs.arrows", by_file.schema, options=options) as writer:
        writer.write_table(by_file, max_chunksize=1000)
    check(f"tamis reads pyarrow's stream, compression {compression}", cat("theirs.arrows") == ours)
by_polars.write_ipc("theirs.arrow", compat_level=polars.CompatLevel.oldest())
check("tamis reads Polars' file", same(rows, cat("theirs.arrow")[1:]))

ragged = pyarrow.csv.ParseOptions(invalid_row_handler=lambda row: "skip")
original = pyarrow.csv.read_csv("people.csv", parse_options=ragged)
with pyarrow.ipc.open_file("raw.arrow") as reader:
    raw = reader.read_all()
check("pyarrow's CSV reader finds the same rows in the source: names, amounts",
      original["name"].to_pylist() == raw["name"].to_pylist()
      and original["amount"].to_pylist() == raw["amount"].to_pylist())
sys.exit(broken > 0)

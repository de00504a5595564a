#!/usr/bin/env python3
"""peers.py IPC_COPY BRIDGE IPC_DIGEST ROOT: what pyarrow, Polars and DuckDB write is read and written again by us (stream
and file, compressed and not, by name and through pipes) and must come back equal and valid; the C
interfaces are used in one process. Skipped (77) where the peers are not installed."""
import ctypes
import datetime
import decimal
import io
import os
import random
import subprocess
import sys
import tempfile

try:
    import duckdb
    import polars as pl
    import pyarrow as pa
    from pyarrow import ipc
except ImportError:
    peers = os.path.join(sys.argv[4], "build-peers", "bin", "python")
    if os.path.exists(peers) and os.path.realpath(sys.prefix) != os.path.realpath(
            os.path.join(sys.argv[4], "build-peers")):
        os.execv(peers, [peers] + sys.argv)
    print("skipped: pyarrow, Polars and DuckDB are not installed (./setup --test)")
    sys.exit(77)

ROWS = 777
failures = comparisons = 0


def holes(values):
    return [None if random.random() < 0.2 else value for value in values]


def words(count):
    return holes("wörd %d %s" % (i % 50, "x" * (i % 23)) for i in range(count))


def columns():
    day = datetime.datetime(2020, 2, 29)
    ints = [random.getrandbits(62) - (1 << 61) for _ in range(ROWS)]
    yield "null", pa.nulls(ROWS)
    yield "bool", pa.array(holes(i % 3 == 0 for i in ints))
    for bits in (8, 16, 32, 64):
        yield "int%d" % bits, pa.array(holes(i >> (64 - bits) for i in ints), "int%d" % bits)
        yield "uint%d" % bits, pa.array(holes(abs(i) >> (64 - bits) for i in ints), "uint%d" % bits)
    for name in ("float16", "float32", "float64"):
        yield name, pa.array(holes(float(i % 4096) / 8 for i in ints), getattr(pa, name)())
    for name in ("string", "large_string", "string_view"):
        yield name, pa.array(words(ROWS), getattr(pa, name)())
    for name in ("binary", "large_binary", "binary_view"):
        yield name, pa.array([w if w is None else w.encode() + b"\xff\0" for w in words(ROWS)],
                             getattr(pa, name)())
    yield "fixed", pa.array(holes(i.to_bytes(8, "big", signed=True) for i in ints), pa.binary(8))
    for name, bits, digits in (("decimal32", 26, 9), ("decimal64", 56, 18), ("decimal128", 60, 38),
                               ("decimal256", 60, 76)):
        yield name, pa.array(holes(decimal.Decimal(i >> (62 - bits)).scaleb(-3) for i in ints),
                             getattr(pa, name)(digits, 3))
    yield "date32", pa.array(holes((day + datetime.timedelta(days=i)).date() for i in range(ROWS)))
    yield "date64", pa.array(holes(day + datetime.timedelta(days=i) for i in range(ROWS)), pa.date64())
    for unit in ("s", "ms", "us", "ns"):
        yield "time_" + unit, pa.array(holes(i % 86400 for i in ints), "time32[%s]" % unit if unit in
                                       ("s", "ms") else "time64[%s]" % unit)
        yield "at_" + unit, pa.array(holes(abs(i) >> 30 for i in ints), pa.timestamp(unit))
        yield "zone_" + unit, pa.array(holes(abs(i) >> 30 for i in ints),
                                       pa.timestamp(unit, "Europe/Berlin"))
        yield "for_" + unit, pa.array(holes(i >> 30 for i in ints), pa.duration(unit))
    yield "interval", pa.array(holes((i % 12, i % 28, i) for i in ints), pa.month_day_nano_interval())
    yield "dict", pa.array(words(ROWS)).dictionary_encode()
    yield "dict8", pa.array(holes("k%d" % (i % 7) for i in ints)).cast(
        pa.dictionary(pa.int8(), pa.string()))
    yield "dict_int", pa.array(holes(i % 5 for i in ints)).dictionary_encode()
    lists = holes([i % 9] * (i % 4) for i in ints)
    yield "list", pa.array(lists, pa.list_(pa.int16()))
    yield "large_list", pa.array(lists, pa.large_list(pa.int16()))
    yield "list_view", pa.array(lists, pa.list_view(pa.int16()))
    yield "large_list_view", pa.array(lists, pa.large_list_view(pa.int16()))
    yield "lists", pa.array(holes([holes(["a", "b"]), None, []] for _ in ints))
    yield "list_dict", pa.ListArray.from_arrays(
        pa.array(range(0, 2 * ROWS + 1, 2), "int32"),
        pa.array(words(2 * ROWS)).dictionary_encode())
    yield "fixed_list", pa.array(holes([i % 3, None] for i in ints), pa.list_(pa.float32(), 2))
    yield "struct", pa.array(holes({"a": i, "b": {"c": str(i % 4)}} for i in ints))
    yield "map", pa.array(holes([("k", i), ("l", None)] for i in ints), pa.map_("string", "int64"))
    yield "runs", pa.RunEndEncodedArray.from_arrays(
        pa.array([300, 500, ROWS], "int32"), pa.array(["a", None, "b"]))
    kinds = pa.array([i % 2 for i in range(ROWS)], "int8")
    yield "sparse", pa.UnionArray.from_sparse(kinds, [pa.array(ints), pa.array(words(ROWS))])
    yield "dense", pa.UnionArray.from_dense(
        kinds, pa.array([i // 2 for i in range(ROWS)], "int32"), [pa.array(ints), pa.array(words(ROWS))])
    tensor = pa.fixed_shape_tensor(pa.uint8(), (2, 2))
    yield "tensor", pa.ExtensionArray.from_storage(
        tensor, pa.array([[i % 7, 1, 2, 3] for i in range(ROWS)], tensor.storage_type))


def table():
    random.seed(7)
    made = list(columns())
    fields = [pa.field(name, array.type, metadata={"note": name}) for name, array in made]
    fields.append(pa.field("dict", pa.int64(), nullable=False))  # a duplicate name
    made.append(("dict", pa.array(range(ROWS))))
    return pa.Table.from_arrays([array for _, array in made], schema=pa.schema(fields, {"about": "all"}))


def write(data, path, form, step, **options):
    opened = ipc.new_file if form == "file" else ipc.new_stream
    with opened(path, data.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(data, max_chunksize=step)


def read(source):
    data = source.read() if hasattr(source, "read") else open(source, "rb").read()
    if data[:6] == b"ARROW1":
        return ipc.open_file(pa.BufferReader(data)).read_all()
    return ipc.open_stream(pa.BufferReader(data)).read_all()


def same(a, b):
    if not a.schema.equals(b.schema, check_metadata=True):
        return "another schema"
    for i, name in enumerate(a.schema.names):
        if not a.column(i).equals(b.column(i)) and a.column(i).to_pylist() != b.column(i).to_pylist():
            return "column %s differs" % name
    return None


def report(what, problem):
    global failures, comparisons
    comparisons += 1
    if problem:
        failures += 1
        print("%s: %s" % (what, problem))


def check_file(copy, source, want, what, room):
    for form in ("stream", "file"):
        for compression in ("none", "zstd"):
            out = os.path.join(room, "out")
            run = subprocess.run([copy, source, out, form, compression], capture_output=True, text=True)
            problem = run.stderr.strip() or None
            if not problem:
                got = read(out)
                try:
                    got.validate(full=True)
                    problem = same(want, got)
                except pa.ArrowInvalid as invalid:
                    problem = str(invalid)
            report("%s, written as %s %s" % (what, form, compression), problem)


def check_pipe(copy, source, want, what):
    with open(source, "rb") as stdin:
        run = subprocess.run([copy, "-", "-", "stream", "none"], stdin=stdin, capture_output=True)
    problem = run.stderr.decode().strip() or None
    report(what + ", through pipes", problem or same(want, read(io.BytesIO(run.stdout))))


def check_pyarrow(copy, room):
    whole = table()
    sources = [
        ("stream", ROWS, {}), ("stream", 100, {}), ("file", ROWS, {"compression": "lz4"}),
        ("file", ROWS, {"compression": "zstd"}), ("stream", 250, {"emit_dictionary_deltas": True}),
    ]
    for form, step, options in sources:
        path = os.path.join(room, "in")
        write(whole, path, form, step, **options)
        what = "pyarrow %s, %d rows a batch, %s" % (form, step, options)
        check_file(copy, path, whole, what, room)
        check_pipe(copy, path, whole, what)
    part = whole.slice(13, 501)
    path = os.path.join(room, "in")
    write(part, path, "stream", 501)
    check_file(copy, path, part, "pyarrow, a slice", room)
    write(whole.slice(0, 0), path, "file", 1)
    check_file(copy, path, whole.slice(0, 0), "pyarrow, no rows", room)


POLARS = ["bool", "int64", "uint8", "float64", "string", "binary", "date32", "at_us", "zone_ns", "for_ms",
          "time_ns", "dict8", "list", "fixed_list", "struct", "decimal128", "null"]


def check_polars(copy, room):
    whole = table()
    frame = pl.from_arrow(whole.select([whole.schema.names.index(name) for name in POLARS]))
    path, out = os.path.join(room, "in"), os.path.join(room, "out")
    for compression in ("uncompressed", "lz4", "zstd"):
        for form in ("file", "stream"):
            (frame.write_ipc if form == "file" else frame.write_ipc_stream)(path, compression=compression)
            what = "Polars %s %s" % (form, compression)
            check_file(copy, path, read(path), what, room)
            for target in ("file", "stream"):
                subprocess.run([copy, path, out, target, "zstd"], check=True)
                got = (pl.read_ipc if target == "file" else pl.read_ipc_stream)(out)
                report(what + ", read by Polars from a " + target,
                       None if got.equals(frame) else "another frame")


DUCKDB = ["bool", "int8", "int64", "uint64", "float32", "float64", "string", "binary", "date32", "at_us", "list",
          "struct", "decimal128"]


def check_duckdb(copy, room):
    """DuckDB speaks Arrow through pyarrow: it asks our files, and we copy what it answers."""
    whole = table()
    names = [name for name in DUCKDB if name in whole.schema.names]
    given = whole.select(names)
    path, out = os.path.join(room, "in"), os.path.join(room, "out")
    write(given, path, "file", 300)
    for form in ("stream", "file"):
        subprocess.run([copy, path, out, form, "zstd"], check=True)
        ours = read(out)
        answer = duckdb.sql("SELECT * FROM ours").to_arrow_table()
        report("DuckDB reads our " + form, None if answer.to_pylist() == given.to_pylist() else "it differs")
        counted = duckdb.sql("SELECT count(string), sum(int64::HUGEINT) FROM ours").fetchall()
        wanted = duckdb.sql("SELECT count(string), sum(int64::HUGEINT) FROM given").fetchall()
        report("DuckDB sums our " + form, None if counted == wanted else "%s, expected %s" % (counted, wanted))
        write(answer, path, "stream", 300)
        check_file(copy, path, answer, "DuckDB's answer", room)
        write(given, path, "file", 300)


def check_changing_dictionary(copy, room):
    """Each batch has another dictionary; not everybody reads deltas."""
    texts = (["a", "b", "a"], ["c", "a", "c"], ["b", "d", None])
    batches = [pa.record_batch([pa.array(words).dictionary_encode()], ["d"]) for words in texts]
    source, out = os.path.join(room, "in"), os.path.join(room, "out")
    with ipc.new_stream(source, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    want = [word for words in texts for word in words]
    for form in ("stream", "file"):
        subprocess.run([copy, source, out, form, "zstd"], check=True)
        report("pyarrow, changing dictionary, " + form,
               None if read(out).column(0).to_pylist() == want else "it differs")
        frame = (pl.read_ipc if form == "file" else pl.read_ipc_stream)(out)
        report("Polars, changing dictionary, " + form,
               None if frame["d"].to_list() == want else "it differs")


def digest(program, path):
    return subprocess.run([program, path], capture_output=True, text=True, check=True).stdout


def check_digests(copy, program, room):
    """The same values have one content digest, whoever wrote them, however cut and encoded."""
    whole = table()
    plain = whole.select([whole.schema.names.index(name) for name in POLARS])
    first, second = os.path.join(room, "first"), os.path.join(room, "second")
    write(plain, first, "file", ROWS)
    want = digest(program, first)
    for what, rewrite in (
            ("100 rows a batch", lambda: write(plain, second, "stream", 100)),
            ("lz4", lambda: write(plain, second, "file", 300, compression="lz4")),
            ("ours", lambda: subprocess.run([copy, first, second, "file", "zstd"], check=True)),
            ("Polars", lambda: pl.from_arrow(plain).write_ipc(second)),
            ("Polars in parts", lambda: pl.from_arrow(plain).write_ipc(second, record_batch_size=99))):
        rewrite()
        report("content digest, " + what, None if digest(program, second) == want else "it differs")
    changed = plain.set_column(0, plain.schema.field(0), pa.array([i != 5 for i in range(ROWS)]))
    write(changed, second, "file", ROWS)
    report("content digest, other values", "it is equal" if digest(program, second) == want else None)


class Stream(ctypes.Structure):
    _fields_ = [("pointers", ctypes.c_void_p * 5)]


def check_bridge(path, room):
    library = ctypes.CDLL(path)
    library.bridge_copy.restype = library.bridge_open.restype = ctypes.c_char_p
    library.bridge_memory.restype = ctypes.c_size_t
    before = library.bridge_memory()
    whole = table().combine_chunks()
    for batch in (whole.to_batches()[0], whole.to_batches()[0].slice(11, 300)):
        room_for = [ctypes.create_string_buffer(80) for _ in range(4)]
        places = [ctypes.addressof(item) for item in room_for]
        batch._export_to_c(places[1], places[0])
        problem = library.bridge_copy(*[ctypes.c_void_p(place) for place in places])
        got = None if problem else pa.RecordBatch._import_from_c(places[3], places[2])
        if got is not None:
            got.validate(full=True)
            problem = same(pa.Table.from_batches([batch]), pa.Table.from_batches([got]))
        report("C Data, %d rows" % batch.num_rows, problem)
        del got
    source = os.path.join(room, "in")
    write(whole, source, "stream", 100)
    stream = Stream()
    problem = library.bridge_open(source.encode(), ctypes.byref(stream))
    got = pa.RecordBatchReader._import_from_c(ctypes.addressof(stream)).read_all()
    report("C Stream", problem or same(whole, got))
    del got
    left = library.bridge_memory() - before
    report("C interfaces", "%d bytes are still in use" % left if left else None)


def main():
    copy, bridge, digester = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as room:
        check_pyarrow(copy, room)
        check_polars(copy, room)
        check_duckdb(copy, room)
        check_changing_dictionary(copy, room)
        check_digests(copy, digester, room)
        check_bridge(bridge, room)
    print("pyarrow %s, Polars %s, DuckDB %s: %d comparisons, %d failures" %
          (pa.__version__, pl.__version__, duckdb.__version__, comparisons, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

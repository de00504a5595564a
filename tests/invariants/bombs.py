#!/usr/bin/env python3
"""Section 9 of the contract: no object costs more than 2 CPU seconds and 256 MiB.

    tests/invariants/bombs.py BUILD [TABLE.json]

Makes small files that announce or unfold to enormous things, runs the programs over each with
--memory 256M, and prints a table of what each cost: CPU seconds of all threads (the clock depends on
who else works on the machine) and the largest resident set, shared libraries included. Each ends
with 0, 1 or 3 and a reason, without a signal. Under AddressSanitizer memory is not looked at and
time is tripled.
"""
import bz2
import gzip
import json
import lzma
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

here = os.path.dirname(os.path.abspath(__file__))
build = os.path.abspath(sys.argv[1])
table_path = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
sys.path.insert(0, os.path.join(here, "..", "cli", "ingest-containers"))
sys.dont_write_bytecode = True
import archives  # noqa: E402

CPU_SECONDS, MIB = 2.0, 256
work = tempfile.mkdtemp(prefix="tamis-invariant-")
MEBI = 1 << 20


def write(name, *parts):
    with open(name, "wb") as file:
        for part in parts:
            file.write(part)


# ---- pictures ----

def chunk(kind, data, declared=None):
    size = len(data) if declared is None else declared
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, width, height, *, interlaced=0, more=b"", rows=None):
    """One bit a pixel; `rows` bytes of zeros as its image data."""
    body = zlib.compress(bytes(rows), 9) if rows else b""
    write(name, b"\x89PNG\r\n\x1a\n",
          chunk(b"IHDR", struct.pack(">2I5B", width, height, 1, 0, 0, 0, interlaced)), more,
          chunk(b"IDAT", body), chunk(b"IEND", b""))


def zeros(pack, size):
    """`size` zeros, packed a piece at a time: this process stays small."""
    piece = bytes(MEBI)
    return b"".join(pack.compress(piece) for _ in range(size // MEBI)) + pack.flush()


def jpeg(name, side, *, progressive=False, scans=1):
    def segment(marker, data):
        return struct.pack(">2BH", 0xff, marker, len(data) + 2) + data
    quantizer = segment(0xdb, b"\0" + b"\1" * 64)
    frame = segment(0xc2 if progressive else 0xc0, struct.pack(">BHHB3B", 8, side, side, 1, 1, 0x11, 0))
    codes = b"".join(segment(0xc4, bytes([kind]) + b"\1" + b"\0" * 15 + b"\0") for kind in (0x00, 0x10))
    last = (0, 0) if progressive else (0, 63)
    scan = segment(0xda, bytes([1, 1, 0, *last, 0])) + b"\0" * 16
    write(name, b"\xff\xd8", quantizer, frame, codes, scan * scans, b"\xff\xd9")


def pictures():
    png("one-bit-30000.png", 30000, 30000, rows=1000)
    png("interlaced-30000.png", 30000, 30000, interlaced=1, rows=1000)
    png("sides-of-2G.png", 0x7fffffff, 0x7fffffff, rows=1000)
    png("text-of-1G.png", 1, 1, more=chunk(b"tEXt", b"a\0b", 1 << 30), rows=2)
    png("international-text-of-2G.png", 1, 1, more=chunk(b"iTXt", b"a\0\1\0\0\0b", 0x7fffffff), rows=2)
    png("packed-text-of-1G.png", 1, 1, more=chunk(b"zTXt", b"a\0\0" + zeros(zlib.compressobj(9), 1 << 30)),
        rows=2)
    png("profile-of-1G.png", 1, 1, more=chunk(b"iCCP", b"a\0\0" + zeros(zlib.compressobj(9), 1 << 30)),
        rows=2)
    png("50000-texts.png", 1, 1, more=chunk(b"tEXt", b"a\0") * 50000, rows=2)
    png("rows-of-1G.png", 1, 1, more=chunk(b"IDAT", zeros(zlib.compressobj(9), 1 << 30)), rows=2)
    jpeg("baseline-65500.jpg", 65500)
    jpeg("progressive-65500.jpg", 65500, progressive=True)
    jpeg("9000-scans.jpg", 8000, progressive=True, scans=9000)
    jpeg("scans-of-large.jpg", 30000, progressive=True, scans=2000)


# ---- archives and compression ----

def zstd_frame(size, declared):
    """Runs of zeros: 4 bytes for 128 KiB; `declared` is the content size in the header."""
    blocks = size >> 17
    yield b"\x28\xb5\x2f\xfd" + b"\xc0\x38" + struct.pack("<Q", declared)
    for i in range(blocks):
        yield struct.pack("<I", (1 << 17) << 3 | 2 | (i == blocks - 1))[:3] + b"\0"


def sparse_tar(name):
    """A member of 8 GiB and nothing behind its header, and one that says it is 8 EiB long."""
    with tarfile.open(name, "w", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo("large.csv")
        info.size = 8 << 30
        tar.addfile(info)
        info.name, info.size = "larger.csv", (1 << 62)
        tar.addfile(info)


def compression():
    for name, pack in (("zeros.csv.gz", zlib.compressobj(9, zlib.DEFLATED, 31)),
                       ("zeros.csv.bz2", bz2.BZ2Compressor(1)),
                       ("zeros.csv.xz", lzma.LZMACompressor(preset=0))):
        write(name, zeros(pack, 256 * MEBI))
    write("twice.csv.gz.gz", gzip.compress(zeros(zlib.compressobj(9, zlib.DEFLATED, 31), 256 * MEBI), 9))
    write("known-1G.csv.zst", *zstd_frame(1 << 30, 1 << 30))
    write("declared-16E.csv.zst", *zstd_frame(1 << 20, (1 << 64) - 2))
    write("window-2G.csv.zst", b"\x28\xb5\x2f\xfd\x00\xa8", b"\x02\0\0" + b"\0")
    archives.overlap_zip("overlapping.zip", members=20000, plain=MEBI)
    archives.quoted_zip("quoted.zip")
    with zipfile.ZipFile("zeros.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        with out.open("zeros.csv", "w", force_zip64=True) as member:
            for _ in range(256):
                member.write(bytes(MEBI))
    inner = "zeros.zip"
    for depth in range(6):
        with zipfile.ZipFile(f"nested-{depth}.zip", "w", zipfile.ZIP_DEFLATED) as out:
            for copy in range(10):
                out.write(inner, f"{copy}.zip")
        inner = f"nested-{depth}.zip"
    with zipfile.ZipFile("members.zip", "w") as out:
        for i in range(20000):
            out.writestr(f"{i}.csv", b"")
    sparse_tar("sparse.tar")


# ---- text ----

def texts():
    write("unclosed-64M.csv", b'a,b\n1,"', *([b"x" * MEBI] * 64))
    write("field-64M.csv", b"a,b\n1,", *([b"x" * MEBI] * 64), b"\n2,3\n")
    write("line-of-commas.csv", b"a,b\n", b"," * (4 * MEBI), b"\n1,2\n")
    write("columns-20000.csv", b",".join(b"c%d" % i for i in range(20000)), b"\n1\n")
    write("quotes-16M.csv", b"a\n", b'"' * (16 * MEBI), b"\n")
    write("depth-100000.jsonl", b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}\n")
    write("objects-100000.jsonl", b'{"a":' * 100000 + b"1" + b"}" * 100000 + b"\n")
    write("same-keys.jsonl", b"{" + b",".join([b'"a":1'] * 200000) + b"}\n")
    write("other-keys.jsonl", b"{" + b",".join(b'"k%d":1' % i for i in range(200000)) + b"}\n")
    write("digits-8M.jsonl", b'{"a":' + b"9" * (8 * MEBI) + b"}\n")
    write("text-64M.jsonl", b'{"a":"', *([b"x" * MEBI] * 64), b'"}\n')
    write("unclosed.jsonl", b'{"a":"', *([b"x" * MEBI] * 32))
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 12))
    feed = b"<rss version=\"2.0\"><channel><title>t</title><item><title>%s</title></item></channel></rss>"
    write("laughs.xml", b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">' + laughs + b"]>" +
          feed % b"&l11;")
    write("quadratic.xml", b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "' + b"a" * 100000 + b'">]>' +
          feed % (b"&a;" * 100000))
    write("outside.xml", b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a SYSTEM "file:///dev/zero">]>' +
          feed % b"&a;")
    write("depth.xml", b"<rss><channel>" + b"<a>" * 500000)
    write("attributes.xml", b"<rss " + b" ".join(b'a%d="x"' % i for i in range(200000)) + b"/>")


# ---- tables ----

def arrow_and_parquet():
    write("small.csv", b"a,b\n" + b"".join(b"%d,text %d\n" % (i, i % 7) for i in range(5000)))
    subprocess.run([os.path.join(build, "ingest", "tamis-ingest"), "-q", "--no-store", "small.csv", "-o",
                    "small.arrow"], check=True)
    with open("small.arrow", "rb") as file:
        good = file.read()
    for text, words in (("message-of-2G", b"\xff\xff\xff\xff" + struct.pack("<I", 0x7ffffff0)),):
        at = good.index(b"\xff\xff\xff\xff")
        write(f"{text}.arrow", good[:at], words, good[at + 8:])
    frame = good.index(b"\x28\xb5\x2f\xfd")
    write("buffer-of-1T.arrow", good[:frame - 8], struct.pack("<q", 1 << 40), good[frame:])
    write("buffer-of-2G.arrow", good[:frame - 8], struct.pack("<q", 0x7fffffff), good[frame:])
    write("footer-of-2G.arrow", good[:-10], struct.pack("<I", 0x7ffffff0), good[-6:])
    # every 8-byte number of the messages that could be a count of rows
    rows = struct.pack("<q", 5000)
    write("rows-of-4E.arrow", good.replace(rows, struct.pack("<q", 1 << 62)))
    write("rows-of-2G.arrow", good.replace(rows, struct.pack("<q", 0x7fffffff)))
    write("footer-of-2G.parquet", b"PAR1" + bytes(64), struct.pack("<I", 0x7ffffff0), b"PAR1")
    many = b"\xff\xff\xff\xff\x07"  # 2^31 - 1 as a varint
    for name, body in (("columns-of-2G", b"\x15\x02\x19\xfc" + many),
                       ("name-of-2G", b"\x15\x02\x19\x1c\x48" + many),
                       ("depth", b"\x15\x02" + b"\x1c" * 50000)):
        write(name + ".parquet", b"PAR1", body, struct.pack("<I", len(body)), b"PAR1")
    source = os.path.join(here, "..", "data", "parquet", "encodings.parquet")
    with open(source, "rb") as file:
        good = file.read()
    for at, name in ((4, "first-page"), (len(good) // 2, "middle")):
        write(name + "-overwritten.parquet", good[:at], many * 8, good[at + 40:])


def databases():
    with sqlite3.connect("cells.sqlite") as db:
        db.execute("CREATE TABLE t (a)")
        db.execute("INSERT INTO t VALUES (zeroblob(100000000))")
    # no end in it: the limit of the rows a record away is that of who asks for them
    with sqlite3.connect("views.sqlite") as db:
        db.execute("CREATE TABLE t (a)")
        db.execute("CREATE VIEW v AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) "
                   "SELECT max(i) FROM n")
        db.execute("CREATE VIEW w AS SELECT zeroblob(2000000000) AS z")
    with open("cells.sqlite", "rb") as file:
        head = bytearray(file.read(8192))
    head[28:32] = b"\x7f\xff\xff\xff"  # pages
    write("pages-of-2G.sqlite", head)


# ---- running ----

def programs(name):
    """The commands that read it, in order; the output of the first goes to the second."""
    ingest = ["tamis-ingest", "-q", "--no-store"]
    if name.endswith((".png", ".jpg")):
        folder = name + ".d"
        os.mkdir(folder)
        os.rename(name, os.path.join(folder, name))
        return [[*ingest, folder, "-o", "out.arrow"],
                ["tamis-clean", "-q", "--no-store", "out.arrow", "-m", "images", "-o", "clean.arrow"]]
    if name.endswith(".arrow"):
        return [["tamis-clean", "-q", "--no-store", name, "-m", "text", "-o", "clean.arrow"],
                ["tamis-features", "cat", name, "--format", "csv", "-o", "clean.csv"]]
    more = ["--format", "feed"] if name.endswith(".xml") else []
    if name.startswith("views"):
        return [[*ingest, name, "--table", table, "-o", "out.arrow"] for table in ("w", "t")]
    return [[*ingest, name, *more, "-o", "out.arrow"],
            ["tamis-clean", "-q", "--no-store", "out.arrow", "-m", "text", "-m", "types", "-o", "clean.arrow"]]


def measured(name, command):
    path = os.path.join(build, command[0].split("-")[1], command[0])
    if os.path.exists("report"):
        os.unlink("report")
    with open("said", "wb") as said:
        subprocess.run([os.path.join(build, "tests", "bench", "measure"), "report", path, *command[1:],
                        "--memory", f"{MIB}M", "--threads", "2"], stdin=subprocess.DEVNULL, stdout=said,
                       stderr=said, check=False, timeout=120)
    with open("report") as file:
        cost = json.loads(file.read())
    with open("said", errors="replace") as file:
        first = file.readline().strip()
    return {"object": name, "bytes": size_of(name), "program": command[0], "exit": cost["exit"],
            "cpu_s": round(cost["user"] + cost["system"], 2), "wall_s": round(cost["wall"], 2),
            "peak_mib": round(cost["resident_mib"]), "said": first.split(": ", 1)[-1][:90]}


def size_of(name):
    path = os.path.join(name + ".d", name)
    return os.path.getsize(path if os.path.exists(path) else name)


def holds(row, sanitized):
    within = row["cpu_s"] <= CPU_SECONDS * (3 if sanitized else 1)
    return (row["exit"] in (0, 1, 3) and within and (sanitized or row["peak_mib"] <= MIB) and
            (row["exit"] == 0 or row["said"] != ""))


def main():
    os.chdir(work)
    with open(os.path.join(build, "ingest", "tamis-ingest"), "rb") as file:
        sanitized = b"__asan_init" in file.read()
    for make in (pictures, compression, texts, arrow_and_parquet, databases):
        make()
    names = sorted(name for name in os.listdir(".")
                   if not name.startswith(("small.", "nested-")) or name == "nested-5.zip")
    rows = []
    for name in names:
        for command in programs(name):
            if command[0] != "tamis-ingest" and "out.arrow" in command and not os.path.exists("out.arrow"):
                continue
            rows.append(measured(name, command))
        for made in ("out.arrow", "clean.arrow", "clean.csv"):
            if os.path.exists(made):
                os.unlink(made)
    keys = list(rows[0])
    print("| " + " | ".join(keys) + " |\n|" + " --- |" * len(keys))
    for row in rows:
        print("| " + " | ".join(str(row[key]).replace("|", "\\|") for key in keys) + " |")
    broken = [row for row in rows if not holds(row, sanitized)]
    for row in broken:
        print(f"BROKEN  {row['object']}, {row['program']}: exit {row['exit']}, {row['cpu_s']} s, "
              f"{row['peak_mib']} MiB: {row['said']}")
    print(f"{len(names)} objects, {len(rows)} runs, at most {max(row['cpu_s'] for row in rows)} CPU s and "
          f"{max(row['peak_mib'] for row in rows)} MiB")
    if table_path:
        with open(table_path, "w") as file:
            json.dump(rows, file, indent=1)
    print(f"{len(rows) - len(broken)} hold, {len(broken)} do not")
    return bool(broken)


try:
    code = main()
finally:
    shutil.rmtree(work, True)
sys.exit(code)

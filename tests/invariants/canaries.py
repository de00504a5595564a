"""Canaries for masked_everywhere.py: what is planted, the pictures beside it, and the search.

An identifier is looked for as it was written in any case, with its digits alone, percent-encoded, in
hexadecimal and in base64; numbers also as integers and doubles. What is searched is every byte that was
written, and what is in it: Zstandard frames (of Arrow, Parquet or anything else), the catalog as SQL.
"""
import base64
import bisect
import ctypes
import hashlib
import os
import random
import sqlite3
import struct
import subprocess
import tempfile
import urllib.parse
import zlib

draw = random.Random(20261124)


# ---- what is planted ----

def luhn(digits):
    """The digits with the check digit of ISO/IEC 7812-1 behind them."""
    total = sum((d * 2 - 9 if d > 4 else d * 2) if i % 2 == 0 else d
                for i, d in enumerate(int(c) for c in reversed(digits)))
    return digits + str(-total % 10)


def numbers(count):
    return "".join(draw.choice("0123456789") for _ in range(count))


def iban():
    account = "WEST" + numbers(14)
    value = int("".join(str(int(c, 36)) for c in account + "GB00"))
    return f"GB{98 - value % 97:02}{account}"


def person():
    parts = ["ba", "le", "mi", "ro", "ku", "sa", "ne", "vi", "to", "du"]
    return "".join(draw.choices(parts, k=4)).title() + " " + "".join(draw.choices(parts, k=5)).title()


def some(make, count):
    """`count` different ones."""
    made = set()
    while len(made) < count:
        made.add(make())
    return sorted(made)


planted = {
    "mail": some(lambda: f"p{numbers(6)}@mail{numbers(3)}.example.org", 70),
    "card": some(lambda: luhn("4" + numbers(14)), 50),
    "iban": some(iban, 30),
    "ssn": some(lambda: f"{draw.randint(100, 599)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}", 30),
    "phone": some(lambda: f"+49 30 {numbers(4)} {numbers(4)}", 30),
    "ip": some(lambda: f"10.{draw.randint(100, 255)}.{draw.randint(100, 255)}.{draw.randint(100, 255)}", 20),
    "person": some(person, 20),
    "number": some(lambda: luhn("5" + numbers(14)), 30),  # in a column of integers
}
texts = [value for kind, values in planted.items() if kind != "number" for value in values]
count = len(texts) + len(planted["number"])
key = "".join(draw.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(40))


def png(i):
    """A picture of 8 by 8 pixels: most are noise, some are black, some are no pictures."""
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    pixels = b"".join(b"\0" + (bytes(8) if i % 41 == 0 else draw.randbytes(8)) for _ in range(8))
    content = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) +
               chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))
    return content[:20] if i % 43 == 0 else content


COLUMNS = {"id": "INTEGER", "note": "TEXT", "contact": "TEXT", "code": "TEXT", "age": "TEXT",
           "amount": "REAL", "card_number": "INTEGER", "city": "TEXT", "label": "TEXT", "badge": "TEXT",
           "image": "BLOB"}


def rows(number):
    """Rows in which every identifier stands often, with dirt that each step acts on."""
    deck = []

    def one():
        if not deck:
            deck.extend(draw.sample(texts, len(texts)))
        return deck.pop()

    for i in range(number):
        group = i % 3  # the label is an address that a wrong one stands in for at times
        row = [i, f"about {one()} and {one()}", draw.choice(planted["mail"]), "c1", str(20 + i % 50),
               10 + i % 7 + 40.0 * group, int(draw.choice(planted["number"])), "Bern",
               planted["mail"][3 + (group if i % 17 else (group + 1) % 3)],
               planted["mail"][10 + i % 9], png(i)]
        if i % 29 == 0:
            row[3] = one()  # rejected: no code
        if i % 31 == 0:
            row[4] = draw.choice(planted["mail"])  # rejected: no number
        if i % 37 == 0:
            row[5] = 900000000.0 + i  # dropped: an outlier
        if i % 11 == 0:
            row[2] = None  # imputed with the most frequent contact
        if i % 13 == 0:
            row[2] = planted["mail"][0]
        if i % 19 == 0:
            row[7] = f"Bern  {planted['mail'][1]}"  # changed: text, standardize
        if i % 23 == 0:
            row[1] = f"caf\u00c3\u00a9 {one()}"  # changed: mojibake
        yield row
        if i % 23 == 0:
            yield row[:2] + [planted["mail"][2]] + row[3:]  # merged


def plant(path, number):
    with sqlite3.connect(path) as source:
        source.execute(f"CREATE TABLE people ({', '.join(' '.join(c) for c in COLUMNS.items())})")
        source.executemany(f"INSERT INTO people VALUES ({', '.join('?' * len(COLUMNS))})", rows(number))
    source.close()


# ---- how it is looked for ----

def writings(value):
    """The ways in which a text may stand in what was written."""
    yield value
    yield urllib.parse.quote(value)
    yield value.encode().hex()
    for shift in range(3):  # base64 of anything around it
        coded = base64.b64encode(bytes(shift) + value.encode()).decode()
        yield coded[4 if shift else 0:-4]
    digits = "".join(c for c in value if c.isdigit())
    if len(digits) >= 11 and not value.startswith("GB"):
        yield digits


def packed(value):
    yield "an integer", struct.pack("<q", int(value))
    yield "an integer, big endian", struct.pack(">q", int(value))
    yield "a double", struct.pack("<d", float(value))


zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_createDCtx.restype = ctypes.c_void_p
zstd.ZSTD_decompressStream.restype = ctypes.c_size_t
MAGIC = b"\x28\xb5\x2f\xfd"


class Buffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer."""
    _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t), ("pos", ctypes.c_size_t)]


def frames(content):
    """The Zstandard frames in it, decompressed, torn ones as far as they go: whole buffers of Arrow with
    their null slots and padding."""
    context, room = ctypes.c_void_p(zstd.ZSTD_createDCtx()), ctypes.create_string_buffer(1 << 20)
    memory = ctypes.create_string_buffer(content, len(content))
    at = content.find(MAGIC)
    while at >= 0:
        given, plain, left = Buffer(ctypes.addressof(memory) + at, len(content) - at, 0), b"", 1
        zstd.ZSTD_DCtx_reset(context, 1)
        while 0 < left < 1 << 40:  # above: an error
            made = Buffer(ctypes.addressof(room), len(room), 0)
            left = zstd.ZSTD_decompressStream(context, ctypes.byref(made), ctypes.byref(given))
            plain += room.raw[:made.pos]
            if made.pos < len(room) and given.pos == given.size:
                break
        yield plain
        at = content.find(MAGIC, at + 4)
    zstd.ZSTD_freeDCtx(context)


class Search:
    """Everything that was added once, and where an identifier stands in it."""

    def __init__(self):
        self.stacks, self.seen, self.files, self.size = [], set(), 0, 0

    def add(self, where, content):
        digest = hashlib.blake2b(content).digest()
        if content and digest not in self.seen:
            self.seen.add(digest)
            self.stacks.append((where, content))

    def add_file(self, path):
        with open(path, "rb") as file:
            content = file.read()
        self.files += 1
        self.size += len(content)
        self.add(path, content)
        for i, frame in enumerate(frames(content)):
            self.add(f"{path} frame {i}", frame)

    def add_folder(self, base):
        for folder, _, names in os.walk(base):
            for name in names:
                self.add(f"the name of {folder}/{name}", name.encode())
                self.add_file(os.path.join(folder, name))
        for folder, _, names in os.walk(base):  # after the bytes: opening a catalog folds its journal in
            for name in names:
                if name.endswith(".db"):
                    with sqlite3.connect(os.path.join(folder, name)) as catalog:
                        self.add(f"{folder}/{name} as SQL", "\n".join(catalog.iterdump()).encode())
                    catalog.close()

    def total(self):
        return sum(len(content) for _, content in self.stacks)

    def found(self, needles):
        """{where: {what}} of those of the texts that stand somewhere, by one pass of grep."""
        with tempfile.TemporaryDirectory() as folder:
            asked, hay = os.path.join(folder, "asked"), os.path.join(folder, "hay")
            with open(asked, "w") as file:
                file.writelines(needle + "\n" for needle in needles)
            starts, at = [], 0
            with open(hay, "wb") as file:
                for _, content in self.stacks:
                    starts.append(at)
                    at += file.write(content) + file.write(b"\n")
            lines = subprocess.run(["grep", "-aboiF", "-f", asked, hay], stdout=subprocess.PIPE,
                                   env={"LC_ALL": "C", "PATH": os.environ["PATH"]}, check=False).stdout
        hits = {}
        for line in lines.splitlines():
            offset, _, what = line.partition(b":")
            where = self.stacks[bisect.bisect_right(starts, int(offset)) - 1][0]
            hits.setdefault(where, set()).add(what.decode().lower())
        return hits

    def leaks(self):
        hits = self.found({w for value in texts + planted["number"] for w in writings(value)})
        for value in planted["number"]:
            for form, needle in packed(value):
                for where, content in self.stacks:
                    if needle in content:
                        hits.setdefault(where, set()).add(f"{value} as {form}")
        return hits

#!/usr/bin/env python3
"""Section 7 of the contract: what mask finds is masked in all that clean writes.

    tests/invariants/masked_everywhere.py BUILD

Plants some 250 identifiers in valid cells, rejected rows, merged duplicates, dropped outliers,
failing checks, cells that other steps change and learn from, and numbers; runs recipes with mask
over them, with every output there is; and looks for each identifier in every byte that was
written: output, store, catalog, audit, rejects, checks, states, logs and
what is left in the folder of temporary files. Zstandard frames are opened, so null slots and
padding are looked at too. Raw data is outside of that promise and lies elsewhere.
"""
import ctypes
import csv
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile

build = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp(prefix="tamis-invariant-")
out, outside, temporary = (os.path.join(work, name) for name in ("out", "outside", "tmp"))
draw = random.Random(20261124)
broken = 0


def tool(name):
    return os.path.join(build, name.split("-")[1], name)


def check(text, holds):
    global broken
    print(("ok      " if holds else "BROKEN  ") + text)
    broken += not holds


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


def table(path, rows=900):
    """Rows in which every identifier stands at least twice, with dirt that each step acts on."""
    deck = []

    def one():
        if not deck:
            deck.extend(draw.sample(texts, len(texts)))
        return deck.pop()

    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "note", "contact", "code", "age", "amount", "card_number", "city"])
        for i in range(rows):
            row = [i, f"about {one()} and {one()}", draw.choice(planted["mail"]), "c1",
                   20 + i % 50, 10 + i % 7, draw.choice(planted["number"]), "Bern"]
            if i % 29 == 0:
                row[3] = one()  # rejected: no code
            if i % 31 == 0:
                row[4] = draw.choice(planted["mail"])  # rejected: no number
            if i % 37 == 0:
                row[5] = 900000000 + i  # dropped: an outlier
            if i % 11 == 0:
                row[2] = ""  # imputed with the most frequent contact
            if i % 13 == 0:
                row[2] = planted["mail"][0]
            if i % 17 == 0:
                row[7] = f"Bern  {planted['mail'][1]}"  # changed: text, standardize
            if i % 19 == 0:
                row[1] = f"caf\u00c3\u00a9 {one()}"  # changed: mojibake
            writer.writerow(row)
            if i % 23 == 0:
                writer.writerow(row[:2] + [planted["mail"][2]] + row[3:])  # merged


RECIPE = """tamis: 1
steps:
  - text: {columns: [note, city]}
  - missing: {columns: {contact: {markers: ["n/a"]}}}
  - types: {columns: {age: int64, amount: float64}}
  - standardize: {columns: [city, contact], methods: [fingerprint]}
  - validate:
      rules:
        - {column: code, length: [0, 3], on_fail: reject}
        - {column: contact, matches: "^nobody", severity: warning}
        - {column: contact, most_common: [a, b], severity: warning}
        - {column: note, unique: true, severity: warning}
        - {column: contact, in: [x, y], mostly: 0.1, severity: warning}
  - deduplicate: {method: key, columns: [id], survivor: most-complete, fill: true}
  - outliers: {columns: [amount], method: mad, action: drop}
  - impute: {columns: [contact, card_number], method: mode, indicator: true}
  - mask: {kinds: [all], person_lists: [%s], %s}
"""


def run(name, what, *arguments, wanted=(0,)):
    """Runs a command; what it says is looked through like everything else."""
    with open(os.path.join(out, name + ".log"), "wb") as log, \
            open(os.path.join(out, name + ".out"), "wb") as data:
        environment = dict(os.environ, TMPDIR=temporary, TZ="UTC")
        code = subprocess.run([tool(what), *arguments], stdout=data, stderr=log, cwd=out,
                              env=environment, check=False).returncode
    check(f"exit {code}: {name}", code in wanted)
    if code not in wanted:
        print(open(os.path.join(out, name + ".log"), errors="replace").read())


# ---- what is looked through ----

zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
zstd.ZSTD_decompress.restype = ctypes.c_size_t


def frames(content):
    """The Zstandard frames in it, decompressed."""
    at = content.find(b"\x28\xb5\x2f\xfd")
    while at >= 0:
        rest = content[at:]
        size = zstd.ZSTD_findFrameCompressedSize(rest, ctypes.c_size_t(len(rest)))
        plain = zstd.ZSTD_getFrameContentSize(rest, ctypes.c_size_t(len(rest)))
        if size <= len(rest) and plain < 1 << 28:
            room = ctypes.create_string_buffer(plain)
            done = zstd.ZSTD_decompress(room, ctypes.c_size_t(plain), rest, ctypes.c_size_t(size))
            if done == plain:
                yield room.raw
        at = content.find(b"\x28\xb5\x2f\xfd", at + 4)


def haystacks():
    for base in (out, temporary):
        for folder, _, names in os.walk(base):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    content = file.read()
                yield path, content
                for i, frame in enumerate(frames(content)):
                    yield f"{path} frame {i}", frame
                if name.endswith(".db"):
                    with sqlite3.connect(path) as catalog:
                        yield path + " as text", "\n".join(catalog.iterdump()).encode()


def needles():
    for value in texts:
        yield value, value.encode()
    for value in planted["number"]:
        yield value, value.encode()
        yield value + " as an integer", struct.pack("<q", int(value))
        yield value + " as a double", struct.pack("<d", float(value))


def main():
    for folder in (out, outside, temporary):
        os.mkdir(folder)
    source, raw = os.path.join(outside, "people.csv"), os.path.join(outside, "raw.arrow")
    staff, key = os.path.join(outside, "staff.txt"), os.path.join(outside, "key")
    table(source)
    with open(staff, "w") as file:
        file.writelines(value + "\n" for value in planted["person"])
    with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write("0123456789abcdef" * 2)
    subprocess.run([tool("tamis-ingest"), "-q", "--no-store", source, "-o", raw, "--text", "age",
                    "--text", "code"], check=True)
    check(f"{len(texts) + len(planted['number'])} identifiers are planted, at least 200",
          len(texts) + len(planted["number"]) >= 200)
    content = b"".join(frames(open(raw, "rb").read()))
    check("and found in the raw data", all(value.encode() in content for value in texts))
    for action in ("action: redact", f"action: pseudonym, key_file: {key}"):
        name = action.split()[1].strip(",")
        recipe = os.path.join(outside, name + ".yaml")
        with open(recipe, "w") as file:
            file.write(RECIPE % (staff, action))
        run(f"{name}-store", "tamis-clean", raw, "--recipe", recipe, "--store", "store", "--into",
            "clean/" + name, "-o", name + ".arrow", "--rejects", name + "-rejects.arrow", "--audit",
            "cells", "--checks", name + ".json", "--save-state", name + ".state", "--log-format",
            "json")
        run(f"{name}-plain", "tamis-clean", raw, "--recipe", recipe, "--no-store", "--checks",
            name + ".xml", "--audit", "cells", "--audit-file", name + "-audit.arrow", "--memory",
            "256M")
        run(f"{name}-failed", "tamis-clean", raw, "--recipe", recipe, "--store", "store", "--into",
            "clean/failed", "--max-rejects", "0", wanted=(3,))
        run(f"{name}-state", "tamis-clean", raw, "--state", name + ".state", "--no-store",
            wanted=(0, 1, 2))
    run("show", "tamis-features", "cat", "redact.arrow", "--format", "csv")
    run("lineage", "tamis-features", "lineage", "tamis:clean/redact", "--store", "store", "--format",
        "dot", wanted=(0, 1, 2))
    stacks = list(haystacks())
    masked = sum(content.count(b"[EMAIL]") for _, content in stacks)
    check(f"{len(stacks)} files and frames, {sum(len(c) for _, c in stacks) >> 10} KiB, "
          f"{masked} masked addresses", masked > 1000)
    check("the output has all rows that are left", any(b"cafe" in c or "café".encode() in c
                                                      for _, c in stacks))
    lost = [row for path in ("redact-store", "pseudonym-store")
            for row in open(os.path.join(out, path + ".log")).read().splitlines()
            if " merged" in row]
    check("rows were rejected, dropped and merged", lost and all(
        f" 0 {what}" not in row for row in lost for what in ("rejected", "dropped", "merged")))
    leaks = {}
    for value, needle in needles():
        for path, content in stacks:
            if needle in content:
                leaks.setdefault(os.path.relpath(path, work), []).append(value)
    for path, values in sorted(leaks.items()):
        print(f"        {path}: {len(values)} identifiers, such as {values[0]}")
    check("no identifier is in any of them", not leaks)
    for value in ("fedcba", "0123456789abcdef0123456789abcdef"):
        check("nor is the key", not any(value.encode() in content for _, content in stacks))
    if not broken:
        print("all of it holds")


try:
    main()
finally:
    if "--keep" not in sys.argv:
        shutil.rmtree(work, True)
    else:
        print(work)
sys.exit(broken > 0)

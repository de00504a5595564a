#!/usr/bin/env python3
"""Unicode's own test of normal forms (UAX 15, NormalizationTest.txt), through the shipped commands.

    tests/peers/normalization.py BUILD

Debian's unicode-data brings the file. Each line has five forms of one text; NFC of the first three is the
second and of the last two the fourth, NFKC of all five is the fourth.
"""
import bz2
import csv
import io
import os
import subprocess
import sys

build = sys.argv[1]
path = "/usr/share/unicode/NormalizationTest.txt"
columns = ["c1", "c2", "c3", "c4", "c5"]


def lines():
    if os.path.exists(path + ".bz2"):
        return bz2.open(path + ".bz2", "rt", encoding="utf-8")
    return open(path, encoding="utf-8")


def cases():
    with lines() as file:
        parts = (line.split("#")[0].strip() for line in file)
        return [["".join(chr(int(code, 16)) for code in field.split()) for field in part.split(";")[:5]]
                for part in parts if part and not part.startswith("@")]


def normalized(rows, form):
    table = io.StringIO()
    csv.writer(table, quoting=csv.QUOTE_ALL).writerows([columns] + rows)
    text = [word for column in columns for word in ("--text", column)]
    ingest = [f"{build}/ingest/tamis-ingest", "--no-store", "-q", "--no-provenance", "--format", "csv",
              "--delimiter", ",", "--header", "yes", *text, "-"]
    clean = [f"{build}/clean/tamis-clean", "--no-store", "-q", "-m",
             f"text normalize={form} whitespace=keep invisible=false mojibake=false entities=false"]
    cat = [f"{build}/features/tamis-features", "cat", "-", "--format", "csv"]
    data = table.getvalue().encode()
    for command in ingest, clean, cat:
        data = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
    return list(csv.reader(io.StringIO(data.decode())))[1:]


def main():
    if not (os.path.exists(path) or os.path.exists(path + ".bz2")):
        print("skipped: Debian's unicode-data is not installed")
        return 77
    rows = cases()
    equal = different = 0
    for form, wanted in ("nfc", (1, 1, 1, 3, 3)), ("nfkc", (3, 3, 3, 3, 3)):
        found = normalized(rows, form)
        assert len(found) == len(rows), f"{len(rows)} rows in, {len(found)} out"
        for row, ours in zip(rows, found):
            same = sum(ours[i] == row[wanted[i]] for i in range(5))
            equal += same
            different += 5 - same
            if same < 5:
                print(form, [ascii(text) for text in row], [ascii(text) for text in ours])
    print(f"{equal} forms equal, {different} different")
    return different > 0


sys.exit(main())

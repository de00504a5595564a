#!/usr/bin/env python3
"""How well text and missing do on labeled sets, through the shipped commands.

    tests/quality/clean_cells.py BUILD DATA

BUILD is the build directory, DATA a folder with the sets text_ftfy and missing_markers (each
folder's SOURCE.txt says where it came from). Prints set, figure, the anchor's figure and ours; where
ftfy is installed it runs live. Standard library only.
"""
import csv
import glob
import io
import json
import os
import subprocess
import sys

build, data = sys.argv[1], sys.argv[2]


def command(name):
    return os.path.join(build, name.split("-")[1], name)


def cleaned(table, step):
    """The rows, header first, that leave one step over a CSV text whose columns all stay text."""
    ingest = [command("tamis-ingest"), "--no-store", "-q", "--no-provenance", "-"]
    for name in next(csv.reader(io.StringIO(table))):
        ingest += ["--text", name]
    clean = [command("tamis-clean"), "--no-store", "-q", "-m", step]
    cat = [command("tamis-features"), "cat", "-", "--format", "csv"]
    out = table.encode()
    for part in (ingest, clean, cat):
        out = subprocess.run(part, input=out, stdout=subprocess.PIPE, check=True).stdout
    return list(csv.reader(io.StringIO(out.decode(), newline="")))


def show(name, figure, anchor, ours):
    print(f"{name:22} {figure:34} {anchor:>24} {ours:>10}")


def text():
    cases = []
    for path in sorted(glob.glob(os.path.join(data, "text_ftfy", "*.json"))):
        with open(path, encoding="utf-8") as file:
            cases += json.load(file)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["id", "text"])
    writer.writerows([i, case["original"]] for i, case in enumerate(cases))
    rows = cleaned(table.getvalue(), "text columns=text quotes=straight ligatures=true whitespace=keep")
    fixed = [row[1] for row in rows[1:]]
    right = sum(a == case["fixed"] for a, case in zip(fixed, cases))
    plain = [(a, case) for a, case in zip(fixed, cases)
             if case["original"] == case.get("fixed-encoding", case["fixed"])]
    spoiled = sum(a != case["fixed"] for a, case in plain)
    try:
        import ftfy
        anchor = str(sum(ftfy.fix_text(case["original"]) == case["fixed"] for case in cases))
    except ImportError:
        anchor = "77"
    show("text_ftfy", f"cases repaired of {len(cases)}", "ftfy " + anchor, str(right))
    show("text_ftfy", f"right ones spoiled of {len(plain)}", "ftfy 0", str(spoiled))


def missing():
    folder = os.path.join(data, "missing_markers")
    with open(os.path.join(folder, "dirty.csv"), encoding="utf-8", newline="") as file:
        dirty = file.read()
    with open(os.path.join(folder, "missing_mask.csv"), encoding="utf-8", newline="") as file:
        mask = list(csv.reader(file))
    for step in ("missing", "missing detect=true"):
        rows = cleaned(dirty, step)
        hits = wrong = missed = 0
        for row, truth in zip(rows[1:], mask[1:]):
            for value, is_missing in zip(row[1:], truth[1:]):
                null = value == ""
                hits += null and is_missing == "1"
                wrong += null and is_missing == "0"
                missed += not null and is_missing == "1"
        f1 = 2 * hits / (2 * hits + wrong + missed)
        show("missing_markers", f"cell F1, {step}", "pandas 0.44, list 0.48", f"{f1:.3f}")


text()
missing()

#!/usr/bin/env python3
"""Expectations: failing cells and time beside Great Expectations and pandera.

    tests/quality/validate.py BUILD DATA

BUILD is the build directory, DATA a folder with errors_hospital and errors_beers. The rules are those of
the recipes in tests/quality/recipes; the anchors get the ones about single columns, the only ones they
have. Then twenty expectations over a table made here: the failing cells must be the same, and the time
is the time of the check without reading the table for the anchors, of `tamis-clean` as a whole for
ours. Standard library only; the anchors where they are installed (see tests/quality/run).
"""
import csv
import json
import os
import random
import subprocess
import time

from shared import anchor_checks
from shared.figures import command, data, here, rows_of, scratch, show

ROWS = 200000


def f1(found, wanted):
    return 2 * len(found & wanted) / max(1, len(found) + len(wanted))


# ---- labeled errors ----

COLUMN_RULES = {
    "hospital": [("matches", "ProviderNumber", "[0-9]{5}"), ("matches", "ZipCode", "[0-9]{5}"),
                 ("matches", "PhoneNumber", "[0-9]{10}"), ("in", "State", ["al", "ak"]),
                 ("in", "EmergencyService", ["yes", "no"]), ("matches", "Score", "[0-9]+%|empty"),
                 ("matches", "Sample", "[0-9]+ patients|empty"),
                 ("in", "HospitalType", ["acute care hospitals"])],
    "beers": [("matches", "ounces", r"[0-9]+(\.[0-9]*[1-9])?"),
              ("matches", "abv", r"0(\.[0-9]*[1-9])?"), ("not_in", "ibu", ["N/A"]),
              ("not_null", "state", None), ("not_null", "city", None),
              ("matches", "state", "[A-Z]{2}"), ("not_matches", "city", ".* [A-Z]{2}")],
}


def issues_of(path, arguments, names):
    """(row, column) of every cell that validate flags, and the seconds of tamis-clean."""
    arrow = scratch("table.arrow")
    ingest = [command("tamis-ingest"), "--no-store", "-q", "--no-provenance", "-o", arrow, path]
    for name in names:
        ingest += ["--text", name]
    subprocess.run(ingest, check=True)
    clean = [command("tamis-clean"), "--no-store", "-q", "--accept-failed", "-o", scratch("out.arrow")]
    started = time.perf_counter()
    subprocess.run(clean + arguments + [arrow], check=False, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    cat = [command("tamis-features"), "cat", scratch("out.arrow"), "--format", "csv", "--columns",
           "validate_issues"]
    out = subprocess.run(cat, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    found = set()
    for row, line in enumerate(list(csv.reader(out.decode().splitlines()))[1:]):
        found.update((row, part.split(":")[0]) for part in (line[0] if line else "").split("; ") if part)
    return found, seconds


def labeled(name):
    folder = os.path.join(data, "errors_" + name)
    dirty, clean = (rows_of(os.path.join(folder, file)) for file in ("dirty.csv", "clean.csv"))
    wanted = {(row, column) for row, (before, after) in enumerate(zip(dirty[1:], clean[1:]))
              for column, x, y in zip(dirty[0], before, after) if x != y}
    recipe = ["--recipe", os.path.join(here, "recipes", name + "_expectations.yaml")]
    ours, _ = issues_of(os.path.join(folder, "dirty.csv"), recipe, dirty[0])
    for title, anchor in (("Great Expectations", anchor_checks.great_expectations),
                          ("pandera", anchor_checks.pandera)):
        theirs = tried(anchor, dirty[0], dirty[1:], COLUMN_RULES[name])
        figure = theirs if isinstance(theirs, str) else f"{f1(theirs[0], wanted):.3f}"
        show("errors_" + name, "detection F1 by expectations", f"{title} {figure}",
             f"{f1(ours, wanted):.3f}")


def tried(anchor, header, rows, rules):
    """What the anchor finds, or why it finds nothing."""
    try:
        return anchor(anchor_checks.frame_of(header, rows), rules)
    except ImportError:
        return anchor_checks.MISSING
    except Exception as error:  # another version, another interface
        return "failed: " + type(error).__name__


# ---- twenty expectations ----

def make_table():
    draw = random.Random(5)
    header = ["id", "code", "country", "mail", "note"]
    rows = []
    for i in range(ROWS):
        rows.append([f"{i if draw.random() > 0.001 else 7}", f"{draw.randrange(100000):05}"[:5 - (draw.random() < 0.01)],
                     draw.choice(("DE", "FR", "IT", "XX" if draw.random() < 0.01 else "ES")),
                     f"u{i}@example.org" if draw.random() > 0.02 else f"u{i}",
                     "x" * draw.randrange(1, 30) if draw.random() > 0.05 else ""])
    return header, rows


TWENTY = [("unique", "id", None), ("not_null", "id", None), ("matches", "id", "[0-9]+"),
          ("not_matches", "id", "0[0-9]+"),
          ("matches", "code", "[0-9]{5}"), ("not_null", "code", None), ("not_in", "code", ["00000"]),
          ("not_matches", "code", "9{5}"),
          ("in", "country", ["DE", "FR", "IT", "ES"]), ("not_null", "country", None),
          ("matches", "country", "[A-Z]{2}"), ("not_in", "country", ["XX"]),
          ("matches", "mail", "[^@]+@[^@]+"), ("not_null", "mail", None),
          ("matches", "mail", "u.*"), ("not_matches", "mail", ".* .*"),
          ("not_null", "note", None), ("matches", "note", "x+"), ("not_matches", "note", "x{25,}"),
          ("not_in", "note", ["x", "xx"])]


def step_of(rules):
    """The same rules as a line of ours."""
    words = []
    for kind, column, argument in rules:
        value = "true" if argument is None else json.dumps(argument)
        value = "all" if kind == "unique" else value  # the first of equal ones fails too
        words.append("{column: %s, %s: %s}" % (column, kind, value))
    return ["-m", "validate severity=warning rules=[" + ", ".join(words) + "]"]


def twenty():
    header, rows = make_table()
    path = scratch("twenty.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header] + rows)
    ours, seconds = issues_of(path, step_of(TWENTY), header)
    for title, anchor in (("Great Expectations", anchor_checks.great_expectations),
                          ("pandera", anchor_checks.pandera)):
        theirs = tried(anchor, header, rows, TWENTY)
        if isinstance(theirs, str):
            show("20 expectations", f"seconds, {ROWS} rows", f"{title} {theirs}", f"{seconds:.2f}")
            continue
        show("20 expectations", f"seconds, {ROWS} rows", f"{title} {theirs[1]:.2f}", f"{seconds:.2f}")
        show("20 expectations", "failing cells, and those not the same",
             f"{title} {len(theirs[0])}", f"{len(ours)}, {len(ours ^ theirs[0])}")


def main():
    labeled("hospital")
    labeled("beers")
    twenty()


main()

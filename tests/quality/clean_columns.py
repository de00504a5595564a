#!/usr/bin/env python3
"""How well types, standardize, images and validate do on labeled sets, through the shipped commands.

    tests/quality/clean_columns.py BUILD DATA

BUILD is the build directory, DATA a folder with the sets dates, types_ptype, types_sortinghat, errors_hospital,
errors_beers, images_perturbed and images_cleanvision (each folder's SOURCE.txt says where it came
from). Prints set, figure, the anchor's figure and ours. Standard library only.
"""
import csv
import io
import json
import os
import subprocess
import sys

from shared import anchor_columns

here = os.path.dirname(os.path.abspath(__file__))
build, data = sys.argv[1], sys.argv[2]
csv.field_size_limit(1 << 28)


def command(name):
    return os.path.join(build, name.split("-")[1], name)


def rows_of(path):
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        return list(csv.reader(file))


def cleaned(source, steps, text=(), columns=()):
    """The rows that leave tamis-clean, the header first."""
    ingest = [command("tamis-ingest"), "--no-store", "-q", "--no-provenance", source]
    for name in text:
        ingest += ["--text", name]
    clean = [command("tamis-clean"), "--no-store", "-q"] + steps
    cat = [command("tamis-features"), "cat", "-", "--format", "csv"]
    for name in columns:
        cat += ["--columns", name]
    first = subprocess.Popen(ingest, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    second = subprocess.Popen(clean, stdin=first.stdout, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    out = subprocess.run(cat, stdin=second.stdout, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=False).stdout
    return list(csv.reader(io.StringIO(out.decode())))


def recipe(name):
    return ["--recipe", os.path.join(here, "recipes", name + ".yaml")]


def show(name, figure, anchor, ours):
    print(f"{name:22} {figure:34} {anchor:>24} {ours:>10}")


def plain(text):
    try:
        return repr(round(float(text), 9))
    except ValueError:
        return text


def f1(true, false, missed):
    return 2 * true / max(1, 2 * true + false + missed)


def repair(name, steps):
    """F1 of changed cells: right where the value is that of the clean table."""
    folder = os.path.join(data, "errors_" + name)
    dirty, clean = (rows_of(os.path.join(folder, f))[1:] for f in ("dirty.csv", "clean.csv"))
    ours = cleaned(os.path.join(folder, "dirty.csv"), steps)[1:]
    true = false = errors = 0
    for before, wanted, after in zip(dirty, clean, ours):
        for x, y, z in zip(map(plain, before), map(plain, wanted), map(plain, after)):
            errors += x != y
            true += z != x and z == y
            false += z != x and z != y
    return 2 * true / max(1, true + false + errors)


def detection(name, steps):
    folder = os.path.join(data, "errors_" + name)
    dirty, clean = (rows_of(os.path.join(folder, f)) for f in ("dirty.csv", "clean.csv"))
    ours = cleaned(os.path.join(folder, "dirty.csv"), steps, columns=["validate_issues"])[1:]
    true = false = missed = 0
    for before, wanted, issues in zip(dirty[1:], clean[1:], ours):
        flagged = {part.split(":")[0] for part in issues[0].split("; ")}
        for column, x, y in zip(dirty[0], before, wanted):
            true += column in flagged and x != y
            false += column in flagged and x == y
            missed += column not in flagged and x != y
    return f1(true, false, missed)


def picture_issues(folder):
    table = cleaned(folder, ["-m", "images on_fail=flag"], columns=["path", "image_issues"])
    return {os.path.basename(path): set(filter(None, issues.split(", ")))
            for path, issues in table[1:]}


def images_perturbed():
    folder = os.path.join(data, "images_perturbed")
    found = picture_issues(folder)
    truth = rows_of(os.path.join(folder, "truth.csv"))
    issues = ("dark", "light", "blurry", "grayscale")
    theirs = anchor_columns.cleanvision_issues(folder, issues)
    for issue in issues:
        at = truth[0].index(issue)
        wanted = {row[0] for row in truth[1:] if row[at] == "1"}
        ours = {name for name, issues in found.items() if issue in issues}
        anchor = {"dark": "all", "grayscale": "all", "light": "0 of 4", "blurry": "1 of 4"}[issue]
        if theirs is not None:
            anchor = f"{len(wanted & theirs[issue])}+{len(theirs[issue] - wanted)}"
        show("images_perturbed", f"{issue}, {len(wanted)} right+wrong", "CleanVision " + anchor,
             f"{len(wanted & ours)}+{len(ours - wanted)}")
    read = {name for name, issues in found.items() if "unreadable" not in issues}
    broken = {name for name in os.listdir(folder) if name.startswith("bad_")}
    show("images_perturbed", "broken files found", "5 of 5", f"{len(broken - read)}")


def images_cleanvision():
    folder = os.path.join(data, "images_cleanvision")
    found = picture_issues(folder)
    names = {"is_dark_issue": "dark", "is_light_issue": "light", "is_blurry_issue": "blurry",
             "is_low_information_issue": "blank", "is_grayscale_issue": "grayscale",
             "is_odd_aspect_ratio_issue": "odd aspect"}
    truth = rows_of(os.path.join(folder, "cleanvision_issues.csv"))
    wrong = 0
    for row in truth[1:]:
        wanted = {word for column, word in names.items() if row[truth[0].index(column)] == "True"}
        wrong += len(wanted ^ found.get(row[0], set()))
    show("images_cleanvision", "words that differ from CleanVision", "0", str(wrong))


def dates():
    table = rows_of(os.path.join(data, "dates", "cases.csv"))
    cases = [(row[0], row[3], row[4]) for row in table[1:]]
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"tamis-dates-{os.getpid()}.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"]] + [[text] for _, text, _ in cases])
    for repository, zones in (("dateutil/dateutil", "ignore"), ("scrapinghub/dateparser", "convert")):
        steps = ["-m", f"types text=timestamp order=month-first zones={zones} on_fail=null"]
        day_first = ["-m", f"types text=timestamp order=day-first zones={zones} on_fail=null"]
        readings = [cleaned(path, s, text=["text"])[1:] for s in (steps, day_first)]
        right = total = 0
        for (source, _, wanted), *found in zip(cases, *readings):
            if source != repository:
                continue
            total += 1
            texts = [row[0].rstrip("Z").replace("T", " ") if row else "" for row in found]
            right += wanted in texts
        figure = (f"dateutil, of {total} (22 partial)" if "dateutil" in repository
                  else f"dateparser, of {total}")
        own = [case[1:] for case in cases if case[0] == repository]
        goal = "all full ones" if "dateutil" in repository else "60"
        show("dates", figure, f"{goal}, dateutil {anchor_columns.dateutil_right(own)}", str(right))
        show("dates", figure, f"dateparser {anchor_columns.dateparser_right(own)}", str(right))
    os.unlink(path)


def types():
    folder = os.path.join(data, "types_ptype")
    with open(os.path.join(folder, "annotations.json"), encoding="utf-8-sig") as file:
        annotations = json.load(file)
    kinds = {"int64": "integer", "float64": "float", "bool": "boolean"}
    right = total = 0
    for name, wanted in annotations.items():
        path = os.path.join(folder, name + ".csv")
        header = rows_of(path)[0] if name != "auto" else [f"column{i + 1}" for i in range(26)]
        ingest = [command("tamis-ingest"), "--no-store", "-q", "--no-provenance", path]
        ingest += ["--header", "no" if name == "auto" else "yes"]
        for column in header:
            ingest += ["--text", column]
        first = subprocess.Popen(ingest, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        second = subprocess.Popen([command("tamis-clean"), "--no-store", "-q"] + recipe("types"),
                                  stdin=first.stdout, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        out = subprocess.run([command("tamis-features"), "cat", "-", "--format", "jsonl",
                              "--head", "200"], stdin=second.stdout, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout
        rows = [json.loads(line) for line in out.splitlines()]
        for column, annotation in zip(header, wanted):
            values = [row[column] for row in rows if row.get(column) is not None]
            kind = kind_of(values)
            annotation = "date" if annotation.startswith("date") else annotation
            annotation = "string" if annotation == "gender" else annotation
            total += 1
            right += kinds.get(kind, kind) == annotation
    show("types_ptype", f"column types, of {total}",
         "ptype .742 then, now " + anchor_columns.ptype_types(folder, annotations),
         f"{right / max(1, total):.3f}")


def dialects():
    """Tables read with as many columns as their annotations have."""
    folder = os.path.join(data, "types_ptype")
    with open(os.path.join(folder, "annotations.json"), encoding="utf-8-sig") as file:
        annotations = json.load(file)
    ours = theirs = 0
    for name, wanted in annotations.items():
        path = os.path.join(folder, name + ".csv")
        ours += len(cleaned(path, ["-m", "text columns=[]"])[0]) == len(wanted)
        found = anchor_columns.clevercsv_columns(path)
        theirs = None if found is None or theirs is None else theirs + (found == len(wanted))
    show("types_ptype", f"tables with their number of columns, of {len(annotations)}",
         "CleverCSV " + (anchor_columns.MISSING if theirs is None else str(theirs)), str(ours))


def roles():
    """Each column of five sample values as a table of its own; the role stands in the saved state."""
    with open(os.path.join(data, "types_sortinghat", "columns.csv"), newline="",
              encoding="utf-8", errors="replace") as file:
        columns = list(csv.DictReader(file))
    right = {"numeric": 0, "datetime": 0}
    for column in columns:
        samples = [column[f"sample_{i}"] for i in range(1, 6)]
        table = io.StringIO()
        name = column["Attribute_name"].strip() or "column"
        csv.writer(table).writerows([[name, "n"]] + [[value, 1] for value in samples])
        ingest = subprocess.Popen([command("tamis-ingest"), "--no-store", "-q", "--no-provenance", "--header", "yes",
                                   "--delimiter", ",", "--text", name, "--format", "csv", "-"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        clean = subprocess.Popen([command("tamis-clean"), "--no-store", "-q", "-m", "missing", "-m", "types on_fail=null",
                                  "--save-state", "/dev/stdout", "-o", os.devnull],
                                 stdin=ingest.stdout, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        ingest.stdin.write(table.getvalue().encode())
        ingest.stdin.close()
        state = clean.communicate()[0].decode()
        role = state.split('"role": "')[1].split('"')[0] if '"role": "' in state else ""
        right["numeric"] += (role == "measure") == (column["y_act"] == "numeric")
        right["datetime"] += (role == "time") == (column["y_act"] == "datetime")
    for kind, anchor in (("numeric", ".807"), ("datetime", "at least .99")):
        show("types_sortinghat", f"{kind} or not, of {len(columns)}", anchor,
             f"{right[kind] / len(columns):.3f}")


def kind_of(values):
    """The type of a column from its values as JSON."""
    if values and all(isinstance(v, bool) for v in values):
        return "bool"
    if values and all(isinstance(v, int) for v in values):
        return "int64"
    if values and all(isinstance(v, (int, float)) for v in values):
        return "float64"
    stamp = "0123456789-T:.Z "
    dates = values and all(isinstance(v, str) and len(v) >= 8 and set(v) <= set(stamp) and
                           (v[4:5] == "-" or v[2:3] == ":") and v.count("-") != 1 for v in values)
    return "date" if dates else "string"


def main():
    show("set", "figure", "anchor or target", "ours")
    types()
    dialects()
    roles()
    dates()
    for name, figure, anchor, ours in (
            ("hospital", "repair F1, no rules", "0.50", repair("hospital", recipe("hospital_no_rules"))),
            ("hospital", "repair F1, rules", "0.64", repair("hospital", recipe("hospital_rules"))),
            ("beers", "repair F1, rules", "0.90", repair("beers", recipe("beers"))),
            ("hospital", "detection F1, rules", "0.95",
             detection("hospital", recipe("hospital_expectations"))),
            ("beers", "detection F1, rules", "0.95",
             detection("beers", recipe("beers_expectations")))):
        show("errors_" + name, figure, anchor, f"{ours:.3f}")
    images_perturbed()
    images_cleanvision()


main()

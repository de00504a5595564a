#!/usr/bin/env python3
"""How well dirty CSV files are read: the Pollock benchmark, by the shipped commands.

    tests/quality/pollock.py BUILD DATA [given|found|survey] [--worst N] [--typed]

BUILD is the build directory, DATA a folder with the folder pollock (polluted.tar.zst, survey.tar.zst,
weights.json; or unpacked: polluted/ and survey/ with csv, clean and parameters). Each file goes through
`tamis-ingest FILE | tamis-features cat --format csv`:

    given    the polluted files, with the dialect of their parameters as options
    found    the same without any option about the dialect
    survey   real-world files of open-data portals, without any option about the dialect

Score (Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023): per file success and
precision, recall and F1 of the header's cells, of records (their cells joined) and of cells, as multisets
against the clean file; the sum of the ten is 10 at best; averaged over files it is the simple score, with
the weights of the survey the weighted one. Cells are compared as text; header and records after numbers,
truth values and case are made alike. The benchmark would make a few more alike (dates, prices), so that
what is printed here is at most what it would say. Values are kept as text, as a loader into text columns
does; --typed lets the columns have their types. Repeated names of a header are shown as the source has
them (`cat --source-names`); --unique-names shows those of the columns. Standard library and zstd, tar.
"""
import argparse
import collections
import csv
import json
import os
import subprocess
import sys
import tempfile

csv.field_size_limit(1 << 28)
MEASURES = ("success", "header p", "header r", "header f1", "record p", "record r", "record f1",
            "cell p", "cell r", "cell f1")


def alike(text):
    """Numbers and truth values that mean the same become the same text."""
    if text in ("True", "true"):
        return "1"
    if text in ("False", "false"):
        return "0"
    try:
        return str(int(text))
    except ValueError:
        pass
    try:
        return str(float(text))
    except ValueError:
        return text.lower()


def overlap(expected, found):
    """Precision, recall and F1 of two multisets, named as the benchmark names them."""
    if not expected:
        return [1.0, 1.0, 1.0]
    common = sum((collections.Counter(expected) & collections.Counter(found)).values())
    if common == 0:
        return [0.0, 0.0, 0.0]
    precision, recall = common / len(expected), common / len(found)
    return [precision, recall, 2 * precision * recall / (precision + recall)]


def rows_of(data):
    return list(csv.reader(data.decode("utf-8-sig", "replace").splitlines(keepends=True)))


def score(clean, loaded):
    """The ten measures; loaded None = the file was not read."""
    if loaded is None:
        return [0.0] * 10
    expected = rows_of(clean)
    if not expected:
        return [1.0] * 10
    found = rows_of(loaded)
    expected_alike = [[alike(cell) for cell in row] for row in expected]
    found_alike = [[alike(cell) for cell in row] for row in found]
    return ([1.0] + overlap(expected_alike[0], found_alike[0] if found else [])
            + overlap(["".join(row) for row in expected_alike[1:]],
                      ["".join(row) for row in found_alike[1:]])
            + overlap([cell for row in expected for cell in row],
                      [cell for row in found for cell in row]))


def options_of(parameters):
    """What the parameters of a file say, as options of tamis-ingest."""
    names = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
    options = []
    if parameters["delimiter"]:
        options += ["--delimiter", names.get(parameters["delimiter"], parameters["delimiter"])]
    options += ["--quote", parameters["quotechar"] or "none"]
    if parameters["escapechar"] not in ("", parameters["quotechar"], '"'):
        options += ["--escape", parameters["escapechar"]]
    if int(parameters["preamble_lines"]) > 0:
        options += ["--skip-rows", str(parameters["preamble_lines"])]
    headers = int(parameters["header_lines"])
    return options + ["--header", str(headers) if headers > 0 else "no"]


class Reader:
    def __init__(self, build, typed, source_names):
        self.ingest = [os.path.join(build, "ingest", "tamis-ingest"), "--no-store", "-q",
                       "--no-provenance"] + ([] if typed else ["--text", "*"])
        self.cat = [os.path.join(build, "features", "tamis-features"), "cat", "-", "--format", "csv"]
        if source_names:
            self.cat.append("--source-names")

    def read(self, path, options):
        """The rows as CSV, None where either command failed."""
        first = subprocess.Popen(self.ingest + options + [path], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        second = subprocess.run(self.cat, stdin=first.stdout, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, check=False)
        first.stdout.close()
        code = first.wait()
        return second.stdout if code in (0, 3) and second.returncode in (0, 3) else None


def unpack(data, name, into):
    folder = os.path.join(data, "pollock", name)
    if os.path.isdir(folder):
        return folder
    folder = os.path.join(into, name)
    os.mkdir(folder)
    subprocess.run(f"zstd -dc --long=27 '{data}/pollock/{name}.tar.zst' | tar x -C '{folder}'",
                   shell=True, check=True)
    return folder


def run(reader, folder, given):
    """Name of each file -> its ten measures."""
    result = {}
    for name in sorted(os.listdir(os.path.join(folder, "csv"))):
        options = []
        if given:
            with open(os.path.join(folder, "parameters", name + "_parameters.json"),
                      encoding="utf-8") as file:
                options = options_of(json.load(file))
        loaded = reader.read(os.path.join(folder, "csv", name), options)
        with open(os.path.join(folder, "clean", name), "rb") as file:
            result[name] = score(file.read(), loaded)
    return result


def show(title, result, weights, worst):
    simple = sum(sum(measures) for measures in result.values()) / len(result)
    line = f"{title:8} {len(result):5} files   simple {simple:6.3f}"
    if weights:
        total = sum(weights[name] for name in result)
        weighted = sum(sum(measures) * weights[name] for name, measures in result.items()) / total
        line += f"   weighted {weighted:6.3f}"
    print(line)
    loss = {name: (10 - sum(measures)) * (weights[name] if weights else 1)
            for name, measures in result.items()}
    for name in sorted(loss, key=loss.get, reverse=True)[:worst]:
        parts = " ".join(f"{measure:.2f}" for measure in result[name])
        print(f"    {name[:44]:44} {sum(result[name]):6.3f}  {parts}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("data")
    parser.add_argument("uses", nargs="*", default=["given", "found", "survey"])
    parser.add_argument("--worst", type=int, default=0, help="also the N files that cost most")
    parser.add_argument("--typed", action="store_true")
    parser.add_argument("--unique-names", action="store_true", help="repeated names stay x, x_2")
    args = parser.parse_args()
    if not os.path.isdir(os.path.join(args.data, "pollock")):
        print(f"pollock: no folder {args.data}/pollock")
        return 0
    reader = Reader(args.build, args.typed, not args.unique_names)
    with open(os.path.join(args.data, "pollock", "weights.json"), encoding="utf-8") as file:
        weights = json.load(file)
    with tempfile.TemporaryDirectory() as scratch:
        folders = {}
        for use in args.uses:
            name = "survey" if use == "survey" else "polluted"
            folders[name] = folders.get(name) or unpack(args.data, name, scratch)
            result = run(reader, folders[name], use == "given")
            show(use, result, weights if name == "polluted" else None, args.worst)
    return 0


if __name__ == "__main__":
    sys.exit(main())

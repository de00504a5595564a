#!/usr/bin/env python3
"""What the shipped commands make of other projects' test suites.

    tests/quality/suites.py BUILD DATA [SUITE...] [--wrong] [--check FILE]

BUILD is the build directory (with sanitizers too: a report of theirs is wrong whatever else happened),
DATA a folder with the suites as folders (each with a SOURCE.txt that says where it is from). Prints one
line a suite: files that are right, rejected as the suite expects, wrong. --wrong lists the wrong ones,
--check FILE compares with the lines of a file and fails where they differ. Standard library; zstd and tar
where a suite is packed.

A file is right when it is read as its suite says, or, where the suite has no answers, when each line of
it is a row, a reject, a header or a line that the summary names. It is rejected as expected when it must
be, or may be, and an error or a reject says why. Anything else, a signal, a sanitizer's report, more than
a minute, or (hostile/bombs) more than 256 MiB or 2 s of CPU, is wrong.
"""
import argparse
import csv
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

RIGHT, REJECTED, WRONG = "right", "rejected", "wrong"
REPORT = re.compile(rb"(Address|Leak|Memory)Sanitizer|runtime error:")
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="halt_on_error=1")


class Outcome:
    def __init__(self, code, out, log, usage):
        self.code, self.out, self.log, self.usage = code, out, log, usage
        self.broken = code < 0 or code == 99 or code > 128 or REPORT.search(log) is not None
        self.rows = self.number(rb"(\d+) rows? from")
        self.rejected = self.number(rb"(\d+) rejected")

    def number(self, pattern):
        found = re.search(pattern, self.log)
        return int(found.group(1)) if found else 0

    def refused(self):
        """Neither rows nor silence: an error with a reason, or nothing but rejects."""
        return self.code in (1, 2, 3) and self.log.strip() != b""


class Tools:
    def __init__(self, build, scratch):
        self.build, self.scratch = build, scratch

    def run(self, name, arguments):
        path = os.path.join(self.build, name.split("-")[1], name)
        log = os.path.join(self.scratch, "log")
        with open(log, "wb") as errors:
            process = subprocess.Popen([path] + arguments, stdout=subprocess.PIPE, stderr=errors,
                                       stdin=subprocess.DEVNULL, env=ENVIRONMENT)
            try:
                out = process.communicate(timeout=60)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                out = process.communicate()[0]
        with open(log, "rb") as file:
            return Outcome(process.returncode, out, file.read(), None)

    def ingest(self, arguments):
        return self.run("tamis-ingest", ["--no-store", "-o", os.path.join(self.scratch, "t.arrow"),
                                         "--rejects", os.path.join(self.scratch, "r.arrow")] + arguments)

    def rows(self, form="jsonl", name="t.arrow", more=()):
        return self.run("tamis-features", ["cat", os.path.join(self.scratch, name), "--format", form]
                        + list(more)).out.decode("utf-8", "replace")


def files_of(folder):
    found = []
    for where, _, names in os.walk(folder):
        found += [os.path.join(where, name) for name in names if name != "SOURCE.txt"]
    return sorted(found)


def either(outcome):
    if outcome.broken:
        return WRONG
    if outcome.code == 0 and outcome.rejected == 0:
        return RIGHT
    return REJECTED if outcome.refused() or outcome.rejected > 0 else WRONG


# ---- CSV ----

def texts_of(tools):
    """Rows as lists of texts, null as nothing."""
    return [row for row in csv.reader(io.StringIO(tools.rows("csv"), newline=""))]


def same_objects(tools, expected):
    rows = texts_of(tools)
    return [dict(zip(rows[0], row)) for row in rows[1:]] == expected


def csv_spectrum(tools, folder):
    for path in files_of(os.path.join(folder, "csvs")):
        name = os.path.basename(path)[:-4]
        with open(os.path.join(folder, "json", name + ".json"), encoding="utf-8") as file:
            expected = json.load(file)
        outcome = tools.ingest(["--no-provenance", "--text", "*", path])
        good = not outcome.broken and outcome.code == 0 and outcome.rejected == 0
        yield name, RIGHT if good and same_objects(tools, expected) else WRONG


CONTRACT = """columns:
  foo: {type: utf8}
  bar: {type: utf8}
  baz: {type: utf8}
on_drift: {new: fail, missing: fail, retyped: fail}
"""


def csv_test_data(tools, folder):
    contract = os.path.join(tools.scratch, "contract.yaml")
    with open(contract, "w", encoding="utf-8") as file:
        file.write(CONTRACT)
    for path in files_of(os.path.join(folder, "csv")):
        name = os.path.basename(path)[:-4]
        header = "header" in name
        options = ["--no-provenance", "--text", "*", "--delimiter", "comma", "--quote", "double",
                   "--header", "yes" if header else "no"]
        if header:
            options += ["--contract", contract]
        outcome = tools.ingest(options + [path])
        answer = os.path.join(folder, "json", name + ".json")
        if not os.path.exists(answer):
            bad = outcome.refused() or outcome.rejected > 0
            yield name, REJECTED if bad and not outcome.broken else WRONG
            continue
        with open(answer, encoding="utf-8") as file:
            expected = json.load(file)
        rows = texts_of(tools) if outcome.code == 0 and not outcome.broken else None
        good = rows is not None and (same_objects(tools, expected) if expected and
                                     isinstance(expected[0], dict) else rows[1:] == expected)
        yield name, RIGHT if good and outcome.rejected == 0 else WRONG


def lines_are_accounted_for(data, outcome):
    """True, or None where lines are not records: quotes, escapes, other encodings."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if re.search("[\"'\\\\]", text) or "\0" in text or b"read as" in outcome.log:
        return None
    lines = re.split("\r\n|\r|\n", text)
    if lines[-1] == "":
        lines.pop()
    blank = sum(line == "" for line in lines)
    named = (outcome.rows + outcome.rejected + outcome.number(rb"(\d+) lines? in front")
             + outcome.number(rb"(\d+) empty lines?"))
    skipped = outcome.number(rb"(\d+) blank lines?")
    return 0 <= len(lines) - named - skipped <= 10 + blank - skipped


def csv_free(tools, folder):
    for path in files_of(folder):
        outcome = tools.ingest(["--format", "csv", path])
        result = either(outcome)
        with open(path, "rb") as file:
            data = file.read()
        if result != WRONG and outcome.code in (0, 3) and data and \
                lines_are_accounted_for(data, outcome) is False:
            result = WRONG
        yield os.path.relpath(path, folder), result


# ---- JSON ----

def json_test_suite(tools, folder):
    """Each text as the member of an object, as records are objects: y_ must be read, n_ rejected."""
    wrapped = os.path.join(tools.scratch, "wrapped.jsonl")
    for path in files_of(folder):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            text = file.read()
        object_of_it = b'{"v":' + text + b'}'
        with open(wrapped, "wb") as file:  # what has line ends can be no line: it is an array's element
            file.write(b"[" + object_of_it + b"]" if b"\n" in text else object_of_it)
        outcome = tools.ingest(["--format", "jsonl", wrapped])
        result = either(outcome)
        if name.startswith("y_") and result == REJECTED:
            # RFC 8259 leaves an object with a key twice to the reader; ours says which key it is
            result = REJECTED if "duplicate" in name or "same_key" in name else WRONG
        if name.startswith("n_") and result == RIGHT:
            result = WRONG
        yield name, result


def json_free(tools, folder):
    for path in files_of(folder):
        yield os.path.basename(path), either(tools.ingest(["--format", "jsonl", path]))


# ---- pictures ----

def must_be_rejected(name):
    """What the suites' notes say about a file; None: either way."""
    base = os.path.basename(name)
    if base.startswith("x") and "PngSuite" in name or base.startswith("x_"):
        return True
    if base in ("corrupt-header.jpg", "truncated.jpg", "monkey12.jpg", "broken.png", "truncated_image.png",
                "truncated_jpeg.jpg", "65536-uint32-limit.png", "badadler.png",
                "cicp_pq.png"):  # two of its chunks have a wrong check sum
        return True
    if "crashers" in name or "badpal" in name or "fuzz" in name or "oss-fuzz" in name or \
            "png_decompression_dos" in name or "icc-after-SOF" in name or "CMYK" in name or "cmyk" in name:
        return None
    return False


def gather(tools, folder, suffix, suite):
    """The files of a suite in one folder, named as pictures; flat name -> name in the suite."""
    into = os.path.join(tools.scratch, "pictures")
    shutil.rmtree(into, ignore_errors=True)
    os.mkdir(into)
    names = {}
    for number, path in enumerate(files_of(folder)):
        end = os.path.splitext(path)[1].lower()
        flat = f"{number:05}" + (end if end in (".png", ".jpg", ".jpeg") else suffix)
        shutil.copyfile(path, os.path.join(into, flat))
        os.chmod(os.path.join(into, flat), 0o644)
        names[flat] = suite + "/" + os.path.relpath(path, folder)
    return into, names


def decoded(tools, folder):
    """The paths of pictures whose every byte decodes, or None where a program broke."""
    out = os.path.join(tools.scratch, "d.arrow")
    first = tools.ingest(["--format", "images", folder])
    if first.broken or first.code not in (0, 3):
        return None if first.broken else set()
    if first.rows == 0:
        return set()
    second = tools.run("tamis-clean", ["--no-store", "-q", os.path.join(tools.scratch, "t.arrow"),
                                       "-m", "images", "-o", out])
    if second.broken or second.code not in (0, 3):
        return None
    return set(tools.rows("csv", "d.arrow", ["--columns", "path"]).split("\n")[1:])


def pictures(suffix, free=False):
    def check(tools, folder):
        suite = os.path.basename(folder)
        into, names = gather(tools, folder, suffix, suite)
        good = decoded(tools, into)
        if good is None:  # one by one
            good = set()
            for flat in sorted(names):
                alone = os.path.join(tools.scratch, "alone")
                shutil.rmtree(alone, ignore_errors=True)
                os.mkdir(alone)
                shutil.copyfile(os.path.join(into, flat), os.path.join(alone, flat))
                found = decoded(tools, alone)
                if found is None:
                    yield names.pop(flat), WRONG
                else:
                    good |= found
        for flat, name in names.items():
            must = None if free else must_be_rejected(name)
            if flat in good:
                yield name, WRONG if must is True else RIGHT
            else:
                yield name, WRONG if must is False else REJECTED
    return check


# ---- others ----

def any_kind(options=(), limits=False):
    def check(tools, folder):
        for path in files_of(folder):
            operand = path
            if path.endswith((".png", ".jpg", ".jpeg")):
                operand = os.path.join(tools.scratch, "alone")
                shutil.rmtree(operand, ignore_errors=True)
                os.mkdir(operand)
                shutil.copyfile(path, os.path.join(operand, os.path.basename(path)))
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            outcome = tools.ingest(list(options) + [operand])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            result = either(outcome)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if limits and (after.ru_maxrss > 256 << 10 or cpu > 2):
                result = WRONG
            yield os.path.relpath(path, folder), result
    return check


SUITES = {
    "hostile/bombs": any_kind(limits=True),  # first: the peak of all children is measured
    "csv-spectrum": csv_spectrum, "csv-test-data": csv_test_data, "zsv": csv_free,
    "datatable-fread": csv_free, "duckdb-csv": csv_free, "arrow-csv-fuzz": csv_free,
    "hostile/csv": csv_free, "hostile/text": csv_free,
    "JSONTestSuite": json_test_suite, "hostile/json": json_free,
    "PngSuite": pictures(".png"), "libpng-testpngs": pictures(".png"), "image-png": pictures(".png"),
    "image-png-fuzz": pictures(".png", True), "hostile/png": pictures(".png", True),
    "libjpeg-turbo-testimages": pictures(".jpg"), "image-rs-jpeg": pictures(".jpg"),
    "pillow-images": pictures(".png"), "sharp-fixtures": pictures(".jpg"),
    "jpeg-afl": pictures(".jpg", True), "libjpeg-bugs": pictures(".jpg", True),
    "hostile/jpeg": pictures(".jpg", True),
    "hostile/sqlite": any_kind(["--format", "sqlite"]), "hostile/zstd": any_kind(),
}


def find_suite(data, suite, scratch):
    """DATA/suite, or hostile beside DATA; packed suites are unpacked."""
    for folder in (os.path.join(data, suite), os.path.join(data, "..", suite)):
        if not os.path.isdir(folder):
            continue
        packed = [name for name in os.listdir(folder) if name.endswith(".tar.zst")]
        if not packed:
            return folder
        into = os.path.join(scratch, "unpacked", suite)
        os.makedirs(into, exist_ok=True)
        for name in packed:
            subprocess.run(f"zstd -dc --long=27 '{os.path.join(folder, name)}' | tar x -C '{into}'",
                           shell=True, check=True)
        return into
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("data")
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--wrong", action="store_true", help="list the wrong files")
    parser.add_argument("--check", help="fail where the table differs from this file")
    args = parser.parse_args()
    lines = [f"{'suite':26} {'files':>6} {'right':>6} {'rejected':>9} {'wrong':>6}"]
    wrong = []
    for suite, check in SUITES.items():
        if args.suites and suite not in args.suites:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = find_suite(args.data, suite, scratch)
            if folder is None:
                continue
            results = list(check(Tools(os.path.abspath(args.build), scratch), folder))
        count = {kind: sum(result == kind for _, result in results) for kind in (RIGHT, REJECTED, WRONG)}
        lines.append(f"{suite:26} {len(results):6} {count[RIGHT]:6} {count[REJECTED]:9} {count[WRONG]:6}")
        print(lines[-1] if len(lines) > 2 else "\n".join(lines), flush=True)
        wrong += [f"    wrong: {suite}: {name}" for name, result in results if result == WRONG]
    if args.wrong or args.check:
        print("\n".join(wrong))
    if args.check:
        with open(args.check, encoding="utf-8") as file:
            if file.read().split("\n")[:-1] != lines:
                print("the table is not the one expected")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

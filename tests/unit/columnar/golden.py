#!/usr/bin/env python3
"""golden.py IPC_VALUES IPC_COPY FOLDER: compares each golden file of Apache Arrow, as stream and as
file, and our own rewriting of it, with the values of its JSON counterpart. Standard library only."""
import glob
import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile

PRECISION = {"SINGLE": "f", "HALF": "e"}


def leaf(kind, value):
    name = kind["name"]
    if name in ("utf8", "largeutf8", "utf8view"):
        return value
    if name in ("binary", "largebinary", "fixedsizebinary", "binaryview"):
        return value.upper()
    if name == "bool":
        return bool(value)
    if name == "floatingpoint":
        code = PRECISION.get(kind["precision"])
        value = float(value)
        return ("float", struct.unpack(code, struct.pack(code, value))[0] if code else value)
    if name == "interval" and isinstance(value, dict):
        keys = [k for k in ("months", "days", "milliseconds", "nanoseconds") if k in value]
        return ",".join(str(value[k]) for k in keys)
    return str(value)


def views(kind, column):
    text = kind["name"] == "utf8view"
    for view in column["VIEWS"]:
        if "INLINED" in view:
            yield view["INLINED"]
            continue
        data = bytes.fromhex(column["VARIADIC_DATA_BUFFERS"][view["BUFFER_INDEX"]])
        data = data[view["OFFSET"]:view["OFFSET"] + view["SIZE"]]
        yield data.decode() if text else data.hex()


def nested(field, column, dictionaries):
    """The values of a column whose type has children, nulls not yet put in."""
    kind, count = field["type"], column["count"]
    children = [values(f, c, dictionaries) for f, c in zip(field["children"], column["children"])]
    name = kind["name"]
    if name == "struct":
        return [[child[i] for child in children] for i in range(count)]
    if name == "fixedsizelist":
        size = kind["listSize"]
        return [children[0][i * size:(i + 1) * size] for i in range(count)]
    if name in ("listview", "largelistview"):
        pairs = zip(map(int, column["OFFSET"]), map(int, column["SIZE"]))
        return [children[0][offset:offset + size] for offset, size in pairs]
    if name == "union":
        result = []
        for i, number in enumerate(column["TYPE_ID"]):
            child = children[kind["typeIds"].index(number)]
            result.append([number, child[int(column["OFFSET"][i]) if "OFFSET" in column else i]])
        return result
    if name == "runendencoded":
        result = []
        for end, value in zip(children[0], children[1]):
            result += [value] * (min(int(end), count) - len(result))
        return result
    offsets = [int(offset) for offset in column["OFFSET"]]
    return [children[0][offsets[i]:offsets[i + 1]] for i in range(count)]


def values(field, column, dictionaries):
    kind, count = field["type"], column["count"]
    if "dictionary" in field:
        words = dictionaries[field["dictionary"]["id"]]
        result = [words[index] if valid else None
                  for index, valid in zip(map(int, column["DATA"]), column["VALIDITY"])]
    elif kind["name"] == "null":
        return [None] * count
    elif "VIEWS" in column:
        result = [leaf(kind, value) for value in views(kind, column)]
    elif field["children"]:
        result = nested(field, column, dictionaries)
    else:
        result = [leaf(kind, value) for value in column["DATA"]]
    valid = column.get("VALIDITY") or [1] * count
    return [value if valid[i] else None for i, value in enumerate(result)]


def dictionary_fields(fields):
    for field in fields:
        if "dictionary" in field:
            yield field
        yield from dictionary_fields(field["children"])


def expected(path):
    document = json.load(gzip.open(path))
    fields = document["schema"]["fields"]
    batches = {entry["id"]: entry["data"]["columns"][0] for entry in document.get("dictionaries", [])}
    dictionaries = {}
    for field in reversed(list(dictionary_fields(fields))):  # inner ones come later in pre-order
        plain = {key: value for key, value in field.items() if key != "dictionary"}
        number = field["dictionary"]["id"]
        if number in batches and number not in dictionaries:
            dictionaries[number] = values(plain, batches[number], dictionaries)
    return fields, [[values(f, c, dictionaries) for f, c in zip(fields, batch["columns"])]
                    for batch in document["batches"]]


def equal(a, b):
    if isinstance(a, tuple):
        return isinstance(b, str) and (float(b) == a[1] or (a[1] != a[1] and float(b) != float(b)))
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(equal, a, b))
    return a == b


def difference(program, path, want):
    run = subprocess.run([program, path], capture_output=True)
    if run.returncode != 0:
        return run.stderr.decode().strip()
    lines = run.stdout.decode().splitlines()
    if len(lines) != len(want):
        return "%d batches, expected %d" % (len(lines), len(want))
    for number, (line, batch) in enumerate(zip(lines, want)):
        got = json.loads(line)
        for column, (a, b) in enumerate(zip(batch, got)):
            if not equal(a, b):
                return "batch %d, column %d differs" % (number, column)
    return None


def main():
    read, copy, folder = sys.argv[1:4]
    failures = count = 0
    for path in sorted(glob.glob(os.path.join(folder, "*", "*.json.gz"))):
        _, want = expected(path)
        stem = path[:-len(".json.gz")]
        for kind in ("stream", "arrow_file"):
            cases = [(stem + "." + kind, "read")]
            with tempfile.TemporaryDirectory() as room:
                for form, compression in (("stream", "none"), ("file", "zstd")):
                    out = os.path.join(room, form)
                    run = subprocess.run([copy, stem + "." + kind, out, form, compression],
                                         capture_output=True)
                    cases.append((out, "written as %s, %s" % (form, compression)))
                    if run.returncode != 0:
                        print("%s.%s: %s" % (stem, kind, run.stderr.decode().strip()))
                for target, what in cases:
                    count += 1
                    problem = difference(read, target, want)
                    if problem:
                        failures += 1
                        print("%s.%s: %s: %s" % (stem, kind, what, problem))
    print("%d comparisons, %d failures" % (count, failures))
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Column lineage is what the code did: column_edges against what really depends on what.

    tests/invariants/column_edges.py BUILD [CASE]

Runs every cleaning module in several ways, chains of them, put, get and join over a small table; then
changes one input column after the other, in several ways, and runs again. An output column that
differs must have an edge from the column that was changed; every DIRECT edge must be seen to change
its output by one of the changes, so that edges from everything to everything do not pass; and of the
INDIRECT edges of a column with one meaning one at least. (Edges of the unchanged run count; for a
column that is only there after the change those of the changed run.)
"""
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor

build = os.path.abspath(sys.argv[1])
wanted = sys.argv[2] if len(sys.argv) > 2 else ""
# Thousands of short runs: in memory where that is possible.
work = tempfile.mkdtemp(prefix="tamis-invariant-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
PROVENANCE = ("_source", "_record")


def tool(name):
    return os.path.join(build, name.split("-")[1], name)


class Refused(Exception):
    """The changed table does not fit the recipe any more; another change is tried."""


def run(folder, name, *words, well=(0, 3)):
    done = subprocess.run([tool("tamis-" + name), *words, "-q"], cwd=folder, capture_output=True)
    if done.returncode not in well:
        raise Refused(f"{name} {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout


# ---- tables ----

def table(rows=90, seed=1):
    """People: names in clusters, ages, a city that follows from its zip, notes with addresses."""
    draw = random.Random(seed)
    cities = {"10115": "Berlin", "20095": "Hamburg", "80331": "Munich", "50667": "Cologne"}
    names = ["Anna Smith", "Bob Jones", "Carla Diaz", "Dmitri Orlov", "Eva Braun-Lee", "Farid Khan"]
    columns = {name: [] for name in ("id", "name", "zip", "city", "kind", "when", "age", "income", "score",
                                     "height", "note", "amount", "seen", "label", "other")}
    for i in range(rows):
        zip_code = draw.choice(list(cities))
        group = draw.randrange(2)
        columns["id"].append(i + 1)
        columns["name"].append(draw.choice(names) if i % 9 else "anna  SMITH")
        columns["zip"].append(zip_code)
        columns["city"].append(cities[zip_code] if i % 11 else "Bonn")
        columns["kind"].append(draw.choice(["red", "green", "blue"]))
        columns["when"].append(f"2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}")
        columns["age"].append(draw.randrange(18, 80) if i % 13 else None)
        columns["income"].append(draw.gauss(3000 + 900 * group, 200) if i != 17 else 90000.0)
        columns["score"].append(draw.gauss(5 * group, 1) if i % 10 else None)
        columns["height"].append(draw.gauss(170 + 14 * group, 3))
        columns["note"].append(f"write to p{i}@example.org now" if i % 4 == 0 else f"note number {i % 7}")
        columns["amount"].append(str(draw.randrange(100, 999)) if i % 15 else "n/a")
        columns["seen"].append(1000 + 7 * i)
        columns["label"].append(["low", "high"][group if i % 12 else 1 - group])
        columns["other"].append(f"o{i % 5}")
    return columns


TYPES = {"id": "INTEGER", "age": "INTEGER", "seen": "INTEGER", "income": "REAL", "score": "REAL",
         "height": "REAL", "image": "BLOB", "bytes": "INTEGER", "p_high": "REAL", "p_low": "REAL"}


def write_table(folder, columns):
    path = os.path.join(folder, "t.db")
    if os.path.exists(path):
        os.remove(path)
    with sqlite3.connect(path) as base:
        names = ", ".join(f'"{name}" {TYPES.get(name, "TEXT")}' for name in columns)
        base.execute(f"CREATE TABLE t ({names})")
        marks = ", ".join("?" * len(columns))
        base.executemany(f"INSERT INTO t VALUES ({marks})", zip(*columns.values()))
    base.close()


def picture(width, height, shade, noise=0, gray=False):
    """A PNG with some detail; shade is its brightness."""
    draw = random.Random(shade * 1000 + noise)
    rows = b""
    for y in range(height):
        rows += b"\0"
        for x in range(width):
            value = min(255, max(0, shade + (60 if (x // 4 + y // 4) % 2 else -20) + draw.randrange(noise + 1)))
            rows += bytes([value]) * 3 if gray else bytes([value, 255 - value, (value * 3) % 256])
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def pictures():
    columns = {"path": [], "label": [], "image": [], "bytes": []}
    for i in range(24):
        image = picture(48, 40, 40 + 30 * (i % 6), i // 6 * 7)
        if i == 5:
            image = image[:200]
        if i == 7:
            image = picture(48, 40, 2, 0).replace(b"zz", b"zz")
        columns["path"].append(f"p{i}.png" if i != 9 else "p9.jpg")
        columns["label"].append(["a", "b"][i % 2])
        columns["image"].append(image)
        columns["bytes"].append(len(image))
    return columns


# ---- changes ----

def changes(name, values):
    """Other values for one column: [(what, values)]."""
    draw = random.Random(name)
    known = [v for v in values if v is not None]
    def at(place, value):
        return values[:place] + [value] + values[place + 1:]
    shuffled = values[:]
    draw.shuffle(shuffled)
    yield "shuffled", shuffled
    yield "one null", at(next(i for i, v in enumerate(values) if v is not None and i > 2), None)
    yield "half null", [None if i % 2 else v for i, v in enumerate(values)]
    yield "same as the first", [known[0] if i % 3 == 0 else v for i, v in enumerate(values)]
    if isinstance(known[0], bytes):
        yield "another picture", at(3, picture(48, 40, 200, 3))
        yield "others", [picture(200, 10, 3, 1, True) if i % 2 else v for i, v in enumerate(values)]
        yield "broken", at(2, b"no picture at all")
        yield "all the same", [known[0]] * len(values)
    elif isinstance(known[0], (int, float)):
        whole = isinstance(known[0], int)
        yield "one huge", at(4, 10 ** 7 if whole else 1e7)
        yield "one negative", at(6, -5 if whole else -5.0)
        yield "doubled", [None if v is None else v * 2 for v in values]
        yield "filled", [known[1] if v is None else v for v in values]
        yield "spread", [None if v is None else v * (3 if i % 2 else 1) for i, v in enumerate(values)]
    else:
        yield "one new", at(4, "q" + str(known[0]))
        yield "upper", [None if v is None else v.upper() for v in values]
        yield "some markers", [("N/A" if i % 8 == 1 else v) for i, v in enumerate(values)]
        yield "addresses", [f"m{i % 3}@example.net" if i % 6 == 1 else v for i, v in enumerate(values)]
        yield "no addresses", [None if v is None else v.replace("@", "(") for v in values]
        yield "blanks", [None if v is None else "  " + v + " " for v in values]
        yield "turned", [known[-1 - i] if i < len(known) else v for i, v in enumerate(values)]
        yield "dates", [("2026-12-31" if i % 5 == 0 and v is not None and v[:3] == "202" else v)
                        for i, v in enumerate(values)]
        yield "long", [v if v is None or i % 7 else v + " and something longer" for i, v in enumerate(values)]


# ---- what is compared ----

def columns_of(folder, operand):
    """Name to values, in row order."""
    lines = run(folder, "features", "cat", operand, "--format", "jsonl").decode().splitlines()
    rows = [json.loads(line) for line in lines]
    if not rows:
        header = run(folder, "features", "cat", operand, "--format", "csv").decode()
        return {name.strip('"'): [] for name in header.rstrip("\n").split(",")}
    return {name: [json.dumps(row[name]) for row in rows] for name in rows[0]}


def edges_of(folder, stage):
    """{(output, node, input): {kind: {subtypes}}} of the newest run of a stage."""
    with sqlite3.connect(f"file:{folder}/.tamis/catalog.db?mode=ro", uri=True) as catalog:
        rows = catalog.execute(
            "SELECT output_column, input, input_column, kind, subtype FROM column_edges WHERE run_id ="
            " (SELECT run_id FROM runs WHERE stage = ? AND status = 'done' ORDER BY run_key DESC LIMIT 1)",
            (stage,)).fetchall()
    catalog.close()
    return rows


class Case:
    """Runs something on tables and says what came out and which edges were recorded."""
    stage = "clean"

    def __init__(self, name):
        self.name = name
        self.folder = os.path.join(work, name.replace(" ", "-").replace("/", "-"))
        os.mkdir(self.folder)

    def node_of(self, place):
        """Whether the input of an edge is the table `place`."""
        return lambda node: True

    def judge(self):
        wrong, first = [], self.outputs(self.tables, True)
        edges = edges_of(self.folder, self.stage)
        moved, tried = set(), 0
        for place, columns in self.tables.items():
            here = self.node_of(place)
            for name, values in columns.items():
                # of a column that is said to go nowhere else, fewer
                most = 3 if all(i != name or (o == i and s == "IDENTITY") for o, _, i, _, s in edges) else 99
                for what, other in list(changes(name, values))[:most]:
                    if other == values:
                        continue
                    try:
                        tables = {**self.tables, place: {**columns, name: other}}
                        second = self.outputs(tables, False)
                    except Refused:
                        continue
                    tried += 1
                    later = None
                    for output in sorted(set(first) | set(second)):
                        if first.get(output) == second.get(output):
                            continue
                        moved.add((output, place, name))
                        known = edges
                        if output not in first:
                            if later is None:
                                self.outputs(tables, True)
                                later = edges_of(self.folder, self.stage)
                            known = later
                        if not any(o == output and i == name and here(n) for o, n, i, _, _ in known):
                            wrong.append(f"{place}.{name} ({what}) changed {output}, and there is no edge")
        wrong += self.unmoved(edges, moved)
        return sorted(set(wrong)), tried, len(edges)

    def unmoved(self, edges, moved):
        decided = {}
        for output, node, name, kind, subtype in edges:
            for place, columns in self.tables.items():
                if name not in columns or not self.node_of(place)(node):
                    continue
                seen = (output, place, name) in moved
                if kind == "DIRECT" and not seen:
                    yield f"{output} <- {place}.{name} is DIRECT, and no change of it was seen"
                if kind == "INDIRECT":
                    key = (place, name, subtype)
                    decided[key] = decided.get(key, False) or seen
        for (place, name, subtype), seen in decided.items():
            if not seen and name not in self.quiet:
                yield f"{place}.{name} decides by {subtype}, and no change of it was seen"

    quiet = ()


class Clean(Case):
    def __init__(self, name, recipe, columns=None, quiet=(), extra=(), files=None):
        super().__init__(name)
        self.tables = {"table": columns or table()}
        self.quiet, self.extra = quiet, list(extra)
        with open(os.path.join(self.folder, "recipe.yaml"), "w") as file:
            file.write("tamis: 1\nsteps:\n" + "".join(f"  - {step}\n" for step in recipe))
        for path, text in (files or {}).items():
            path = os.path.join(self.folder, path)
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, 0o600)

    def outputs(self, tables, recorded):
        write_table(self.folder, tables["table"])
        run(self.folder, "ingest", "t.db", "--table", "t", "--no-store", "-o", "in.arrow")
        run(self.folder, "clean", "in.arrow", "--recipe", "recipe.yaml", "-o", "out.arrow", "--threads", "1",
            *self.extra, *([] if recorded else ["--no-store"]))
        return columns_of(self.folder, "out.arrow")


# ---- put, get, join ----

VIEW = """view: clicks
entity: [user]
event_time: at
created_time: known
features: {count: int64, page: utf8}
"""
LOG_VIEW = """view: clicks
entity: [user]
event_time: at
created_time: known
features: {count: int64, page: utf8}
change_log: {key: [click], deleted: gone}
aggregates:
  clicks: {function: count, window: 30d}
  total: {function: sum, of: count, window: 2d}
  pages: {function: distinct, of: page}
  latest: {function: last, of: count}
"""


def click_tables():
    draw = random.Random(5)
    view = {name: [] for name in ("user", "at", "known", "click", "gone", "count", "page", "unused")}
    for i in range(60):
        day = draw.randrange(1, 20)
        view["user"].append(draw.randrange(1, 7))
        view["at"].append(f"2026-01-{day:02}T{draw.randrange(24):02}:00:00Z")
        view["known"].append(f"2026-01-{day + draw.randrange(4):02}T23:30:00Z")
        view["click"].append(i // 2)
        view["gone"].append(["false", "true"][i % 9 == 8])
        view["count"].append(draw.randrange(100))
        view["page"].append(draw.choice(["a", "b", "c"]))
        view["unused"].append(draw.choice(["x", "y"]))
    spine = {"user": [], "at": [], "kept": []}
    for i in range(30):
        spine["user"].append(1 + i % 7)
        spine["at"].append(f"2026-01-{2 + draw.randrange(24):02}T12:00:00Z")
        spine["kept"].append(f"k{i % 4}")
    return view, spine


def write_csv(folder, name, columns):
    import csv
    with open(os.path.join(folder, name + ".csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(["" if v is None else v for v in row] for row in zip(*columns.values()))
    run(folder, "ingest", name + ".csv", "--no-store", "--no-provenance", "--contract", name + ".contract",
        "--max-rejects", "0", "-o", name + ".arrow", well=(0,))


CONTRACTS = {"view": {"user": "int64", "at": "timestamp", "known": "timestamp", "click": "int64", "gone": "bool",
                      "count": "int64", "page": "utf8", "unused": "utf8"},
             "view2": {"user": "int64", "at": "timestamp", "rank": "int64"},
             "spine": {"user": "int64", "at": "timestamp", "kept": "utf8"}}


class Features(Case):
    stage = "features join"
    views = {"view": "clicks"}

    def __init__(self, name, view, words, second=None, stage=None, quiet=()):
        super().__init__(name)
        clicks, spine = click_tables()
        self.words, self.quiet, self.stage = words, quiet, stage or self.stage
        self.tables = {"view": clicks}
        if self.stage == "features join":
            self.tables["spine"] = spine
        definitions = {"clicks": view}
        if second:
            self.views = {"view": "clicks", "view2": "ranks"}
            self.tables["view2"] = {"user": clicks["user"], "at": clicks["at"],
                                    "rank": [7 * i % 31 for i in range(60)]}
            definitions["ranks"] = second
        for place, types in CONTRACTS.items():
            with open(os.path.join(self.folder, place + ".contract"), "w") as file:
                file.write("columns:\n" + "".join(f"  {n}: {{type: {t}}}\n" for n, t in types.items()))
        for view_name, text in definitions.items():
            with open(os.path.join(self.folder, view_name + ".yaml"), "w") as file:
                file.write(text)
            run(self.folder, "features", "define", view_name + ".yaml")

    def node_of(self, place):
        if self.stage == "features put":
            return lambda node: True
        if place == "spine":
            return lambda node: not node.startswith("version:")
        return lambda node: node.startswith(f"version:feature/{self.views[place]}@")

    def outputs(self, tables, recorded):
        for place, columns in tables.items():
            write_csv(self.folder, place, columns)
            if place in self.views:
                run(self.folder, "features", "put", self.views[place], place + ".arrow", *(
                    self.words if self.stage == "features put" else ()))
        if self.stage == "features put":
            return columns_of(self.folder, "tamis:feature/clicks")
        if self.stage == "features get":
            run(self.folder, "features", "get", "clicks", *self.words, "-o", "out.arrow")
        else:
            run(self.folder, "features", "join", "--spine", "spine.arrow", "--event-time", "at", *self.words,
                "-o", "out.arrow")
        return columns_of(self.folder, "out.arrow")


# ---- the cases ----

RANKS = "view: ranks\nentity: [user]\nevent_time: at\nfeatures: {rank: int64}\n"
KEY = {"key": "0123456789abcdef0123456789abcdef"}
CASES = {
    "text": lambda n: Clean(n, ["text: {columns: [name, note]}"]),
    "text/upper": lambda n: Clean(n, ["text: {normalize: nfkc, quotes: straight}"]),
    "missing": lambda n: Clean(n, ["missing: {}"]),
    "missing/markers": lambda n: Clean(n, ["missing: {columns: [city, amount], markers: [Bonn]}"]),
    "missing/numbers": lambda n: Clean(n, ["missing: {columns: [age], numbers: ['33']}"]),
    "types/infer": lambda n: Clean(n, ["missing: {}", "types: {}"]),
    "types/reject": lambda n: Clean(n, ["types: {amount: int32}"]),
    "types/null": lambda n: Clean(n, ["types: {amount: int32, on_fail: 'null'}"]),
    "types/flag": lambda n: Clean(n, ["types: {amount: int32, when: date, on_fail: flag}"]),
    "types/category": lambda n: Clean(n, ["types: {kind: category, infer: none}"]),
    "standardize": lambda n: Clean(n, ["standardize: {columns: [name, kind]}"]),
    "standardize/lower": lambda n: Clean(n, ["standardize: {columns: [name], methods: [lower, spaces]}"]),
    "standardize/levenshtein": lambda n: Clean(n, ["standardize: {columns: [name], methods: [levenshtein]}"]),
    "standardize/spelling": lambda n: Clean(n, ["standardize: {columns: [city], methods: [spelling], rare: 0.2, ratio: 1}"]),
    "standardize/repair": lambda n: Clean(n, ["standardize: {columns: [label], methods: [lower], repair: [{key: zip, gives: [city]}]}"]),
    "standardize/votes": lambda n: Clean(n, ["standardize: {columns: [label], methods: [lower], repair: [{key: zip, gives: [city, kind]}], source: other, agree: 0}"], quiet=("other",)),
    "images/reject": lambda n: Clean(n, ["images: {}"], pictures()),
    "images/flag": lambda n: Clean(n, ["images: {on_fail: flag, checks: [all]}"], pictures()),
    "images/null": lambda n: Clean(n, ["images: {on_fail: 'null'}"], pictures()),
    "images/issues": lambda n: Clean(n, ["images: {on_issue: reject, checks: [extension, dark]}"], pictures()),
    "images/dark only": lambda n: Clean(n, ["images: {on_issue: reject, checks: [dark], on_fail: flag}"], pictures()),
    "images/tensors": lambda n: Clean(n, ["images: {tensors: pixels, size: ['8', '8'], keep_pictures: false}"], pictures()),
    "validate/reject": lambda n: Clean(n, ["validate: {rules: [{column: age, between: [20, 70], on_fail: reject}]}"]),
    "validate/flag": lambda n: Clean(n, ["validate: {rules: [{column: age, between: [20, 70], mostly: 0}, {column: city, in: [Berlin, Hamburg], mostly: 0}]}"]),
    "validate/null": lambda n: Clean(n, ["validate: {rules: [{column: income, between: [0, 5000], on_fail: 'null'}]}"]),
    "validate/compare": lambda n: Clean(n, ["validate: {rules: [{compare: {column: score, op: <, with: age}, on_fail: reject}]}"]),
    "validate/compare null": lambda n: Clean(n, ["validate: {rules: [{compare: {column: height, op: <, with: income}, on_fail: 'null'}]}"]),
    "validate/unique": lambda n: Clean(n, ["validate: {rules: [{columns: [name, zip], unique: true, on_fail: reject}]}"]),
    "validate/unique flag": lambda n: Clean(n, ["validate: {rules: [{column: name, unique: all, mostly: 0}]}"]),
    "validate/determines": lambda n: Clean(n, ["validate: {rules: [{column: zip, determines: [city], on_fail: reject}]}"]),
    "validate/when": lambda n: Clean(n, ["validate: {rules: [{column: age, between: [20, 60], when: {column: kind, in: [red]}, on_fail: reject}]}"]),
    "validate/twice": lambda n: Clean(n, ["validate: {column: age, not_null: true, mostly: 0}", "validate: {column: score, not_null: true, mostly: 0}"]),
    "validate/table": lambda n: Clean(n, ["validate: {rules: [{column: age, mean: [0, 1]}]}"]),
    "deduplicate": lambda n: Clean(n, ["normalize: {columns: [income, score, height, seen, age], method: binarize, threshold: 1}", "deduplicate: {columns: [name, zip, city, kind, label]}"]),
    "deduplicate/exact": lambda n: Clean(n, ["deduplicate: {}"], {k: (v + v[:20]) for k, v in table(40).items() if k not in ("when", "note")}),
    "deduplicate/key": lambda n: Clean(n, ["deduplicate: {method: key, columns: [name, zip]}"]),
    "deduplicate/newest": lambda n: Clean(n, ["deduplicate: {method: key, columns: [name], survivor: newest, by: seen}"]),
    "deduplicate/complete": lambda n: Clean(n, ["deduplicate: {method: key, columns: [name], survivor: most-complete}"]),
    "deduplicate/longest": lambda n: Clean(n, ["deduplicate: {method: key, columns: [zip], survivor: longest}"]),
    "deduplicate/fill": lambda n: Clean(n, ["deduplicate: {method: key, columns: [name], fill: true}"]),
    "deduplicate/flag": lambda n: Clean(n, ["deduplicate: {method: key, columns: [kind, zip], keep: flag}"]),
    "deduplicate/flag newest": lambda n: Clean(n, ["deduplicate: {method: key, columns: [kind], survivor: newest, by: seen, keep: flag}"]),
    "deduplicate/minhash": lambda n: Clean(n, ["deduplicate: {method: minhash, columns: [note]}"]),
    "deduplicate/linkage": lambda n: Clean(n, ["deduplicate: {method: linkage, columns: [name, zip, kind, city]}"]),
    "deduplicate/perceptual": lambda n: Clean(n, ["deduplicate: {method: perceptual}"], pictures()),
    "outliers/flag": lambda n: Clean(n, ["outliers: {columns: [income, height]}"]),
    "outliers/clip": lambda n: Clean(n, ["outliers: {columns: [income, score], action: clip}"]),
    "outliers/null": lambda n: Clean(n, ["outliers: {columns: [income], method: iqr, action: 'null', by: [label]}"]),
    "outliers/drop": lambda n: Clean(n, ["outliers: {columns: [income], method: z, action: drop}"]),
    "outliers/by": lambda n: Clean(n, ["outliers: {columns: [height], action: reject, by: [kind], threshold: 1.5}"]),
    "outliers/by flag": lambda n: Clean(n, ["outliers: {columns: [height], by: [kind], threshold: 1.5}"]),
    "outliers/forest": lambda n: Clean(n, ["outliers: {columns: [income, height, seen], method: forest}"]),
    "outliers/knn": lambda n: Clean(n, ["outliers: {columns: [income, height], method: knn, action: drop}"]),
    "outliers/ecod": lambda n: Clean(n, ["outliers: {columns: [income, height], method: ecod, cut: share, action: drop}"]),
    "outliers/mcd": lambda n: Clean(n, ["outliers: {columns: [income, height], method: mcd}"]),
    "impute/median": lambda n: Clean(n, ["impute: {columns: [age, score]}"]),
    "impute/indicator": lambda n: Clean(n, ["impute: {columns: [age], method: mean, indicator: true, round: true}"]),
    "impute/mode": lambda n: Clean(n, ["missing: {columns: [amount]}", "impute: {columns: [amount], method: mode, by: [kind]}"]),
    "impute/by": lambda n: Clean(n, ["impute: {columns: [score], method: mean, by: [label]}"]),
    "impute/constant": lambda n: Clean(n, ["impute: {columns: [score], method: constant, value: 1}"]),
    "impute/knn": lambda n: Clean(n, ["impute: {columns: [score], method: knn, from: [income, height]}"]),
    "impute/ridge": lambda n: Clean(n, ["impute: {columns: [score, age], method: ridge, from: [income, height]}"]),
    "impute/forest": lambda n: Clean(n, ["impute: {columns: [score], method: forest, from: [income, height]}"]),
    "impute/auto": lambda n: Clean(n, ["impute: {columns: [score], method: auto, from: [income, height]}"]),
    "impute/forward": lambda n: Clean(n, ["impute: {columns: [score], method: forward, by: [kind], time: seen}"]),
    "impute/backward": lambda n: Clean(n, ["impute: {columns: [score], method: backward, by: [kind]}"]),
    "impute/columns": lambda n: Clean(n, ["impute: {columns: [score, age], drop_columns_above: 0.3}"]),
    "impute/rows": lambda n: Clean(n, ["impute: {columns: [score, age], drop_rows_above: 0.4}"]),
    "mask": lambda n: Clean(n, ["mask: {}"], quiet=()),
    "mask/pseudonym": lambda n: Clean(n, ["mask: {columns: [note], action: pseudonym, key_file: key}"], files=KEY),
    "mask/reject": lambda n: Clean(n, ["mask: {columns: [note, name], on_fail: reject}"]),
    "mask/null": lambda n: Clean(n, ["mask: {columns: [note], on_fail: 'null'}"]),
    "mask/flag": lambda n: Clean(n, ["mask: {columns: [note, name], on_fail: flag}"]),
    "mask/whole": lambda n: Clean(n, ["mask: {columns: [name], whole: person, action: pseudonym, key_file: key}"], files=KEY),
    "mask/shift": lambda n: Clean(n, ["mask: {columns: [when], kinds: [date], action: shift, key_file: key, shift_by: name}"], files=KEY),
    "mask/generalize": lambda n: Clean(n, ["mask: {columns: [note], generalize: {age: {width: 10}, zip: {prefix: 2}}}"]),
    "mask/suppress": lambda n: Clean(n, ["mask: {columns: [note], generalize: {zip: {prefix: 2}}, quasi: [kind], k: 9, small: suppress}"]),
    "mask/small": lambda n: Clean(n, ["mask: {columns: [note], generalize: {zip: {prefix: 2}}, quasi: [kind], k: 9, small: drop}"]),
    "mask/drop": lambda n: Clean(n, ["mask: {columns: [note], action: drop}"]),
    "labels/flag": lambda n: Clean(n, ["labels: {columns: [income, height]}"]),
    "labels/drop": lambda n: Clean(n, ["labels: {columns: [income, height], action: drop, detectors: [knn]}"]),
    "labels/relabel": lambda n: Clean(n, ["labels: {columns: [income, height], action: relabel, detectors: [softmax]}"], quiet=("income",)),
    "labels/sure": lambda n: Clean(n, ["labels: {columns: [income, height], action: relabel, relabel_above: 0.9}"]),
    "labels/weights": lambda n: Clean(n, ["labels: {columns: [income, height], action: relabel, balance: weights}"]),
    "labels/oversample": lambda n: Clean(n, ["labels: {columns: [income, height], balance: oversample}"]),
    "labels/undersample": lambda n: Clean(n, ["labels: {columns: [income, height], action: relabel, balance: undersample}"]),
    "labels/given": lambda n: Clean(n, ["labels: {probabilities: [p_high, p_low], classes: [high, low], action: drop}"], given()),
    "labels/pictures": lambda n: Clean(n, ["labels: {pictures: image, folds: 2}"], pictures()),
    "normalize": lambda n: Clean(n, ["normalize: {columns: [income, score]}"]),
    "normalize/minmax": lambda n: Clean(n, ["normalize: {columns: [age], method: minmax, dtype: float32}"]),
    "normalize/robust": lambda n: Clean(n, ["normalize: {columns: [income], method: robust}"]),
    "normalize/quantile": lambda n: Clean(n, ["normalize: {columns: [income, height], method: quantile, quantiles: 20}"]),
    "normalize/power": lambda n: Clean(n, ["normalize: {columns: [income], method: power}"]),
    "normalize/bin": lambda n: Clean(n, ["normalize: {columns: [height], method: bin}"]),
    "normalize/clip": lambda n: Clean(n, ["normalize: {columns: [income], method: clip, lower: 0.2, upper: 0.8}"]),
    "normalize/rows": lambda n: Clean(n, ["normalize: {columns: [income, height], method: rows}"]),
    "normalize/one-hot": lambda n: Clean(n, ["normalize: {columns: [kind, zip], method: one-hot}"]),
    "normalize/ordinal": lambda n: Clean(n, ["normalize: {columns: [kind], method: ordinal}"]),
    "normalize/pictures": lambda n: Clean(n, ["images: {}", "normalize: {pictures: image, size: ['8', '8']}"], pictures()),
    "chain/fit after filter": lambda n: Clean(n, ["validate: {rules: [{column: age, not_null: true, on_fail: reject}]}", "normalize: {columns: [income]}"]),
    "chain/all": lambda n: Clean(n, ["missing: {}", "types: {amount: int32, infer: none, on_fail: 'null'}", "deduplicate: {method: key, columns: [name, zip]}", "outliers: {columns: [income], action: clip}", "impute: {columns: [score], method: mean, by: [label]}", "mask: {columns: [note]}", "normalize: {columns: [score, income], method: minmax}"]),
    "chain/composed": lambda n: Clean(n, ["impute: {columns: [score], method: knn, from: [income]}", "outliers: {columns: [score], action: drop, threshold: 1}"]),
    "put": lambda n: Features(n, VIEW, [], stage="features put"),
    "get": lambda n: Features(n, VIEW, [], stage="features get"),
    "get/as of": lambda n: Features(n, LOG_VIEW, ["--as-of", "2026-01-12T00:00:00Z"], stage="features get"),
    "get/span": lambda n: Features(n, VIEW, ["--from", "2026-01-05", "--to", "2026-01-15"], stage="features get"),
    "join": lambda n: Features(n, VIEW, ["--view", "clicks"]),
    "join/no as-known": lambda n: Features(n, VIEW, ["--view", "clicks", "--no-as-known"], quiet=("known",)),
    "join/two views": lambda n: Features(n, VIEW, ["--view", "clicks", "--view", "ranks"], RANKS),
    "join/windows": lambda n: Features(n, LOG_VIEW, ["--view", "clicks"]),
}


def given():
    columns = table(60)
    draw = random.Random(3)
    columns["p_high"] = [draw.uniform(0.7, 1) if v == "high" and i % 7 else draw.uniform(0, 0.3)
                         for i, v in enumerate(columns["label"])]
    columns["p_low"] = [1 - p for p in columns["p_high"]]
    return columns


def judge(name):
    try:
        return name, CASES[name](name).judge()
    except Refused as refused:
        return name, ([f"the unchanged run: {refused}"], 0, 0)


def main():
    broken = 0
    names = [name for name in CASES if name.startswith(wanted)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (wrong, tried, edges) in pool.map(judge, names):
            print(("ok      " if not wrong else "BROKEN  ") + f"{name}: {edges} edges, {tried} changes", flush=True)
            for line in wrong:
                print("        " + line)
            broken += len(wrong) > 0
    shutil.rmtree(work)
    return broken > 0


sys.exit(main())

#!/usr/bin/env python3
"""Every column of the catalog is described in lineage/README.md, and every table is STRICT. The key of
a table WITHOUT ROWID comes first: SQLite 3.40.1 takes a column before a part of the key for NULL when it
checks the file, and so would `verify`.

    documented.py LINEAGE

A table or view has a section "### NAME ..."; each of its columns stands there between backticks. Tables
that the README calls private need none."""

import os
import re
import sqlite3
import sys

folder = sys.argv[1]
steps = [name for name in os.listdir(folder) if re.fullmatch(r"schema(_\d+)?\.sql", name)]
steps.sort(key=lambda name: int(re.sub(r"\D", "", name) or 1))
database = sqlite3.connect(":memory:")
for step in steps:
    with open(os.path.join(folder, step), encoding="utf-8") as file:
        database.executescript(file.read())
with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
    readme = file.read()

sections = {}
for part in re.split(r"^#{2,3} ", readme, flags=re.M)[1:]:
    title, _, body = part.partition("\n")
    for name in re.split(r", ", title.partition(":")[0]):
        sections[name.strip()] = body
private = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"[^.]*\bprivate\b[^.]*\.", readme))))

failed = []
version, = database.execute("PRAGMA user_version").fetchone()
if version != len(steps):
    failed.append(f"user_version is {version} after {len(steps)} steps")
tables = database.execute("SELECT name, type, strict, wr FROM pragma_table_list"
                          " WHERE schema = 'main' AND name NOT GLOB 'sqlite_*' ORDER BY name").fetchall()
for name, kind, strict, without_rowid in tables:
    if kind == "table" and not strict:
        failed.append(f"table {name} is not STRICT")
    in_key = [bool(key) for key, in database.execute("SELECT pk FROM pragma_table_info(?)", (name,))]
    if without_rowid and in_key != sorted(in_key, reverse=True):
        failed.append(f"table {name}: its key does not come first")
    if name in private:
        continue
    if name not in sections:
        failed.append(f"{kind} {name} has no section")
        continue
    words = set(re.findall(r"`([\w]+)`", sections[name]))
    for column, in database.execute("SELECT name FROM pragma_table_xinfo(?)", (name,)):
        if column not in words and column not in private:
            failed.append(f"{kind} {name}: column {column} is not described")
print("\n".join(failed) or f"{len(tables)} tables and views, all described")
sys.exit(1 if failed else 0)

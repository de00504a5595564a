"""Every figure of a report against pandas and SciPy, over the table that the report is about.

report.py REPORT.json TABLE.arrow SIDE
"""
import json
import math
import sys

import numpy
import pandas
import pyarrow.ipc

report = json.load(open(sys.argv[1]))
table = pyarrow.ipc.open_file(sys.argv[2]).read_all().to_pandas()
side = sys.argv[3]
wrong = 0


def same(what, found, expected):
    global wrong
    if found is None and (expected is None or (isinstance(expected, float) and math.isnan(expected))):
        return
    if isinstance(found, (int, float)) and isinstance(expected, (int, float)):
        if math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9):
            return
    elif found == expected:
        return
    print(f"{what}: {found!r} in the report, {expected!r} by pandas")
    wrong += 1


def plain(value):
    return value.item() if hasattr(value, "item") else value


checked = 0
for item in report["columns"]["items"]:
    name = item["title"]
    if name not in table.columns:
        continue
    values = table[name]
    known = values.dropna()
    figures = {row["measure"]: row[side] for row in item["statistics"]}
    expected = {"nulls": int(values.isna().sum()), "distinct": int(known.nunique())}
    if pandas.api.types.is_numeric_dtype(values) and not pandas.api.types.is_bool_dtype(values):
        expected |= {"mean": plain(known.mean()), "deviation": plain(known.std()), "minimum": plain(known.min()),
                     "maximum": plain(known.max()), "zeros": int((known == 0).sum()), "negative": int((known < 0).sum())}
        for label, share in [("1 % quantile", .01), ("5 % quantile", .05), ("25 % quantile", .25), ("median", .5),
                             ("75 % quantile", .75), ("95 % quantile", .95), ("99 % quantile", .99)]:
            expected[label] = plain(known.quantile(share))
        bins = item.get("histogram")
        if bins:
            inside = known.clip(bins["low"], bins["high"])
            counts, _ = numpy.histogram(inside, bins=20, range=(bins["low"], bins["high"]))
            same(f"{name}: histogram", bins[side], [int(n) for n in counts])
    elif known.size and isinstance(known.iloc[0], str):
        lengths = known.str.len()
        expected |= {"shortest": int(lengths.min()), "longest": int(lengths.max()), "mean length": plain(lengths.mean())}
    for measure, value in expected.items():
        same(f"{name}: {measure}", figures.get(measure), value)
        checked += 1
    counts = known.astype(str).str.replace("True", "true").str.replace("False", "false").value_counts()
    key = "count" if side == "value" else f"count {side}"
    for row in item.get("values", []):
        if known.size and isinstance(known.iloc[0], str) and len(row["value"]) < 60:
            same(f"{name}: {row['value']!r}", row[key], int(counts.get(row["value"], 0)))
            checked += 1

pearson, spearman = report["correlations"].get("pearson"), report["correlations"].get("spearman")
if pearson and side != "before": # they are of what left
    numbers = table[pearson["columns"]]
    ranks = numbers.rank()
    for found, frame in ((pearson, numbers), (spearman, ranks)):
        matrix = frame.corr().to_numpy()
        for i, row in enumerate(found["values"]):
            for j, value in enumerate(row):
                same(f"{found['columns'][i]} and {found['columns'][j]}", value, float(matrix[i, j]))
                checked += 1

rows = table.drop(columns=[name for name in ("_source", "_record") if name in table.columns])
repeated = "repeated_rows" if side == "value" else f"repeated_rows_{side}"
same("repeated rows", report["duplicates"][repeated], int(rows.duplicated().sum()))
print(f"{checked} figures compared, {wrong} wrong")
sys.exit(wrong > 0 or checked < 20)

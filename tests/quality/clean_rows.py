#!/usr/bin/env python3
"""How well outliers and impute do on labeled sets, through the shipped commands.

    tests/quality/clean_rows.py BUILD DATA

DATA holds outliers_adbench, impute_wine and impute_diabetes. PyOD and scikit-learn run beside ours
where they are installed; else the figures they had when the sets were made stand there.
"""
import csv
import io
import math
import os
import subprocess

from shared.figures import command, data, rows_of, show
from shared import anchor_rows

OUTLIERS = ("forest", "knn", "lof", "ecod", "copod", "hbos", "mcd", "ensemble")
KNOWN_AUC = {"forest": 0.849, "knn": 0.868, "ensemble": 0.877}
MASKED = (("wine", "mcar10", 0.756), ("wine", "mcar30", 0.795), ("wine", "mar30", 0.767),
          ("diabetes", "mcar10", 0.651), ("diabetes", "mcar30", 0.793), ("diabetes", "mar30", 0.664))


def cleaned(source, step):
    """The rows that leave tamis-clean, as dictionaries."""
    ingest = subprocess.Popen([command("tamis-ingest"), "--no-store", "-q", "--no-provenance", source],
                              stdout=subprocess.PIPE)
    clean = subprocess.Popen([command("tamis-clean"), "--no-store", "-q", "-m", step],
                             stdin=ingest.stdout, stdout=subprocess.PIPE)
    out = subprocess.run([command("tamis-features"), "cat", "-", "--format", "csv"],
                         stdin=clean.stdout, stdout=subprocess.PIPE, check=True).stdout
    return list(csv.DictReader(io.StringIO(out.decode())))


def area(scores, truth):
    """Area under the ROC curve: how often an outlier scores above another row; ties count half."""
    ranks, order = [0.0] * len(scores), sorted(range(len(scores)), key=lambda i: scores[i])
    at = 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        for i in order[at:end]:
            ranks[i] = (at + end + 1) / 2
        at = end
    positive = sum(truth)
    above = sum(rank for rank, label in zip(ranks, truth) if label)
    return (above - positive * (positive + 1) / 2) / positive / (len(truth) - positive)


def f1(flags, truth):
    true = sum(a and b for a, b in zip(flags, truth))
    return 2 * true / max(1, sum(flags) + sum(truth))


def outliers():
    folder = os.path.join(data, "outliers_adbench")
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".csv"))
    for method in OUTLIERS:
        areas, theirs = [], []
        for path in paths:
            rows = cleaned(path, f"outliers method={method} columns=x* flag=unusual")
            truth = [row["outlier"] == "1" for row in rows]
            areas.append(area([float(row["unusual_score"]) for row in rows], truth))
            scores = anchor_rows.pyod_scores(path, method)
            if scores is not None:
                theirs.append(area(scores, truth))
        anchor = f"PyOD {sum(theirs) / len(theirs):.3f}" if theirs else ""
        if method in KNOWN_AUC:
            anchor += f" (goal {KNOWN_AUC[method]})"
        show("outliers_adbench", f"{method}, mean AUC of {len(paths)}", anchor.strip(),
             f"{sum(areas) / len(areas):.3f}")
    for cut in ("spread", "split", "knee"):
        found = []
        for path in paths:
            rows = cleaned(path, f"outliers method=ensemble columns=x* flag=unusual cut={cut}")
            found.append(f1([row["unusual"] == "true" for row in rows],
                            [row["outlier"] == "1" for row in rows]))
        show("outliers_adbench", f"ensemble, cut {cut}, mean F1", "", f"{sum(found) / len(found):.3f}")


def number(text):
    return float(text) if text else math.nan


def error(truth, masked, filled):
    """RMSE over the emptied cells in standard deviations of the truth."""
    squares = count = 0
    for column in zip(zip(*truth), zip(*masked), zip(*filled)):
        mean = sum(column[0]) / len(column[0])
        variance = sum((value - mean) ** 2 for value in column[0]) / len(column[0])
        for value, seen, found in zip(*column):
            if math.isnan(seen):
                squares += (found - value) ** 2 / variance
                count += 1
    return math.sqrt(squares / count)


def impute():
    for name, mask, known in MASKED:
        folder = os.path.join(data, "impute_" + name)
        path = os.path.join(folder, mask + ".csv")
        truth, masked = ([[number(cell) for cell in row] for row in rows_of(p)[1:]]
                         for p in (os.path.join(folder, "truth.csv"), path))
        ours = {}
        for method in ("mean", "knn", "ridge", "forest", "auto"):
            rows = cleaned(path, f"impute method={method}")
            filled = [[float(cell) for cell in row.values()] for row in rows]
            ours[method] = error(truth, masked, filled)
        theirs = {tool: error(truth, masked, filled)
                  for tool, filled in anchor_rows.imputed(masked).items()}
        best = min(theirs, key=theirs.get) if theirs else ""
        anchor = f"{best} {theirs[best]:.3f} ({known})" if theirs else str(known)
        show("impute_" + name, f"{mask}, auto, RMSE", anchor, f"{ours['auto']:.3f}")
        own = min((m for m in ours if m != "auto"), key=ours.get)
        show("impute_" + name, f"{mask}, auto, RMSE", f"own {own} {ours[own]:.3f}",
             f"{ours['auto']:.3f}")


outliers()
impute()

#!/usr/bin/env python3
"""What governance found, out of the catalog and the audit; scored where the truth is known.

    found.py OUT [TRUTH.csv]     writes OUT/found/found.json

The truth is read here and by the oracle, after everything was cleaned: nothing else sees it."""
import collections
import csv
import json
import os
import sqlite3
import sys

from exported import read_truth

SHEET = 60  # pictures of the contact sheet


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Findings:
    """By file name below raw/: what became of each picture."""

    def __init__(self, out):
        self.folder = os.path.join(out, "found")
        rows = read(os.path.join(self.folder, "pictures.csv"))
        self.name = {int(row["_record"]): row["path"] for row in rows}
        self.label = {row["path"]: row["label"] for row in rows}
        self.unread = [row["path"] for row in read(os.path.join(self.folder, "unread.csv"))]
        self.relabeled = {self.name[int(row["record"])]: row
                          for row in read(os.path.join(self.folder, "relabeled.csv"))
                          if row["module"] == "labels"}
        self.read_events(os.path.join(out, ".tamis", "catalog.db"))

    def read_events(self, path):
        catalog = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        events = catalog.execute(
            "SELECT record, into_record, module, rule FROM row_events WHERE run_id ="
            " (SELECT run_id FROM versions WHERE dataset = 'clean/governed')").fetchall()
        catalog.close()
        named = [(self.name[record], self.name.get(into), module, rule)
                 for record, into, module, rule in events]
        self.broken = self.unread + [name for name, _, _, rule in named if rule == "unreadable"]
        self.blank = [name for name, _, _, rule in named if rule == "blank"]
        self.merged = {name: into for name, into, module, _ in named if module == "deduplicate"}
        self.dropped = [name for name, _, module, _ in named if module == "labels"]


def rates(found, true):
    found, true = set(found), set(true)
    hits = len(found & true)
    return {"found": len(found), "true": len(true), "hits": hits,
            "precision": hits / max(1, len(found)), "recall": hits / max(1, len(true)),
            "f1": 2 * hits / max(1, len(found) + len(true))}


def score(findings, truth):
    """Against the truth: broken and blank files, copies, labels."""
    dirty = collections.defaultdict(list)
    for name, row in truth.items():
        dirty[row["dirt"].removeprefix("injected_")].append(name)
    first = {name: row["duplicate_of"].split("/", 1)[-1] or name for name, row in truth.items()}
    right = [a for a, b in findings.merged.items() if first[a] == first[b]]
    copies = {first[name] for name in dirty["duplicate"]}
    gone = set(findings.broken) | set(findings.blank) | set(findings.merged)
    judged = [name for name in findings.label if name not in gone]
    wrong = [name for name in judged if truth[name]["label_clean"] != findings.label[name]]
    kept = [name for name in judged if name not in set(findings.dropped)]
    after = {name: findings.relabeled.get(name, {}).get("after", findings.label[name])
             for name in kept}
    return {
        "truncated": rates(findings.broken, dirty["truncated"]),
        "blank": rates(findings.blank, dirty["blank"]),
        "copies": {"found": len(findings.merged), "hits": len(right),
                   "true": len(dirty["duplicate"]),
                   "recall": len({first[name] for name in right} & copies) / max(1, len(copies))},
        "labels": rates(list(findings.relabeled) + findings.dropped, wrong),
        "relabeled_right": sum(row["after"] == truth[name]["label_clean"]
                               for name, row in findings.relabeled.items()),
        "labels_right_before": 1 - len(wrong) / max(1, len(judged)),
        "labels_right_after": sum(after[name] == truth[name]["label_clean"]
                                  for name in kept) / max(1, len(kept)),
    }


def worst(findings, truth):
    """The new labels that are most probable, with what they were."""
    rows = sorted(findings.relabeled.items(), key=lambda item: -float(item[1]["confidence"]))
    return [{"path": name, "given": row["before"], "new": row["after"],
             "probability": float(row["confidence"]),
             "true": truth[name]["label_clean"] if truth else None}
            for name, row in rows[:SHEET]]


def main():
    out = sys.argv[1]
    truth = read_truth(sys.argv[2]) if len(sys.argv) > 2 else None
    findings = Findings(out)
    pairs = collections.Counter((row["before"], row["after"])
                                for row in findings.relabeled.values())
    told = {
        "counts": {"files": len(findings.name) + len(findings.unread),
                   "broken": len(findings.broken), "blank": len(findings.blank),
                   "copies": len(findings.merged), "dropped": len(findings.dropped),
                   "relabeled": len(findings.relabeled)},
        "scores": score(findings, truth) if truth else None,
        "pairs": [[*pair, count] for pair, count in pairs.most_common(10)],
        "worst": worst(findings, truth),
    }
    with open(os.path.join(findings.folder, "found.json"), "w", encoding="utf-8") as file:
        json.dump(told, file, indent=1)


if __name__ == "__main__":
    main()

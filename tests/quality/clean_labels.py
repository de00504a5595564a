#!/usr/bin/env python3
"""How well labels finds wrong labels, through the shipped commands.

    tests/quality/clean_labels.py BUILD DATA

BUILD is the build directory, DATA a folder with the sets labels_cifar10, labels_mnist and
labels_digits_sym20 (each folder's SOURCE.txt says where it came from). Beside DATA, or in
$TAMIS_QUALITY_PICTURES, a folder "images" with cifar10n-dev.tar.gz (pictures in folders by label,
-truth.csv beside it) and cleanlab's own masks, cleanlab-anchor-cifar10-synth40.csv.gz; without it
those lines are left out. cleanlab runs beside ours where it is installed. Standard library only.
"""
import csv
import gzip
import io
import os
import subprocess
import tarfile
import time

from shared.figures import command, data, rows_of, scratch, show

images = os.environ.get("TAMIS_QUALITY_PICTURES", os.path.join(data, "..", "images"))
FILTERS = ["prune_by_noise_rate", "prune_by_class", "both", "confident_learning",
           "predicted_neq_given"]


def judged(source, steps, columns, ingest=()):
    """Rows that leave the steps, as dictionaries."""
    pipe = [[command("tamis-ingest"), "--no-store", "-q", *ingest, source],
            [command("tamis-clean"), "--no-store", "-q"] + [word for step in steps
                                                            for word in ("-m", step)],
            [command("tamis-features"), "cat", "-", "--format", "csv"] +
            [word for column in columns for word in ("--columns", column)]]
    first = subprocess.Popen(pipe[0], stdout=subprocess.PIPE)
    second = subprocess.Popen(pipe[1], stdin=first.stdout, stdout=subprocess.PIPE)
    first.stdout.close()
    out = subprocess.run(pipe[2], stdin=second.stdout, stdout=subprocess.PIPE, check=True).stdout
    if first.wait() or second.wait():
        raise SystemExit("quality: a command failed: " + " ".join(pipe[1]))
    return list(csv.DictReader(io.StringIO(out.decode())))


def scores(rows, wrong):
    """Precision, recall, F1 of the flags, and the area under the curve of the quality."""
    flags = [row["label_issue"] == "true" for row in rows]
    hits = sum(a and b for a, b in zip(flags, wrong))
    order = sorted(range(len(rows)), key=lambda i: float(rows[i]["label_quality"]))
    bad = above = 0
    for i in order:
        bad += wrong[i]
        above += 0 if wrong[i] else bad
    area = above / max(1, bad * (len(rows) - bad))
    return (hits / max(1, sum(flags)), hits / max(1, sum(wrong)),
            2 * hits / max(1, sum(flags) + sum(wrong)), area)


# ---- given probabilities ----

def cleanlab_flags(path, given, method):
    """What cleanlab flags on the same file, or None."""
    try:
        import numpy
        from cleanlab.filter import find_label_issues
    except ImportError:
        return None
    rows = rows_of(path)[1:]
    first = len(rows[0]) - 10
    probabilities = numpy.array([[float(value) for value in row[first:]] for row in rows])
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    labels = numpy.array([int(row[given]) for row in rows])
    return [bool(flag) for flag in
            find_label_issues(labels, probabilities, filter_by=method, n_jobs=1)]


def given_probabilities(name, known):
    path = os.path.join(data, name, "probs.csv")
    for method in FILTERS:
        rows = judged(path, [f"labels label=given probabilities=p* filter={method}"],
                      ["label_issue"])
        ours = [row["label_issue"] == "true" for row in rows]
        theirs = cleanlab_flags(path, 1, method)
        if theirs is None and method != "prune_by_noise_rate":
            continue
        anchor = f"cleanlab {known} (not run)" if theirs is None else f"cleanlab {sum(theirs)}"
        same = "" if theirs is None else f", {sum(a != b for a, b in zip(ours, theirs))} differ"
        show(name, f"flagged, {method}", anchor, f"{sum(ours)}{same}")


def digits():
    folder = os.path.join(data, "labels_digits_sym20")
    for file, step, goal in (("probs.csv", "probabilities=p*", "-"),
                             ("probs.csv", "probabilities=p* filter=prune_by_class", "goal .893"),
                             ("features.csv", "columns=x*", "goal .893"),
                             ("features.csv", "columns=x* filter=prune_by_class", "goal .893")):
        rows = judged(os.path.join(folder, file), ["labels label=given " + step],
                      ["given", "truth", "label_issue", "label_quality"])
        wrong = [row["given"] != row["truth"] for row in rows]
        show("labels_digits_sym20", "F1, " + step, goal, f"{scores(rows, wrong)[2]:.4f}")


def masks():
    """cleanlab 0.1's own masks; its counts were calibrated in another way."""
    path = os.path.join(images, "cleanlab-anchor-cifar10-synth40.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    for method, mask in (("prune_by_noise_rate", "issue_pbnr"), ("prune_by_class", "issue_pbc"),
                         ("both", "issue_both"), ("confident_learning", "issue_confident_joint"),
                         ("predicted_neq_given", "issue_argmax")):
        rows = judged(path, [f"labels label=given probabilities=p* filter={method}"],
                      ["label_issue"])
        same = sum((row["label_issue"] == "true") == (mine[mask] == "1")
                   for row, mine in zip(rows, truth))
        goal = "goal .989" if method == "prune_by_class" else "goal .995"
        show("cifar10 synthetic 40 %", f"agreement with masks, {method}", goal,
             f"{same / len(truth):.4f}")


# ---- pictures ----

def pictures():
    folder = scratch("pictures")
    with tarfile.open(os.path.join(images, "cifar10n-dev.tar.gz")) as archive:
        archive.extractall(folder, filter="data")
    with open(os.path.join(images, "cifar10n-dev-truth.csv"), encoding="utf-8") as file:
        truth = {row["file"]: row for row in csv.DictReader(file)}
    chain = ["images checks=blank on_issue=reject", "deduplicate method=key columns=image"]
    for step in ("", "filter=prune_by_class"):
        began = time.time()
        rows = judged(os.path.join(folder, "cifar10n-dev", "raw"),
                      chain + [f"labels pictures=image {step}"],
                      ["path", "label_issue", "label_quality", "label_suggestion"],
                      ["--label-from", "directory"])
        seconds = time.time() - began
        of = [truth["raw/" + row["path"]] for row in rows]
        wrong = [row["label_given"] != row["label_clean"] for row in of]
        precision, recall, f1, area = scores(rows, wrong)
        right = sum(row["label_suggestion"] == mine["label_clean"] for row, mine in zip(rows, of))
        show("cifar10n-dev", f"wrong labels F1, pictures {step}", "goal .72, prototype .70",
             f"{f1:.4f}")
        show("cifar10n-dev", "precision, recall", ".72, .68", f"{precision:.3f}, {recall:.3f}")
        show("cifar10n-dev", "area under the curve", ".844", f"{area:.4f}")
        show("cifar10n-dev", "suggestions that are right", "-", f"{right / len(rows):.4f}")
        show("cifar10n-dev", f"seconds, {len(rows)} pictures, whole chain", "prototype 92",
             f"{seconds:.0f}")


given_probabilities("labels_cifar10", 284)
given_probabilities("labels_mnist", 15)
digits()
if os.path.exists(os.path.join(images, "cleanlab-anchor-cifar10-synth40.csv.gz")):
    masks()
if os.path.exists(os.path.join(images, "cifar10n-dev.tar.gz")):
    pictures()

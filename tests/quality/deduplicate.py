#!/usr/bin/env python3
"""How well deduplicate finds the same records, texts and pictures, through the shipped commands.

    tests/quality/deduplicate.py BUILD DATA

BUILD is the build directory, DATA a folder with the sets dedup_dblp_acm, dedup_cora, dedup_febrl and
images_perturbed (each folder's SOURCE.txt says where it came from). Prints set, figure, the anchor's
figure and ours; splink, datasketch, ImageHash and imagededup run live where they are installed (see
tests/quality/run). Texts are made here, with the similarity of all pairs known. Standard library
only.
"""
import collections
import csv
import itertools
import os
import random

from shared import anchors
from shared.figures import clustered, data, rows_of, scratch, show


def f1(found, truth):
    return 2 * len(found & truth) / max(1, len(found) + len(truth))


def pairs_of(clusters):
    """All pairs of row positions with the same cluster."""
    groups = collections.defaultdict(list)
    for position, cluster in enumerate(clusters):
        groups[cluster].append(position)
    return {pair for group in groups.values() for pair in itertools.combinations(group, 2)}


# ---- record linkage: the columns are named, nothing else is told ----

def dblp_acm():
    folder = os.path.join(data, "dedup_dblp_acm")
    sources = [os.path.join(folder, name) for name in ("dblp.csv", "acm.csv")]
    first = len(rows_of(sources[0])) - 1
    truth = {(int(a), int(b) + first) for a, b in rows_of(os.path.join(folder, "truth.csv"))[1:]}
    columns = "title,authors,venue,year"
    found = pairs_of(clustered(sources, f"deduplicate method=linkage columns={columns}"))
    anchor = anchors.splink_link([rows_of(path) for path in sources], columns.split(","), truth)
    show("dedup_dblp_acm", "pair F1, two sources", "goal .988, splink " + anchor,
         f"{f1(found, truth):.4f}")


def cora():
    folder = os.path.join(data, "dedup_cora")
    truth = {tuple(sorted((int(a), int(b)))) for a, b in
             rows_of(os.path.join(folder, "truth.csv"))[1:]}
    table = rows_of(os.path.join(folder, "cora.csv"))
    columns = table[0][1:]
    found = pairs_of(clustered([os.path.join(folder, "cora.csv")],
                               "deduplicate method=linkage columns=" + ",".join(columns)))
    anchor = anchors.splink_dedupe(table, columns, truth)
    show("dedup_cora", "pair F1", "goal .84, splink " + anchor, f"{f1(found, truth):.4f}")


def febrl(name):
    table = rows_of(os.path.join(data, "dedup_febrl", name + ".csv"))
    truth = pairs_of([row[0].split("-")[1] for row in table[1:]])
    columns = [column.strip() for column in table[0][1:]]
    path = scratch(name + ".csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[cell.strip() for cell in row] for row in table])
    found = pairs_of(clustered([path], "deduplicate method=linkage columns=" + ",".join(columns)))
    anchor = anchors.splink_dedupe([[cell.strip() for cell in row] for row in table], columns, truth)
    show("dedup_febrl " + name, "pair F1", "goal .996, splink " + anchor, f"{f1(found, truth):.4f}")


# ---- near duplicates of texts ----

def shingles(text):
    words = text.split(" ")
    return frozenset(" ".join(words[i:i + 3]) for i in range(max(1, len(words) - 2)))


def jaccard(a, b):
    return len(a & b) / len(a | b)


def make_texts(count):
    """Originals and edited copies, from nearly the same to hardly alike."""
    draw = random.Random(4)
    vocabulary = ["w%x" % draw.randrange(1 << 20) for _ in range(3000)]
    texts = []
    while len(texts) < count:
        words = [draw.choice(vocabulary) for _ in range(draw.randrange(20, 120))]
        texts.append(" ".join(words))
        for _ in range(draw.choice((0, 1, 1, 2))):
            copy = list(words)
            for _ in range(draw.randrange(0, 1 + len(words) // 8)):
                copy[draw.randrange(len(copy))] = draw.choice(vocabulary)
            texts.append(" ".join(copy))
    return texts


def similar_pairs(texts, threshold):
    """Exact, through every shingle."""
    sets = [shingles(text) for text in texts]
    places = collections.defaultdict(list)
    for position, one in enumerate(sets):
        for shingle in one:
            places[shingle].append(position)
    pairs = {pair for where in places.values() for pair in itertools.combinations(where, 2)}
    return {pair for pair in pairs if jaccard(sets[pair[0]], sets[pair[1]]) >= threshold}


def texts():
    made = make_texts(20000)
    path = scratch("texts.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"]] + [[text] for text in made])
    for threshold in (0.5, 0.7, 0.8, 0.9):
        truth = similar_pairs(made, threshold)
        # Copies of one original may be alike only through it: a text counts as found when it is in
        # a cluster with one that it is similar to.
        clusters = clustered([path], f"deduplicate method=minhash columns=text threshold={threshold}")
        found = {pair for pair in truth if clusters[pair[0]] == clusters[pair[1]]}
        wrong = pairs_of(clusters) - truth
        sizes = collections.Counter(clusters)
        anchor = anchors.datasketch_recall([shingles(text) for text in made], truth, threshold)
        show("texts made here", f"recall, Jaccard >= {threshold}, of {len(truth)}",
             "datasketch " + anchor, f"{len(found) / len(truth):.4f}")
        again = sum(1 for a, b in wrong if jaccard(shingles(made[a]), shingles(made[b])) < threshold)
        show("texts made here", f"pairs below {threshold} of {sum(sizes.values())} rows", "",
             str(again))


# ---- pictures ----

def pictures():
    folder = os.path.join(data, "images_perturbed")
    table = rows_of(os.path.join(folder, "truth.csv"))
    group = {row[0]: row[1] for row in table[1:]}
    variant = {row[0]: row[2] for row in table[1:]}
    names = sorted(name for name in os.listdir(folder)
                   if name.lower().endswith((".jpg", ".jpeg", ".png")))
    clusters = clustered([folder], "deduplicate method=perceptual")
    paths = [os.path.basename(row[0]) for row in clustered.rows]
    found = {tuple(sorted((paths[a], paths[b]))) for a, b in pairs_of(clusters)}
    for words, kinds in (("near duplicates", None), ("without rotated and cropped ones",
                                                     {"rot5", "crop5"})):
        kept = [name for name in names if name in group and
                (kinds is None or variant[name] not in kinds)]
        truth = {pair for pair in itertools.combinations(sorted(kept), 2)
                 if group[pair[0]] == group[pair[1]]}
        ours = {pair for pair in found if pair[0] in kept and pair[1] in kept}
        right = len(ours & truth)
        ours = f"{right / len(truth):.3f} at {right / max(1, len(ours)):.3f}"
        for anchor in ["goal 0.950 at 1.00"] + anchors.pictures(folder, kept, truth):
            show("images_perturbed", f"recall at precision, {words}", anchor, ours)


def main():
    show("set", "figure", "anchor or target", "ours")
    dblp_acm()
    cora()
    febrl("dataset1")
    febrl("dataset3")
    texts()
    pictures()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes digits.tar.gz and digits-truth.csv from scikit-learn's digits (SOURCE.md): the layout of the
example, small enough to be part of the repository. Errors are injected, and the truth says where.

    make_digits.py path/to/sklearn/datasets/data/digits.csv.gz

Needs Pillow; the same bytes each time with the same Pillow."""
import csv
import gzip
import io
import random
import sys
import tarfile

from PIL import Image

TRAIN, WRONG, TRUNCATED, BLANK, COPIES = 1200, 0.40, 48, 24, 120
LIKE = {0: 6, 1: 7, 2: 3, 3: 8, 4: 9, 5: 6, 6: 5, 7: 1, 8: 3, 9: 4}  # what half of the errors become

draw = random.Random(11)


def picture(values, kind):
    """8 x 8 values of 0 ... 16 as a file of 32 x 32 pixels."""
    small = Image.new("L", (8, 8))
    small.putdata([min(255, int(value) * 16) for value in values])
    return encoded(small.resize((32, 32), Image.Resampling.BICUBIC), kind)


def encoded(image, kind):
    out = io.BytesIO()
    image.save(out, "JPEG" if kind == "jpg" else "PNG", **({"quality": 80} if kind == "jpg" else {}))
    return out.getvalue()


def given(true):
    """Of the wrong labels half are a digit that looks like it, half any other."""
    if draw.random() >= WRONG:
        return true
    if draw.random() < 0.5:
        return LIKE[true]
    return draw.choice([other for other in range(10) if other != true])


def main():
    with gzip.open(sys.argv[1], "rt") as file:
        rows = [[float(cell) for cell in row] for row in csv.reader(file)]
    draw.shuffle(rows)
    files, truth = {}, []
    for number, row in enumerate(rows):
        true = int(row[64])
        if number >= TRAIN:
            files[f"test/{true}/te{number:04}.jpg"] = picture(row[:64], "jpg")
            continue
        kind = "png" if number % 10 == 0 else "jpg"
        label = given(true)
        name = f"raw/{label}/tr{number:04}.{kind}"
        files[name] = picture(row[:64], kind)
        truth.append({"file": name, "label_given": label, "label_clean": true, "dirt": "",
                      "duplicate_of": ""})
    spoil(files, truth)
    write(files, truth)


def spoil(files, truth):
    """Truncated and blank files in the place of pictures, and copies with a label of their own."""
    jpegs = [row for row in truth if row["file"].endswith("jpg")]
    chosen = draw.sample(jpegs, TRUNCATED + BLANK)
    for row in chosen[:TRUNCATED]:
        whole = files[row["file"]]
        files[row["file"]] = whole[:draw.randrange(len(whole) // 3, len(whole) - 40)]
        row["dirt"] = "truncated"
    for row in chosen[TRUNCATED:]:
        files[row["file"]] = encoded(Image.new("L", (32, 32), draw.randrange(256)), "jpg")
        row["dirt"] = "blank"
    whole = [row for row in truth if not row["dirt"]]
    for row in draw.sample(whole, COPIES):
        label = given(row["label_clean"])
        stem, kind = row["file"].rsplit("/", 1)[1].split(".")
        name = f"raw/{label}/{stem}_b.{kind}"
        files[name] = files[row["file"]]
        truth.append(dict(row, file=name, label_given=label, dirt="injected_duplicate",
                          duplicate_of=row["file"]))


def write(files, truth):
    with open("digits.tar.gz", "wb") as out, gzip.GzipFile("", "wb", 9, out, 0) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo("digits/" + name)
            member.size = len(files[name])
            archive.addfile(member, io.BytesIO(files[name]))
    with open("digits-truth.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(truth[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(truth, key=lambda row: row["file"]))


main()

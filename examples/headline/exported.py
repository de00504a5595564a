"""Reads what `tamis-features export` wrote: rows.csv beside NumPy files, row for row."""
import csv
import os

import numpy


class Exported:
    """Pictures of one arm: `x` features in float32, `labels` as words, `weights` (1 where the export
    has none), `paths`."""

    def __init__(self, folder, features):
        with open(os.path.join(folder, "rows.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        x = numpy.load(os.path.join(folder, "npy", features + ".npy"))
        if len(rows) != len(x):
            raise SystemExit(f"{folder}: {len(rows)} rows beside {len(x)} of {features}.npy")
        self.x = x.reshape(len(rows), -1).astype(numpy.float32)
        if x.dtype == numpy.uint8:  # pixels: 0 ... 1, as any loader gives them
            self.x /= 255
        self.paths = [row["path"] for row in rows]
        self.labels = [row["label"] for row in rows]
        self.weights = numpy.array([float(row.get("label_weight") or 1) for row in rows],
                                   dtype=numpy.float32)


def read_truth(path):
    """File name below raw/ -> its row of the truth, which is for scoring and the oracle alone."""
    with open(path, newline="", encoding="utf-8") as file:
        return {row["file"].split("/", 1)[1]: row for row in csv.DictReader(file)}

#!/usr/bin/env python3
"""One HTML file of everything in OUT: curves, ablation, what was found, the worst labels, lineage.

    report.py --out OUT --data FOLDER --name NAME --times JSON --report FILE.html

Self-contained: no script, no font, no picture from elsewhere."""
import argparse
import base64
import collections
import glob
import html
import json
import os
import sqlite3
import statistics

import charts

HERE = os.path.dirname(os.path.abspath(__file__))
LADDER = [("raw", "raw: as it came", "raw"), ("images", "+ images: blank files go", ""),
          ("deduplicate", "+ deduplicate: copies go", ""),
          ("labels_drop", "+ labels: what is probably wrong goes", ""),
          ("labels_relabel", "+ labels: or gets the probable label", ""),
          ("governed", "+ class balance = governed", "governed"),
          ("oracle", "the same pictures with true labels", "oracle")]
PAIRS = [("", "as the protocol says: 15 epochs, standardized, the last epoch"),
         ("_stopped", "stopped early, by a tenth of the own training set"),
         ("_pixels", "pixels as they are, not standardized")]


# ---- what there is ----

class Results:
    """arm -> runs, as train.py wrote them."""

    def __init__(self, folder):
        self.arms = collections.defaultdict(list)
        for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
            with open(path, encoding="utf-8") as file:
                run = json.load(file)
            self.arms[run["arm"]].append(run)

    def accuracies(self, arm):
        return [run["accuracy"] for run in self.arms[arm]]

    def mean(self, arm):
        return statistics.mean(self.accuracies(arm))

    def gain(self, kind=""):
        return self.mean("governed" + kind) / self.mean("raw" + kind) - 1

    def curve(self, arm, metric):
        return [[(number, epoch[metric]) for number, epoch in enumerate(run["epochs"], 1)]
                for run in self.arms[arm]]

    def steps_to(self, arm, level):
        """First minibatch after which the test accuracy is `level`, for each run; None = never."""
        firsts = []
        for run in self.arms[arm]:
            later = [[epoch["steps"], epoch["test_accuracy"]] for epoch in run["epochs"]]
            firsts.append(next((step for step, value in sorted(run["steps"] + later)
                                if value >= level), None))
        return firsts


def mean_steps(steps):
    return None if None in steps else statistics.mean(steps)


# ---- pieces of the page ----

def percent(value):
    return f"{100 * value:.1f} %"


def change(ratio, digits=0):
    """A ratio as +32 % or −82 %; the space does not break."""
    return f"{100 * (ratio - 1):+.{digits}f}\u00a0%".replace("-", "\u2212")


def steps_text(steps):
    return "–" if steps is None else f"{steps:.1f}".removesuffix(".0")


def spread(values):
    wide = statistics.stdev(values) if len(values) > 1 else 0
    return f"{statistics.mean(values):.4f} ± {wide:.4f}"


def table(head, rows):
    cells = "".join(f"<th>{cell}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{cells}</tr>{lines}</table></div>'


def figure(value, words):
    return f'<div class="figure"><b>{value}</b><span>{words}</span></div>'


def headline(results, found, level, seconds):
    raw, governed = (mean_steps(results.steps_to(arm, level)) for arm in ("raw", "governed"))
    fewer = "–" if raw is None or governed is None else change(governed / raw)
    counts = found["counts"]
    out = [figure(change(1 + results.gain(), 1),
                  f"test accuracy, {results.mean('raw'):.3f} → {results.mean('governed'):.3f}"),
           figure(fewer, f"minibatches to an accuracy of {level:.3f}, "
                         f"{steps_text(raw)} → {steps_text(governed)}")]
    if found["scores"]:
        labels = found["scores"]["labels"]
        out.append(figure(f"{labels['f1']:.3f}", f"F1 of the wrong labels found: precision "
                          f"{labels['precision']:.2f}, recall {labels['recall']:.2f}"))
    out.append(figure(f"{counts['broken'] + counts['blank'] + counts['copies']:,}",
                      f"broken, blank and copied files of {counts['files']:,} found"))
    out.append(figure(f"{seconds['pair'] + seconds['pipeline']:.0f} s",
                      "pipeline and the trainings of both arms"))
    return f'<div class="figures">{"".join(out)}</div>'


def learning(results, level):
    both = ("raw", "governed")
    watched = {arm: [run["steps"] for run in results.arms[arm]] for arm in both}
    shortest = min(points[-1][0] for runs in watched.values() for points in runs)
    watched = {arm: [[p for p in run if p[0] <= shortest] for run in runs]
               for arm, runs in watched.items()}
    marks = [(arm, steps) for arm in both
             if (steps := mean_steps(results.steps_to(arm, level))) and steps <= shortest]
    big = [charts.curves("Test accuracy by epoch", "epoch",
                         {arm: results.curve(arm, "test_accuracy") for arm in both},
                         lambda v: f"{v:.2f}"),
           charts.curves("Test accuracy by minibatch, at the start", "minibatch", watched,
                         lambda v: f"{v:.2f}", (level, "where raw ends"), marks)]
    small = [charts.curves(title, "epoch", {arm: results.curve(arm, metric) for arm in both})
             for title, metric in (("Accuracy on the own training set", "train_accuracy"),
                                   ("Test loss", "test_loss"),
                                   ("Length of the gradient", "gradient_norm"),
                                   ("Mean confidence on the test set", "test_confidence"))]
    return f'<div class="pair">{"".join(big)}{"".join(small)}</div>'


def protocol(results, level):
    rows = []
    for kind, words in PAIRS:
        if "raw" + kind not in results.arms:
            continue
        rows.append([words, spread(results.accuracies("raw" + kind)),
                     spread(results.accuracies("governed" + kind)),
                     f"<b>{change(1 + results.gain(kind), 1)}</b>"])
    out = table(["test accuracy", "raw", "governed", "relative"], rows)
    rows = []
    for share in (0.8, 0.9, 1.0):
        steps = [results.steps_to(arm, share * level) for arm in ("raw", "governed")]
        means = [mean_steps(each) for each in steps]
        fewer = "–" if None in means else f"<b>{change(means[1] / means[0])}</b>"
        rows.append([f"{share * level:.3f} ({100 * share:.0f} % of where raw ends)"] +
                    [steps_text(mean) for mean in means] + [fewer])
    return out + "<p></p>" + table(["minibatches to a test accuracy of", "raw", "governed", ""], rows)


def ablation(results):
    rows = [(words, kind, results.accuracies(arm)) for arm, words, kind in LADDER
            if arm in results.arms]
    return charts.ladder(rows, lambda v: f"{100 * v:.1f} %")


def findings(found):
    counts, scores = found["counts"], found["scores"]
    if scores is None:
        return table(["", "found"], [[name, f"{count:,}"] for name, count in counts.items()])
    rows = [[words, f"{scores[key]['true']:,}", f"{scores[key]['found']:,}",
             f"{scores[key]['precision']:.3f}", f"{scores[key]['recall']:.3f}"]
            for key, words in (("truncated", "files that do not decode"),
                               ("blank", "pictures of one color"),
                               ("labels", "wrong labels"))]
    copies = scores["copies"]
    rows.insert(2, ["byte-equal copies", f"{copies['true']:,}", f"{copies['found']:,}",
                    f"{copies['hits'] / max(1, copies['found']):.3f}", f"{copies['recall']:.3f}"])
    after = (f"<p>Of {counts['relabeled']:,} new labels {scores['relabeled_right']:,} are right; "
             f"{counts['dropped']:,} pictures went because no label was probable enough. Labels that "
             f"are right: {percent(scores['labels_right_before'])} before, "
             f"{percent(scores['labels_right_after'])} after.</p>")
    return table(["", "there are", "found", "precision", "recall"], rows) + after


def data_uri(path):
    kinds = {".png": "image/png", ".svg": "image/svg+xml"}
    with open(path, "rb") as file:
        packed = base64.b64encode(file.read()).decode()
    return f"data:{kinds.get(os.path.splitext(path)[1], 'image/jpeg')};base64,{packed}"


def sheet(found, data):
    out = []
    for row in found["worst"]:
        mark = ""
        if row["true"] is not None:
            right = row["new"] == row["true"]
            mark = ('<br><span class="right">✓ right</span>' if right else
                    f'<br><span class="wrong">✗ it is {html.escape(row["true"])}</span>')
        out.append(f'<figure><img src="{data_uri(os.path.join(data, "raw", row["path"]))}" alt="">'
                   f'<s>{html.escape(row["given"])}</s> → <b>{html.escape(row["new"])}</b> '
                   f'<span class="soft">{row["probability"]:.2f}</span>{mark}</figure>')
    return f'<div class="sheet">{"".join(out)}</div>'


def lineage(out):
    pieces = []
    for arm, words in (("raw", "The model that learned from raw"),
                       ("governed", "The model that learned from governed")):
        uri = data_uri(os.path.join(out, "found", arm + ".svg"))
        pieces.append(f'<h3>{words}</h3><div class="lineage" tabindex="0"><img src="{uri}" '
                      f'alt="lineage of the {arm} training set"></div>')
    return "".join(pieces) + runs(out)


def runs(out):
    """The same in numbers: the versions, and what the catalog has of the trainings."""
    path = os.path.join(out, ".tamis", "catalog.db")
    catalog = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    versions = catalog.execute(
        "SELECT v.node, v.rows, r.rows_in, r.rows_rejected, r.rows_dropped, r.rows_merged,"
        " substr(v.digest, 1, 12) FROM versions AS v JOIN runs AS r USING (run_id)"
        " ORDER BY r.started_at").fetchall()
    jobs, metrics = catalog.execute(
        "SELECT count(DISTINCT run_id), count(*) FROM run_metrics JOIN runs USING (run_id)"
        " WHERE stage LIKE 'job train %' AND name LIKE 'epoch_%.%'").fetchone()
    catalog.close()
    rows = [[f"<code>{html.escape(node)}</code>", f"{count:,}"] +
            [f"{cell or 0:,}" for cell in cells] + [f"<code>{digest}</code>"]
            for node, count, *cells, digest in versions]
    return (table(["version", "rows", "of", "rejected", "dropped", "merged", "digest"], rows) +
            f"<p>{jobs} trainings are runs of the catalog, with {metrics:,} metrics of their epochs."
            "</p>")


def page(args, results, found):
    seconds, level = json.loads(args.times), results.mean("raw")
    run = results.arms["raw"][0]
    with open(os.path.join(HERE, "report.css"), encoding="utf-8") as file:
        style = file.read()
    known = "" if found["scores"] else " The truth of this data is not known."
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{html.escape(args.name)}: what governed data does to a model</title><style>{style}</style>
<h1>What governed data does to a model</h1>
<p class="soft">{html.escape(args.name)}: the same network, learning rate and {len(run["epochs"])} epochs,
{len(results.arms["raw"])} seeds, one test set. The one difference is the training set.{known}</p>
{headline(results, found, level, seconds)}
<h2>How it learns</h2>{learning(results, level)}
<p class="note">Thin: one seed. Thick: their mean. Raw learns its wrong labels by heart: accuracy on the own
training set rises while the test set falls behind.</p>
<h2>By the protocol, and beside it</h2>{protocol(results, level)}
<h2>Which module did how much</h2>{ablation(results)}
<p class="note">Test accuracy, each row with one step more; marks are seeds; the bar does not begin at 0.</p>
<h2>What was found</h2>{findings(found)}
<h2>The worst labels</h2><p class="note">The new labels that are most probable, with the given one struck
out.</p>{sheet(found, args.data)}
<h2>Where each training set comes from</h2>{lineage(args.out)}
<h2>How</h2><p>{run["inputs"]:,} values a picture (gradients and colors, made by <code>tamis-clean</code>'s
<code>normalize</code>), one hidden layer of 256, Adam at {run["epochs"][0]["learning_rate"]:g}, minibatches of
128, {html.escape(run["network"])}, {html.escape(run["precision"])}. Pipeline {seconds["pipeline"]:.0f} s,
the trainings of both arms {seconds["pair"]:.0f} s, all of it {seconds["whole"]:.0f} s.</p></html>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("out", "data", "name", "times", "report"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    results = Results(os.path.join(args.out, "results"))
    with open(os.path.join(args.out, "found", "found.json"), encoding="utf-8") as file:
        found = json.load(file)
    with open(args.report + ".part", "w", encoding="utf-8") as file:
        file.write(page(args, results, found))
    os.replace(args.report + ".part", args.report)
    level = results.mean("raw")
    steps = [mean_steps(results.steps_to(arm, level)) for arm in ("raw", "governed")]
    print(f"  accuracy {level:.4f} -> {results.mean('governed'):.4f} ({100 * results.gain():+.1f} %)")
    if None not in steps:
        print(f"  minibatches to {level:.4f}: {steps[0]:.1f} -> {steps[1]:.1f} "
              f"({100 * (steps[1] / steps[0] - 1):+.0f} %)")
    if found["scores"]:
        print(f"  wrong labels found: F1 {found['scores']['labels']['f1']:.4f}")
    print(f"  {args.report}")


if __name__ == "__main__":
    main()

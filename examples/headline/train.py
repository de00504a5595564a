#!/usr/bin/env python3
"""Trains one arm of the comparison, once for each seed, by the protocol of README.md.

    train.py --arm governed --train exports/governed --test exports/test --results results \\
        --input tamis:feature/picture@2

Writes results/ARM-SEED.json and puts each training into the catalog as a run of its own, with every
metric of every epoch (tamis-features lineage record). Reads only what tamis-features export wrote."""
import argparse
import importlib
import json
import os
import resource
import subprocess
import time

import numpy

from exported import Exported, read_truth

EPOCHS, BATCH, HIDDEN, RATE = 15, 128, 256, 1e-3
WATCHED = 2  # epochs in which accuracy is looked at between minibatches too


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--arm", required=True)
    parser.add_argument("--train", required=True, help="folder with npy/ and rows.csv")
    parser.add_argument("--test", required=True, help="the same of the test set")
    parser.add_argument("--results", required=True)
    parser.add_argument("--features", default="hog", help="which of npy/*.npy to learn from")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--as-they-are", action="store_true", help="do not standardize the inputs")
    parser.add_argument("--no-weights", action="store_true", help="leave label_weight alone")
    parser.add_argument("--hold-out", type=float, default=0,
                        help="share of the training set that chooses the epoch (early stopping)")
    parser.add_argument("--truth", help="learn from these labels instead (the oracle)")
    parser.add_argument("--watch", action="store_true", help="accuracy between minibatches too")
    parser.add_argument("--network", choices=["auto", "torch", "numpy"], default="auto")
    parser.add_argument("--precision", choices=["float32", "mixed"], default="float32")
    parser.add_argument("--input", action="append", default=[], help="node or version for lineage")
    return parser.parse_args()


def choose_network(name):
    if name == "auto":
        try:
            return importlib.import_module("network_torch")
        except ImportError:
            name = "numpy"
    return importlib.import_module("network_" + name)


# ---- the data of an arm ----

class Arm:
    """Inputs and labels as numbers; standardized by the training set of this arm alone."""

    def __init__(self, args):
        train, test = Exported(args.train, args.features), Exported(args.test, args.features)
        if args.truth:
            truth = read_truth(args.truth)
            train.labels = [truth[path]["label_clean"] for path in train.paths]
        self.classes = sorted(set(test.labels))
        known = {name: number for number, name in enumerate(self.classes)}
        self.labels = numpy.array([known[label] for label in train.labels])
        self.test_labels = numpy.array([known[label] for label in test.labels])
        self.weights = numpy.ones_like(train.weights) if args.no_weights else train.weights
        self.x, self.test_x = train.x, test.x
        if not args.as_they_are:
            middle, spread = self.x.mean(axis=0), self.x.std(axis=0)
            spread[spread == 0] = 1
            self.x, self.test_x = (self.x - middle) / spread, (self.test_x - middle) / spread


# ---- measures ----

def judge(network, x, labels, classes):
    """Loss, accuracy, macro F1 and mean confidence on pictures."""
    logits = network.logits(x).astype(numpy.float64)
    shares = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    said = shares.argmax(axis=1)
    own = shares[numpy.arange(len(labels)), labels]
    f1 = []
    for k in range(classes):
        hits = ((said == k) & (labels == k)).sum()
        f1.append(2 * hits / max(1, (said == k).sum() + (labels == k).sum()))
    return {"loss": float(-numpy.log(numpy.maximum(own, 1e-30)).mean()),
            "accuracy": float((said == labels).mean()), "macro_f1": float(numpy.mean(f1)),
            "confidence": float(shares.max(axis=1).mean())}


def accuracy(network, arm):
    return float((network.logits(arm.test_x).argmax(axis=1) == arm.test_labels).mean())


def is_watched(step, steps_by_epoch):
    return step <= WATCHED * steps_by_epoch and (step <= 30 or step % 5 == 0)


# ---- one training ----

class Training:
    def __init__(self, args, arm, module, seed):
        self.args, self.arm, self.seed = args, arm, seed
        self.draw = numpy.random.default_rng(1000 + seed)
        order = self.draw.permutation(len(arm.labels))
        held = int(len(order) * args.hold_out)
        self.held, self.rows = order[:held], order[held:]
        self.network = module.Network(arm.x.shape[1], HIDDEN, len(arm.classes), RATE, seed,
                                      args.precision)
        self.step, self.steps, self.epochs = 0, [], []

    def minibatches(self):
        order = self.draw.permutation(self.rows)
        return [order[at:at + BATCH] for at in range(0, len(order), BATCH)]

    def learn(self):
        """One epoch: means over its minibatches."""
        batches, loss, hits, gradients, moves = self.minibatches(), 0.0, 0, [], []
        began, idle = time.monotonic(), 0.0
        for rows in batches:
            one, right, gradient, moved = self.network.step(
                self.arm.x[rows], self.arm.labels[rows], self.arm.weights[rows])
            self.step += 1
            loss, hits = loss + one, hits + right
            gradients.append(gradient)
            moves.append(moved)
            if self.args.watch and is_watched(self.step, len(batches)):
                pause = time.monotonic()
                self.steps.append([self.step, accuracy(self.network, self.arm)])
                idle += time.monotonic() - pause
        seconds = time.monotonic() - began - idle
        return {"train_loss": loss / len(batches), "train_accuracy": hits / len(self.rows),
                "gradient_norm": float(numpy.mean(gradients)),
                "gradient_norm_max": float(numpy.max(gradients)),
                "step_norm": float(numpy.mean(moves)), "seconds": seconds,
                "pictures_per_second": len(self.rows) / seconds}

    def epoch(self):
        measured = self.learn()
        classes = len(self.arm.classes)
        for name, value in judge(self.network, self.arm.test_x, self.arm.test_labels,
                                 classes).items():
            measured["test_" + name] = value
        if len(self.held):
            measured["held_out_accuracy"] = judge(self.network, self.arm.x[self.held],
                                                  self.arm.labels[self.held], classes)["accuracy"]
        measured["weight_norm"] = self.network.weight_length()
        measured["learning_rate"] = self.network.rate
        measured["loss_scale"] = float(self.network.scale)
        measured["steps"] = self.step
        measured["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        self.epochs.append(measured)

    def run(self):
        for _ in range(EPOCHS):
            self.epoch()

    def chosen(self):
        """The last epoch; with early stopping the first of those that the held-out part likes best."""
        if not len(self.held):
            return len(self.epochs) - 1
        return max(range(len(self.epochs)), key=lambda e: self.epochs[e]["held_out_accuracy"])


def record(args, training, name, result):
    """Into the catalog, as anybody's training would be."""
    words = ["tamis-features", "lineage", "record", "--quiet", "--job", "train " + args.arm,
             "--output", "model:" + name]
    for node in args.input:
        words += ["--input", node]
    metrics = {"test_accuracy": result["accuracy"], "epoch": result["epoch"] + 1,
               "rows": result["rows"], "seed": training.seed}
    for number, epoch in enumerate(training.epochs, 1):
        metrics.update({f"epoch_{number:02}.{metric}": value for metric, value in epoch.items()})
    for metric, value in metrics.items():
        words += ["--metric", f"{metric}={value!r}"]
    subprocess.run(words, check=True)


def main():
    args = arguments()
    module, arm = choose_network(args.network), Arm(args)
    os.makedirs(args.results, exist_ok=True)
    for seed in map(int, args.seeds.split(",")):
        began = time.process_time()
        training = Training(args, arm, module, seed)
        training.run()
        epoch = training.chosen()
        name = f"{args.arm}-{seed}"
        result = {"arm": args.arm, "seed": seed, "network": module.NAME, "rows": len(arm.labels),
                  "inputs": arm.x.shape[1], "precision": args.precision, "epoch": epoch,
                  "accuracy": training.epochs[epoch]["test_accuracy"], "steps": training.steps,
                  "processor_seconds": time.process_time() - began, "epochs": training.epochs}
        with open(os.path.join(args.results, name + ".json"), "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
        record(args, training, name, result)
        print(f"  {name:24} {result['rows']:6} pictures, test accuracy {result['accuracy']:.4f} "
              f"after epoch {epoch + 1}, {result['processor_seconds']:.0f} s of processor time",
              flush=True)


if __name__ == "__main__":
    main()

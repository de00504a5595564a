"""compare.py --compare REV: this build beside one of an older revision."""

import copy
import os
import subprocess
import tempfile

import compare

TARGETS = ["ingest/tamis-ingest", "clean/tamis-clean", "features/tamis-features", "tests/bench/generate",
           "tests/bench/measure"]
builds = {}


def build(revision):
    """A worktree of the revision and its programs; once a run."""
    if revision in builds:
        return builds[revision]
    tree = os.path.join(tempfile.mkdtemp(prefix="tamis-older-"), "tree")
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["git", "-C", compare.ROOT, "worktree", "add", "--detach", tree, revision], **quiet)
    subprocess.run(["meson", "setup", os.path.join(tree, "build"), tree], **quiet)
    subprocess.run(["ninja", "-C", os.path.join(tree, "build"), *TARGETS], **quiet)
    builds[revision] = os.path.join(tree, "build")
    return builds[revision]


def forget_builds():
    for where in builds.values():
        subprocess.run(["git", "-C", compare.ROOT, "worktree", "remove", "--force", os.path.dirname(where)], check=True)
    builds.clear()


def contestants(options, name, size, folder, where, ending):
    """Ours, from one build, with data of its own: an older program need not read a newer store."""
    own = copy.copy(options)
    own.build = where
    work, bench = compare.load(name), compare.Bench(own, os.path.join(folder, ending))
    os.makedirs(bench.folder, exist_ok=True)
    bench.size = size or work.SIZE
    found = [c for c in compare.chosen(bench, work, own) if compare.ours(c)]
    for one in found:
        one.name += ", " + ending
    return [(bench, one) for one in found]


def beside_older(options, name, size, folder):
    new = contestants(options, name, size, folder, options.build, "now")
    old = contestants(options, name, size, folder, build(options.compare), options.compare)
    pairs = [pair for both in zip(new, old) for pair in both]
    runs, _, _ = compare.measure(pairs, options.runs)
    print(f"\n### {name}: now / {options.compare}\n\n| | wall | CPU | anonymous memory | written |\n|---|---|---|---|---|")
    ratios = {}
    for (_, a), (_, b) in zip(new, old):
        ratio = {key: compare.median(runs[a.name], key) / max(1e-9, compare.median(runs[b.name], key))
                 for key in ("wall", "cpu", "anonymous_mib", "bytes")}
        ratios[a.name] = ratio
        print(f"| {a.name.removesuffix(', now')} | {' | '.join(f'{value:.2f}' for value in ratio.values())} |", flush=True)
    return {"runs": runs, "ratios": ratios}

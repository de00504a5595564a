"""compare.py --compare REV: this build beside one of an older revision.

Both do a work in turns, one right after the other, so that what else the machine does meets both. A pair of
turns gives a ratio; its median is what is told, and an interval that holds the true median with 90 % (drawn
again and again from the pairs). Slower is only what is slower than --tolerance at the interval's lower end;
memory and bytes written, which hardly vary, by their medians."""

import copy
import os
import random
import statistics
import subprocess
import tempfile

import compare

TARGETS = ["ingest/tamis-ingest", "clean/tamis-clean", "features/tamis-features"]
TOOLS = ["generate", "measure", "decode", "lookup", "lookup_peers", "zscore", "csv_limit"]
KEYS = {"wall": "wall", "cpu": "CPU", "anonymous_mib": "anonymous memory", "bytes": "written"}
SMALL_MIB = 8  # memory that may come and go
builds = {}


def build(revision):
    """A worktree of the revision and its programs, once a run; a folder is a build already."""
    if os.path.exists(os.path.join(revision, "build.ninja")):
        return os.path.abspath(revision)
    if revision in builds:
        return builds[revision]
    tree = os.path.join(tempfile.mkdtemp(prefix="tamis-older-"), "tree")
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["git", "-C", compare.ROOT, "worktree", "add", "--quiet", "--detach", tree, revision], **quiet)
    builds[revision] = os.path.join(tree, "build")
    subprocess.run(["meson", "setup", builds[revision], tree], **quiet)
    subprocess.run(["ninja", "-C", builds[revision], *TARGETS], **quiet)
    return builds[revision]


def forget_builds():
    for where in builds.values():
        tree = os.path.dirname(where)
        subprocess.run(["git", "-C", compare.ROOT, "worktree", "remove", "--force", tree], check=True)
        os.rmdir(os.path.dirname(tree))
    builds.clear()


def with_tools(where, options):
    """The older programs may lack a tool, or have one that knows less: ours measure both. What is linked
    with the library (the lookup, the kernels) is the revision's own, where it can be built."""
    os.makedirs(os.path.join(where, "tests/bench"), exist_ok=True)
    for tool in TOOLS:
        old = os.path.join(where, "tests/bench", tool)
        linked = tool in ("lookup", "zscore")
        done = linked and subprocess.run(["ninja", "-C", where, "tests/bench/" + tool], capture_output=True).returncode == 0
        if not done and not linked and not os.path.lexists(old):
            os.symlink(os.path.join(options.build, "tests/bench", tool), old)


def contestants(options, name, size, folder, where, ending):
    """Ours, from one build, with data of its own: an older program need not read a newer store."""
    own = copy.copy(options)
    own.build = where
    work, bench = compare.load(name), compare.Bench(own, os.path.join(folder, ending))
    os.makedirs(bench.folder, exist_ok=True)
    bench.size = size or work.SIZE
    found = [c for c in compare.chosen(bench, work, own) if compare.ours(c) and os.path.exists(c.command[0])
             or compare.ours(c) and "/" not in c.command[0]]
    for one in found:
        one.name += ", " + ending
    return [(bench, one) for one in found]


def interval(ratios, draws=2000):
    """The median of the pairs' ratios, and where it lies with 90 %."""
    chance = random.Random(1)
    middles = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(draws))
    return statistics.median(ratios), middles[draws // 20], middles[-draws // 20]


def ratios(runs, new, old, key):
    return [a[key] / max(1e-9, b[key]) for a, b in zip(runs[new], runs[old])]


def judge(options, runs, new, old):
    """key -> [median, low, high, worse]."""
    found = {}
    for key in KEYS:
        pairs = ratios(runs, new, old, key)
        if key in ("wall", "cpu"):
            middle, low, high = interval(pairs)
            worse = low > 1 + options.tolerance
        else:
            middle = low = high = statistics.median(pairs)
            more = compare.median(runs[new], key) - compare.median(runs[old], key)
            worse = middle > 1 + options.tolerance and (key != "anonymous_mib" or more > SMALL_MIB)
        found[key] = [middle, low, high, worse]
    return found


def cell(key, found):
    middle, low, high, worse = found
    text = f"{middle:.2f} ({low:.2f} to {high:.2f})" if key in ("wall", "cpu") else f"{middle:.2f}"
    return f"**{text}**" if worse else text


def beside_older(options, name, size, folder):
    where = build(options.compare)
    with_tools(where, options)
    new = contestants(options, name, size, folder, options.build, "now")
    old = contestants(options, name, size, folder, where, "before")
    before = {one.name.removesuffix(", before"): (bench, one) for bench, one in old}
    both = [(pair, before[pair[1].name.removesuffix(", now")]) for pair in new if pair[1].name.removesuffix(", now") in before]
    print(f"\n### {name}: now / {options.compare}\n")
    if not both:
        print("The revision cannot do it.", flush=True)
        return {"ratios": {}}
    runs, _, _ = compare.measure([one for pair in both for one in pair], options.runs)
    print(f"| | {' | '.join(KEYS.values())} |\n|---{'|---' * len(KEYS)}|")
    found = {}
    for (_, a), (_, b) in both:
        shown = a.name.removesuffix(", now")
        found[shown] = judge(options, runs, a.name, b.name)
        print(f"| {shown} | {' | '.join(cell(key, found[shown][key]) for key in KEYS)} |", flush=True)
    return {"runs": runs, "ratios": found}


def finish(options, results):
    """0, or 3 where something is worse."""
    worse = [f"{work}, {name}: {KEYS[key]} {found[0]:.2f} times, at least {found[1]:.2f}"
             for work, one in results["works"].items() for name, keys in one["ratios"].items()
             for key, found in keys.items() if found[3]]
    print(f"\nWorse than {options.compare} by more than {100 * options.tolerance:.0f} %: " + ("; ".join(worse) or "nothing"))
    return 3 if worse else 0

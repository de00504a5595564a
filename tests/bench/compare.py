#!/usr/bin/env python3
"""Runs one work by our commands and by its peers, interleaved, and prints what it cost.

    tests/bench/compare.py WORK ... [--runs N] [--size WORK=N] [--build DIR] [--peers DIR]
                           [--threads N] [--json FILE] [--picture FILE.svg] [--keep DIR] [--only NAME,...]
                           [--grow FACTORS | --compare REV]

A work is a file of tests/bench/works. Before any time is printed the results of all contestants are
compared: the facts (rows, sums) must agree. Medians of --runs (5): wall and CPU seconds (user and
system), largest resident and largest anonymous memory, bytes written. The ratio is to the best peer.
Markdown on stdout, all runs as JSON with --json, the ratios as a picture with --picture.
tests/bench/peers installs the peers; those that are not there, or that fail (of memory, say), are named
and left out.

With --grow 1,4,16,64 our own commands do the work at so many times its size: growth.py tells the
exponent of the cost and the memory. With --compare REV an older revision is built and does the work
beside this one: older.py tells the ratios.

A work has TITLE, SIZE (its default), UNIT, prepare(bench) that returns the input made for bench.size,
and contestants(bench, data): objects of Contestant. It runs in the peers' Python where it is there."""

import argparse
import collections
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Contestant:
    """One way to do a work.

    name      as shown; ours begins with "tamis"
    command   list of words; {out} becomes the path of its output
    facts     function(path of the output, stdout) -> dict of numbers that all must agree on
    ending    of the output's name
    figures   function(stdout) -> dict of what the program measured itself; the work's FIGURES names
              those that are shown"""

    def __init__(self, name, command, facts=None, ending="", scale=None, figures=None):
        self.name, self.command, self.facts, self.ending, self.scale = name, command, facts, ending, scale
        self.figures = figures


class Failed(Exception):
    pass


class Bench:
    def __init__(self, options, folder):
        self.build, self.threads, self.folder = options.build, options.threads, folder
        self.python, self.size = sys.executable, None

    def program(self, name):
        return os.path.join(self.build, name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def generate(self, name, *words):
        """The output of build/tests/bench/generate, made once."""
        path = self.path(name)
        if not os.path.exists(path):
            with open(path + ".part", "wb") as out:
                subprocess.run([self.program("tests/bench/generate"), *words], stdout=out, check=True)
            os.rename(path + ".part", path)
        return path

    @staticmethod
    def has(module):
        return importlib.util.find_spec(module) is not None


def load(work):
    path = os.path.join(HERE, "works", work + ".py")
    spec = importlib.util.spec_from_file_location(work, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def size_of(path):
    if not os.path.exists(path):
        return 0
    if os.path.isdir(path):
        return sum(size_of(os.path.join(path, name)) for name in os.listdir(path))
    return os.path.getsize(path)


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)


def environment(bench):
    """As many threads for all, and no store but the one named."""
    return dict(os.environ, TAMIS_STORE="", OMP_NUM_THREADS=str(bench.threads),
                POLARS_MAX_THREADS=str(bench.threads), R_DATATABLE_NUM_THREADS=str(bench.threads))


def run(bench, contestant):
    """One run: what it cost, its output and what it printed."""
    out, report = bench.path("out" + contestant.ending), bench.path("report.json")
    remove(out)
    remove(report)
    words = [word.replace("{out}", out) for word in contestant.command]
    done = subprocess.run([bench.program("tests/bench/measure"), report, *words], env=environment(bench),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Failed(f"{contestant.name}: exit {done.returncode}: {done.stderr.decode()[-2000:].strip()}")
    with open(report) as file:
        cost = json.load(file)
    cost["cpu"] = cost["user"] + cost["system"]
    cost["bytes"] = size_of(out)
    return cost, out, done.stdout.decode()


def apart(a, b):
    """Two figures; a pair is a figure and how far another may be from it."""
    if isinstance(a, tuple):
        return abs(a[0] - b[0]) > max(a[1], b[1])
    return abs(a - b) > 1e-9 * max(1, abs(a), abs(b))


def differ(a, b):
    return any(apart(a[key], b[key]) for key in a if key in b)


def check(facts):
    """All must agree with the first one."""
    names = list(facts)
    for name in names[1:]:
        if differ(facts[names[0]], facts[name]):
            sys.exit(f"the results differ\n{names[0]}: {facts[names[0]]}\n{name}: {facts[name]}")


def chosen(bench, work, options):
    return [c for c in work.contestants(bench, work.prepare(bench))
            if not options.only or any(word in c.name for word in options.only.split(","))]


def one_turn(bench, contestant, runs, facts):
    cost, out, printed = run(bench, contestant)
    if contestant.figures is not None:
        cost["figures"] = contestant.figures(printed)
    runs[contestant.name].append(cost)
    if contestant.facts is not None and contestant.name not in facts:
        facts[contestant.name] = contestant.facts(out, printed)
    remove(out)


def measure(pairs, turns):
    """pairs: (bench, contestant). A peer that fails is out of the race; of ours none may."""
    runs, facts, failed = collections.defaultdict(list), {}, {}
    for _ in range(turns):
        for bench, contestant in pairs:
            if contestant.name in failed:
                continue
            try:
                one_turn(bench, contestant, runs, facts)
            except Failed as failure:
                if not is_peer(contestant):
                    raise
                failed[contestant.name] = str(failure)
                runs.pop(contestant.name, None)
                facts.pop(contestant.name, None)
    check(facts)
    return runs, facts, failed


def median(runs, key):
    return statistics.median(one[key] for one in runs)


def row(contestant, runs, best):
    wall, cpu = median(runs, "wall"), median(runs, "cpu")
    ratios = f"{wall / best['wall']:.2f} | {cpu / best['cpu']:.2f}" if best else "- | -"
    memory = f"{median(runs, 'resident_mib'):.0f} | {median(runs, 'anonymous_mib'):.0f}"
    written = median(runs, "bytes") / 1e6
    return f"| {contestant.name} | {wall:.2f} | {cpu:.2f} | {ratios} | {memory} | {written:.1f} |"


def is_peer(contestant):
    return not contestant.name.startswith("tamis") and not contestant.name.startswith("limit")


def show_figures(work, contestants, runs):
    """What the programs measured themselves, where the work is about that."""
    names = getattr(work, "FIGURES", None)
    if names is None:
        return
    print(f"\n| | {' | '.join(names.values())} |\n|---{'|---' * len(names)}|")
    for contestant in contestants:
        cells = [f"{statistics.median(one['figures'][key] for one in runs[contestant.name]):.0f}" for key in names]
        print(f"| {contestant.name} | {' | '.join(cells)} |")


def ours(contestant):
    return contestant.name.startswith("tamis")


def show(work, name, bench, contestants, measured):
    runs, facts, failed = measured
    contestants = [c for c in contestants if c.name not in failed]
    peers = [runs[c.name] for c in contestants if is_peer(c) and c.facts is not None]
    best = {key: min(median(one, key) for one in peers) for key in ("wall", "cpu")} if peers else None
    print(f"\n### {name}: {work.TITLE.format(size=bench.size)}\n")
    print("| | wall s | CPU s | wall / best peer | CPU / best peer | resident MiB | anonymous MiB | MB written |")
    print("|---|---|---|---|---|---|---|---|")
    for contestant in contestants:
        print(row(contestant, runs[contestant.name], best))
    show_figures(work, contestants, runs)
    print(f"\nAgreed on: {next(iter(facts.values()), {})}" if facts else "\nNothing to compare with.")
    for reason in failed.values():
        print(f"\nOut of the race: {' '.join(reason.split())[-400:]}")
    sys.stdout.flush()


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="+", metavar="WORK")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", action="append", default=[], metavar="WORK=N")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--peers", default=os.path.join(ROOT, "build-bench-peers"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--picture", metavar="FILE.svg")
    parser.add_argument("--grow", metavar="FACTORS", help="times the size, as in 1,4,16,64")
    parser.add_argument("--compare", metavar="REV", help="an older revision to build and to run beside this one")
    parser.add_argument("--keep", metavar="DIR", help="where the data lies and stays")
    parser.add_argument("--only", help="contestants whose name holds one of these words")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    return options


def into_peers(options, script=os.path.abspath(__file__)):
    """Begins again in the Python that has the peers."""
    python = os.path.join(os.path.abspath(options.peers), "bin", "python")
    if os.path.exists(python) and os.path.abspath(sys.executable) != python:
        os.execv(python, [python, script, *sys.argv[1:]])
    if not os.path.exists(python):
        print("no peers: tests/bench/peers installs them", file=sys.stderr)


def beside_peers(options, name, size, folder):
    work, bench = load(name), Bench(options, folder)
    bench.size = size or work.SIZE
    contestants = chosen(bench, work, options)
    measured = measure([(bench, c) for c in contestants], options.runs)
    show(work, name, bench, contestants, measured)
    return {"title": work.TITLE.format(size=bench.size), "size": bench.size, "runs": measured[0],
            "facts": measured[1], "failed": measured[2]}


def way(options):
    """The function that does one work the way the options ask for."""
    if options.grow:
        import growth
        return growth.grow
    if options.compare:
        import older
        return older.beside_older
    return beside_peers


def keep_results(options, results):
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    if options.picture:
        import picture
        with open(options.picture, "w", encoding="utf-8") as file:
            file.write(picture.ratios(results))


def main():
    options = parse()
    into_peers(options)
    sizes = dict(word.split("=", 1) for word in options.size)
    folder = options.keep or tempfile.mkdtemp(prefix="tamis-bench-")
    os.makedirs(folder, exist_ok=True)
    results = {"machine": machine(), "threads": options.threads, "works": {}}
    print(f"{results['machine']}; {options.threads} threads; medians of {options.runs}, interleaved")
    try:
        for name in options.works:
            results["works"][name] = way(options)(options, name, int(sizes.get(name, 0)), folder)
    except Failed as failure:
        sys.exit(str(failure))
    finally:
        if options.compare:
            import older
            older.forget_builds()
        if not options.keep:
            shutil.rmtree(folder)
    keep_results(options, results)


if __name__ == "__main__":
    main()

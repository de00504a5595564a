#!/usr/bin/env python3
"""Runs works by our commands and by their peers, interleaved, and prints what they cost.

    tests/bench/compare.py WORK ... | --preset issue|tiny [--runs N] [--size WORK=N] [--build DIR] [--peers DIR]
                           [--threads N] [--markdown FILE] [--json FILE] [--picture FILE.svg] [--keep DIR]
                           [--only NAME,...] [--patience N]
    tests/bench/compare.py WORK ... | --preset issue --grow 1,4,16,64
    tests/bench/compare.py WORK ... | --preset issue --compare REV [--tolerance 0.05]

A work is a file of tests/bench/works. Before any time is printed the results of all contestants are
compared: the facts (rows, sums) must agree. Medians of --runs (5): wall and CPU seconds (user and
system), largest resident and largest anonymous memory (a pipe's or a server's processes together), bytes
written. The ratio is to the best peer; limits are programs that do only what cannot be left out, measured
in the same run; goals.py says which figures the project wants. A peer that took --patience (3) times the
best one's wall and CPU time in its first turn is not run again.
tests/bench/peers installs the peers; those that are not there, or that fail (of memory, say), are named
and left out.

--preset runs all works of presets.py at its sizes; works named as well choose among them. With --grow
our own commands do the work at so many times its size: growth.py tells the exponent of the cost and the
memory. With --compare an older revision is built and does the work beside this one: older.py tells the
ratios, and ends with 3 where this one is slower or larger than the tolerance and the noise explain.

A work has TITLE, SIZE (its default), UNIT, prepare(bench) that returns the input made for bench.size,
and contestants(bench, data): objects of Contestant. It runs in the peers' Python where it is there."""

import argparse
import collections
import importlib.util
import json
import math
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.modules["compare"] = sys.modules[__name__]  # the same module, whoever began
import goals  # noqa: E402
import presets  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))


class Contestant:
    """One way to do a work.

    name      as shown; ours begins with "tamis"
    command   list of words; {out} becomes the path of its output
    facts     function(path of the output, stdout) -> dict of numbers that all must agree on
    ending    of the output's name
    figures   function(stdout) -> dict of what the program measured itself; the work's FIGURES names
              those that are shown
    partial   it does less than the whole work: shown, but no best peer
    once      takes so long that one run must do"""

    def __init__(self, name, command, facts=None, ending="", figures=None, partial=False, once=False):
        self.name, self.command, self.facts, self.ending = name, command, facts, ending
        self.figures, self.partial, self.once = figures, partial, once


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


def too_slow(pairs, runs, patience):
    """Peers that took so many times the best one's time, wall and CPU, in their first turn."""
    times = {c.name: (runs[c.name][0]["wall"], runs[c.name][0]["cpu"]) for _, c in pairs if is_peer(c) and runs.get(c.name)}
    best = [min((times[c.name][i] for _, c in pairs if whole(c) and c.name in times), default=0) for i in (0, 1)]
    return {name for name, (wall, cpu) in times.items() if wall > patience * best[0] > 0 and cpu > patience * best[1]}


def measure(pairs, turns, patience=math.inf):
    """pairs: (bench, contestant), run in turns, each turn begun by another one. A peer or a limit that fails
    is out of the race; of ours none may."""
    runs, facts, failed = collections.defaultdict(list), {}, {}
    for turn in range(turns):
        resting = failed.keys() | ({c.name for _, c in pairs if c.once} | too_slow(pairs, runs, patience) if turn else set())
        for bench, contestant in pairs[turn % len(pairs):] + pairs[:turn % len(pairs)]:
            if contestant.name in resting:
                continue
            try:
                one_turn(bench, contestant, runs, facts)
            except Failed as failure:
                if ours(contestant):
                    raise
                failed[contestant.name] = str(failure)
                runs.pop(contestant.name, None)
                facts.pop(contestant.name, None)
    check({c.name: facts[c.name] for _, c in pairs if c.name in facts})
    return runs, facts, failed


def median(runs, key):
    return statistics.median(one[key] for one in runs)


def row(contestant, runs, best):
    wall, cpu = median(runs, "wall"), median(runs, "cpu")
    ratios = f"{wall / best['wall']:.2f} | {cpu / best['cpu']:.2f}" if best else "- | -"
    memory = f"{median(runs, 'resident_mib'):.0f} | {median(runs, 'anonymous_mib'):.0f}"
    written = median(runs, "bytes") / 1e6
    turns = "" if len(runs) > 1 else " (1 run)"
    return f"| {contestant.name}{turns} | {wall:.2f} | {cpu:.2f} | {ratios} | {memory} | {written:.1f} |"


def is_peer(contestant):
    return not contestant.name.startswith("tamis") and not contestant.name.startswith("limit")


def whole(contestant):
    """A peer that does the whole work and whose result was looked at."""
    return is_peer(contestant) and contestant.facts is not None and not contestant.partial


def show_figures(work, contestants, runs):
    """What the programs measured themselves, where the work is about that."""
    names = getattr(work, "FIGURES", None)
    if names is None:
        return
    print(f"\n| | {' | '.join(names.values())} |\n|---{'|---' * len(names)}|")
    for contestant in contestants:
        if contestant.figures is not None:
            print(f"| {contestant.name} | {' | '.join(figure_cell(runs[contestant.name], key) for key in names)} |")


def figure_cell(runs, key):
    values = [one["figures"][key] for one in runs if key in one["figures"]]
    return f"{statistics.median(values):.4g}" if values else "-"


def ours(contestant):
    return contestant.name.startswith("tamis")


def show(work, name, bench, contestants, measured, judged):
    runs, facts, failed = measured
    contestants = [c for c in contestants if c.name not in failed]
    peers = [runs[c.name] for c in contestants if whole(c)]
    best = {key: min(median(one, key) for one in peers) for key in ("wall", "cpu")} if peers else None
    print(f"\n### {name}: {work.TITLE.format(size=bench.size)}\n")
    print("| | wall s | CPU s | wall / best peer | CPU / best peer | resident MiB | anonymous MiB | MB written |")
    print("|---|---|---|---|---|---|---|---|")
    for contestant in contestants:
        print(row(contestant, runs[contestant.name], best))
    show_figures(work, contestants, runs)
    goals.show(judged)
    print(f"\nAgreed on: {next(iter(facts.values()), {})}" if facts else "\nNothing to compare with.")
    for reason in failed.values():
        print(f"\nOut of the race: {' '.join(reason.split())[-400:]}")
    sys.stdout.flush()


def memory():
    with open("/proc/meminfo") as file:
        return f"{int(file.readline().split()[1]) / (1 << 20):.0f} GiB"


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="*", metavar="WORK")
    parser.add_argument("--preset", choices=presets.PRESETS, help="all works at these sizes")
    parser.add_argument("--runs", type=int, help="5; 3 with --grow")
    parser.add_argument("--size", action="append", default=[], metavar="WORK=N")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--peers", default=os.path.join(ROOT, "build-bench-peers"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--patience", type=float, default=3, metavar="N",
                        help="peers N times as slow as the best one run once")
    parser.add_argument("--markdown", metavar="FILE", help="what is printed, also there")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--picture", metavar="FILE.svg")
    parser.add_argument("--grow", metavar="FACTORS", help="times the size, as in 1,4,16,64")
    parser.add_argument("--compare", metavar="REV", help="an older revision to build, or a build of one, to run beside this one")
    parser.add_argument("--tolerance", type=float, default=0.05, help="what --compare lets pass: 0.05 is 5 %%")
    parser.add_argument("--keep", metavar="DIR", help="where the data lies and stays")
    parser.add_argument("--only", help="contestants whose name holds one of these words")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.runs = options.runs or (3 if options.grow else 5)
    if not options.works and not options.preset:
        parser.error("no WORK and no --preset")
    return options


def sizes(options):
    """The works to do and their sizes; 0 is the work's own."""
    preset = presets.PRESETS.get(options.preset, {})
    if options.grow and options.preset == "issue":
        preset = presets.GROWN
    found = {name: preset.get(name, 0) for name in options.works or preset}
    asked = dict(word.split("=", 1) for word in options.size)
    return {name: int(asked.get(name, size)) for name, size in found.items()}


class Tee:
    """Standard output, and a file as well."""

    def __init__(self, path):
        self.files = [sys.stdout, open(path, "w", encoding="utf-8")]

    def write(self, text):
        for file in self.files:
            file.write(text)

    def flush(self):
        for file in self.files:
            file.flush()


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
    measured = measure([(bench, c) for c in contestants], options.runs, options.patience)
    race = goals.Race(contestants, measured[0])
    judged = goals.judge(name, race)
    show(work, name, bench, contestants, measured, judged)
    return {"title": work.TITLE.format(size=bench.size), "size": bench.size, "runs": measured[0],
            "facts": measured[1], "failed": measured[2], "goals": judged, "race": race}


def way(options):
    """The function that does one work the way the options ask for."""
    if options.grow:
        import growth
        return growth.grow
    if options.compare:
        import older
        return older.beside_older
    return beside_peers


def clear(options, folder):
    """A work's data goes before the next one's comes, unless somebody wants it."""
    if not options.keep:
        for name in os.listdir(folder):
            remove(os.path.join(folder, name))


def keep_results(options, results):
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    if options.picture:
        import picture
        with open(options.picture, "w", encoding="utf-8") as file:
            file.write(picture.ratios(results))


def finish(options, results):
    """The tables of all works together; the exit code."""
    if options.grow:
        import growth
        return growth.finish(results)
    if options.compare:
        import older
        return older.finish(options, results)
    goals.summary(results, {name: one.pop("race") for name, one in results["works"].items()})
    return 0


def describe(options):
    text = f"{machine()}; {memory()} of memory; {options.threads} threads; medians of {options.runs}, interleaved; load " \
           f"{os.getloadavg()[0]:.1f} at the start"
    print(text)
    return {"machine": machine(), "memory": memory(), "threads": options.threads, "runs": options.runs,
            "load": os.getloadavg()[0], "works": {}}


def main():
    options = parse()
    into_peers(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # data and worktrees go then too
    if options.markdown:
        sys.stdout = Tee(options.markdown)
    folder = options.keep or tempfile.mkdtemp(prefix="tamis-bench-")
    os.makedirs(folder, exist_ok=True)
    results, start = describe(options), time.monotonic()
    try:
        for name, size in sizes(options).items():
            results["works"][name] = way(options)(options, name, size, folder)
            clear(options, folder)
        code = finish(options, results)
    except Failed as failure:
        sys.exit(str(failure))
    finally:
        if options.compare:
            import older
            older.forget_builds()
        if not options.keep:
            shutil.rmtree(folder)
    print(f"\nAll of it took {(time.monotonic() - start) / 60:.1f} minutes.")
    keep_results(options, results)
    return code


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""tests/bench/check.py BUILD: the benchmarks' own arithmetic, and each mode once at a tiny size. No time is
judged. The runs need pyarrow: build-bench-peers or build-peers; without them they are skipped by name."""

import json
import os
import subprocess
import sys
import tempfile
from xml.dom import minidom

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import compare  # noqa: E402
import goals  # noqa: E402
import growth  # noqa: E402
import older  # noqa: E402

SKIPPED = 77


def raises(work):
    try:
        work()
    except SystemExit as end:
        return str(end.code)
    return None


def contestants():
    named = compare.Contestant
    facts = str  # any function
    return [named("tamis-ingest", [], facts), named("Swift", [], facts), named("Slow", [], facts),
            named("Reader", [], facts, partial=True), named("limit: plain C with zstd", [], facts)]


def costs(wall, cpu):
    return [{"wall": wall, "cpu": cpu, "anonymous_mib": 30, "resident_mib": 40, "bytes": 1000}]


def arithmetic():
    """What judges must not be wrong."""
    all_of_it = contestants()
    runs = {"tamis-ingest": costs(2, 4), "Swift": costs(5, 10), "Slow": costs(50, 90), "Reader": costs(1, 1),
            "limit: plain C with zstd": costs(1.8, 3)}
    race = goals.Race(all_of_it, runs)
    assert (race.best("wall"), race.best("cpu")) == (5, 10), "a reader only is no best peer"
    judged = {one["goal"]: (round(one["figure"], 3), one["met"]) for one in goals.judge("csv_numbers", race)}
    assert judged["wall / best peer"] == (0.4, True) and judged["anonymous MiB"] == (30, True), judged
    assert judged["CPU / plain C with zstd"] == (1.333, False), judged
    assert goals.judge("lookup", race)[0]["met"] is None, "what was not measured is not met"
    assert goals.verdict({"met": False, "bound": 20, "figure": 10, "least": True}) == "missed by 100 %"
    assert compare.too_slow([(None, c) for c in all_of_it], runs, 3) == {"Slow"}
    assert raises(lambda: compare.check({"a": {"rows": 3}, "b": {"rows": 4}})), "results that differ must be told"
    assert not raises(lambda: compare.check({"a": {"rows": (3, 2)}, "b": {"rows": (4, 1)}}))
    assert abs(growth.exponent([1, 4, 16], [2, 8, 32]) - 1) < 1e-9 and abs(growth.exponent([1, 4], [1, 16]) - 2) < 1e-9
    middle, low, high = older.interval([1.2, 1.3, 1.25, 1.22, 1.28])
    assert middle == 1.25 and 1.2 <= low <= middle <= high <= 1.3
    assert older.interval([0.8, 1.4, 1.0, 0.9, 1.3])[1] < 1.05, "noise is no regression"


def run(python, *words, code=0):
    done = subprocess.run([python, os.path.join(HERE, words[0]), *words[1:]], capture_output=True, text=True)
    assert code is None or done.returncode == code, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return done.stdout


def modes(peers, build, folder):
    python, common = os.path.join(peers, "bin/python"), ["--peers", peers, "--build", build]
    kept = {name: os.path.join(folder, "kept." + name) for name in ("md", "json", "svg")}
    printed = run(python, "compare.py", "csv_numbers", "csv_text", "--preset", "tiny", "--runs", "1", *common,
                  "--markdown", kept["md"], "--json", kept["json"], "--picture", kept["svg"])
    assert "## Summary" in printed and "limit: plain C with zstd" in printed and "Agreed on: {'rows': 7768" in printed, printed
    with open(kept["md"], encoding="utf-8") as file:
        assert "## Summary" in file.read()
    with open(kept["json"], encoding="utf-8") as file:
        assert len(json.load(file)["works"]["csv_numbers"]["goals"]) == 5
    minidom.parse(kept["svg"])
    printed = run(python, "compare.py", "csv_text", "--size", "csv_text=1", "--runs", "1", "--grow", "1,2", *common, code=None)
    assert "CPU ~ size ^ exponent" in printed and "| csv_text | tamis-ingest |" in printed, printed
    run(python, "compare.py", "csv_text", "--size", "csv_text=1", "--runs", "2", "--compare", build, "--tolerance", "9", *common)
    printed = run(python, "compare.py", "csv_text", "--size", "csv_text=1", "--runs", "2", "--compare", build,
                  "--tolerance", "-0.99", *common, code=3)
    assert "csv_text, tamis-ingest: CPU" in printed, printed


def main():
    arithmetic()
    root = os.path.dirname(os.path.dirname(HERE))
    found = [os.path.join(root, name) for name in ("build-bench-peers", "build-peers")
             if os.path.exists(os.path.join(root, name, "bin/python"))]
    if not found:
        print("skipped: the modes of compare.py at a tiny size, for want of tests/bench/peers or setup --test")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        modes(found[0], os.path.abspath(sys.argv[1]), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())

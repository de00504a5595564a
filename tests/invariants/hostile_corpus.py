#!/usr/bin/env python3
"""Every file of folders through the real programs: exit 0, 1 or 3, no signal, nothing a sanitizer says.

    tests/invariants/hostile_corpus.py BUILD FOLDER...

Each file goes through tamis-ingest, what comes out of it through tamis-clean and tamis-features;
Arrow files through the latter two at once. Prints a table by folder: files, runs, exit codes, the
most CPU seconds and memory of a run. Works with a build of AddressSanitizer and UBSan too, whose
reports end the run.
"""
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

build = os.path.abspath(sys.argv[1])
folders = [os.path.abspath(path) for path in sys.argv[2:]]
work = tempfile.mkdtemp(prefix="tamis-invariant-")
environment = dict(os.environ, TZ="UTC", TMPDIR=work,
                   ASAN_OPTIONS="halt_on_error=1:abort_on_error=1:detect_leaks=1:allocator_may_return_null=1",
                   UBSAN_OPTIONS="halt_on_error=1:abort_on_error=1:print_stacktrace=1")
SECONDS = 120
SANITIZER = (b"AddressSanitizer", b"runtime error:", b"LeakSanitizer")


def is_sanitized():
    with open(os.path.join(build, "ingest", "tamis-ingest"), "rb") as file:
        return b"__asan_init" in file.read()


def run(place, command):
    """(exit code, CPU seconds, MiB, what it said)"""
    path = os.path.join(build, command[0].split("-")[1], command[0])
    with open(os.path.join(place, "said"), "wb") as said:
        process = subprocess.Popen([path, *command[1:], "--threads", "2"], cwd=place, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    with open(os.path.join(place, "said"), "rb") as file:
        said = file.read()
    return process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10, said


def steps(place, folder, path):
    """The commands over one file."""
    kind = os.path.basename(folder)
    memory = ["--no-store"] + ([] if is_sanitized() else ["--memory", "256M"])
    ingest = ["tamis-ingest", "-q", *memory, "-o", "out.arrow"]
    clean = ["tamis-clean", "-q", *memory, "-o", "clean.arrow"]
    show = ["tamis-features", "cat", "--format", "csv", "-o", "shown.csv"]
    picture = kind in ("png", "jpeg") or path.endswith((".png", ".jpg"))
    if kind == "arrow" or path.endswith(".arrow"):
        yield [*clean, path, "-m", "text"]
        yield [*show, path]
        return
    if picture:
        drop = os.path.join(place, "drop")
        os.mkdir(drop)
        shutil.copy(path, os.path.join(drop, "picture." + ("png" if ".png" in path or kind == "png" else "jpg")))
        yield [*ingest, drop]
    else:
        formats = {"csv": ["--format", "csv"], "json": ["--format", "jsonl"], "text": ["--format", "lines"]}
        yield [*ingest, path, *formats.get(kind, [])]
    if os.path.exists(os.path.join(place, "out.arrow")):
        yield [*clean, "out.arrow", *(["-m", "images"] if picture else ["-m", "text", "-m", "types"])]
        yield [*show, "out.arrow"]


def tables_of(said):
    """The tables of a database that a message offers."""
    line = said.split(b"tables: ", 1)[-1].split(b"\n", 1)[0].decode(errors="replace")
    return re.findall('"([^"]*)"', line)


def one(folder, path):
    place = tempfile.mkdtemp(dir=work)
    results = []
    for command in steps(place, folder, path):
        results.append((command, *run(place, command)))
        if results[-1][1] == 2 and b"choose one with --table" in results[-1][4]:
            results[-1:] = [([*command, "--table", name], *run(place, [*command, "--table", name]))
                            for name in tables_of(results[-1][4])]
    shutil.rmtree(place)
    return folder, path, results


def is_broken(code, said):
    return code not in (0, 1, 3) or (code != 0 and not said) or any(word in said for word in SANITIZER)


def main():
    jobs = []
    for top in folders:
        for folder, _, names in os.walk(top):
            jobs += [(folder, os.path.join(folder, name)) for name in sorted(names)
                     if not name.startswith("SOURCE")]
    sums = collections.defaultdict(lambda: {"files": 0, "runs": 0, "0": 0, "1": 0, "3": 0, "other": 0,
                                            "cpu s": 0.0, "MiB": 0})
    broken = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for folder, path, results in pool.map(lambda job: one(*job), jobs):
            row = sums[os.path.basename(folder)]
            row["files"] += 1
            for command, code, seconds, mib, said in results:
                row["runs"] += 1
                row[str(code) if code in (0, 1, 3) else "other"] += 1
                row["cpu s"], row["MiB"] = max(row["cpu s"], round(seconds, 2)), max(row["MiB"], mib)
                if is_broken(code, said):
                    broken += 1
                    print(f"BROKEN  {path}: exit {code}: {' '.join(command)}\n{said.decode(errors='replace')[:2000]}")
    keys = list(next(iter(sums.values())))
    print("| folder | " + " | ".join(keys) + " |\n|" + " --- |" * (len(keys) + 1))
    for folder, row in sorted(sums.items()):
        print(f"| {folder} | " + " | ".join(str(row[key]) for key in keys) + " |")
    total = sum(row["files"] for row in sums.values())
    print(f"{total} files, {sum(row['runs'] for row in sums.values())} runs, {broken} broken")
    return broken > 0 or total == 0


try:
    code = main()
finally:
    shutil.rmtree(work, True)
sys.exit(code)

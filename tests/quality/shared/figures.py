"""What the quality scripts share: the shipped commands, and one line a figure."""
import atexit
import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build, data = sys.argv[1], sys.argv[2]
folder = tempfile.mkdtemp(prefix="tamis-quality-")
atexit.register(shutil.rmtree, folder, True)
csv.field_size_limit(1 << 28)


def scratch(name):
    """A path for a file that is gone afterwards."""
    return os.path.join(folder, name)


def command(name):
    return os.path.join(build, name.split("-")[1], name)


def rows_of(path):
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        return list(csv.reader(file))


def show(name, figure, anchor, ours):
    """Fields are two blanks and more apart; tests/quality/run lays them out."""
    print(f"{name:22}  {figure:40}  {anchor or '-':>30}  {ours or '-':>14}", flush=True)


def clustered(sources, step, ingest_arguments=()):
    """The cluster of each row, in order; clustered.rows keeps the first column of each row."""
    ingest = [command("tamis-ingest"), "--no-store", "-q", *ingest_arguments, *sources]
    clean = [command("tamis-clean"), "--no-store", "-q", "-m", step + " keep=flag"]
    cat = [command("tamis-features"), "cat", "-", "--format", "csv"]
    first = subprocess.Popen(ingest, stdout=subprocess.PIPE)
    second = subprocess.Popen(clean, stdin=first.stdout, stdout=subprocess.PIPE)
    first.stdout.close()
    third = subprocess.Popen(cat + ["--columns", "_record", "--columns", "cluster"]
                             if not is_folder(sources) else cat + ["--columns", "path", "--columns",
                                                                   "cluster"],
                             stdin=second.stdout, stdout=subprocess.PIPE)
    second.stdout.close()
    out = third.communicate()[0]
    if first.wait() or second.wait() or third.returncode:
        sys.exit("quality: a command failed: " + " ".join(ingest + ["|"] + clean))
    table = list(csv.reader(io.StringIO(out.decode())))
    clustered.rows = table[1:]
    return [row[1] for row in table[1:]]


def is_folder(sources):
    return os.path.isdir(sources[0])

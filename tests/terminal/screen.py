#!/usr/bin/env python3
"""screen.py BUILD: what the programs draw on a terminal: previews, progress, help, errors, colors."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pty_run import Terminal  # noqa: E402

build = os.path.abspath(sys.argv[1])
folder = tempfile.mkdtemp()
base = {"PATH": ":".join(f"{build}/{room}" for room in ("ingest", "clean", "features")) + ":" + os.environ["PATH"],
        "HOME": folder, "TERM": "xterm", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
broken = 0


def check(what, good, seen=""):
    global broken
    print(("ok      " if good else "BROKEN  ") + what + ("" if good else f": saw {seen!r}"))
    broken += not good


def draw(words, rows=24, columns=80, **changes):
    """Exit code and all bytes of a command on a terminal."""
    terminal = Terminal(["sh", "-c", words], base | changes, rows, columns, folder)
    code = terminal.end()
    return code, terminal.text().replace("\r\n", "\n")


def without_styles(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


with open(folder + "/people.csv", "w") as file:
    file.write("id,name,amount\n1,Zürich,12.5\n22,日本 東京,\n333,\x1b[31mred,7\n")

# ---- previews ----
_, shown = draw("tamis-ingest -q --no-store people.csv --no-provenance")
lines = without_styles(shown).splitlines()
check("names, types, then values", [line.split()[0] for line in lines[:3]] == ["id", "int64", "1"] and
      lines[2].startswith("    1  Zürich"), shown)
ends = [sum(2 if ord(c) > 0x2e80 else 1 for c in line) for line in lines[:5]]
check("numbers end in one column, wide characters counted", len(set(ends)) == 1, lines[:5])
check("names are bold, types and nulls dim", "\x1b[1mid" in shown and "\x1b[2mint64" in shown and "\x1b[2mnull" in shown,
      shown)
check("what came from the data colors nothing", "\\x1b[31mred" in shown, shown)
_, plain = draw("tamis-ingest -q --no-store people.csv", NO_COLOR="1")
check("NO_COLOR: no sequence at all", "\x1b" not in plain, plain)
_, plain = draw("tamis-ingest -q --no-store people.csv", NO_COLOR="")
check("an empty NO_COLOR asks for nothing", "\x1b[1m" in plain, plain)
_, plain = draw("tamis-ingest -q --no-store people.csv", TERM="dumb")
check("TERM=dumb: no sequence at all", "\x1b" not in plain and "int64" in plain, plain)
_, narrow = draw("tamis-ingest -q --no-store people.csv", columns=30)
check("columns that do not fit are counted", "more columns" in narrow and
      all(len(line) <= 30 for line in without_styles(narrow).splitlines()[:5]), narrow)

# ---- errors ----
code, error = draw("tamis-clean --recpie x")
check("an error is red, its hint colored", code == 2 and "\x1b[1;31mtamis-clean:\x1b[0m unknown option" in error and
      "\x1b[36mhint:\x1b[0m" in error, error)
_, error = draw("tamis-clean --recpie x", NO_COLOR="1")
check("not with NO_COLOR", "\x1b" not in error and "hint: tamis-clean --help" in error, error)
done = subprocess.run(["tamis-clean", "--recpie", "x"], env=base, capture_output=True, text=True)
check("nor where no terminal is", "\x1b" not in done.stderr, done.stderr)

# ---- help ----
def commands():
    for program in ("tamis-ingest", "tamis-clean", "tamis-features"):
        yield program
        full = subprocess.run([program, "--help-all"], env=base, capture_output=True, text=True).stdout
        for name in re.findall(r"(?m)^  ([a-z-]+)  ", full[full.index("Subcommands:"):full.index("SUBCOMMAND --help")]):
            yield f"{program} {name}"
    yield "tamis-features lineage record"


for command in commands():
    short = subprocess.run(f"{command} --help", shell=True, env=base, capture_output=True, text=True).stdout
    full = subprocess.run(f"{command} --help-all", shell=True, env=base, capture_output=True, text=True).stdout
    options = set(re.findall(r"(?m)^  (?:-[a-zA-Z], |    )(--[a-z-]+)", full))
    good = short.startswith("Usage: " + command) and len(short.splitlines()) <= 23 and "\nExamples:\n" in short
    check(f"{command} --help is one screen with examples", good, short)
    missing = [name for name in options if name not in short]
    check(f"{command} --help names all {len(options)} options", options and not missing, missing)
_, tall = draw("tamis-ingest --help", rows=200, columns=100)
check("a taller terminal is told more", "keep a column as text" in tall and "\x1b[1mExamples:" in tall, tall)

# ---- progress ----
with open(folder + "/big.csv", "w") as file:
    file.write("id,name,amount\n")
    for i in range(700000):
        file.write(f"{i},person {i % 5000},{i * 7919 % 100000 / 100}\n")
ingest = "tamis-ingest --threads 1 big.csv --into raw/big"
_, drawn = draw(ingest)
redrawn = re.findall(r"\r\x1b\[K(ingest: [^\r]*)", drawn)
check("progress: done, rate, percent, time left", len(redrawn) > 1 and all(
    re.fullmatch(r"ingest: [0-9.]+ [kM] bytes, [0-9.]+ [kM]/s, [0-9]+ %, [0-9]+ s left", line) for line in redrawn), drawn)
check("the line is gone when the work is done", without_styles(drawn).splitlines()[-1].rsplit("\x1b[K", 1)[-1]
      .startswith("tamis-ingest: 700000 rows"), drawn)
_, drawn = draw(ingest + " --progress never")
check("--progress never", "\x1b[K" not in drawn and "s left" not in drawn, drawn)
_, drawn = draw(ingest, TERM="dumb")
check("TERM=dumb: no line is redrawn", "\x1b" not in drawn and "s left" not in drawn, drawn)
_, drawn = draw(ingest, columns=24)
check("a line never wraps", all(len(line) < 24 for line in re.findall(r"\r\x1b\[K([^\r]*)", drawn)
                                if line.startswith("ingest: ")), drawn)
done = subprocess.run(ingest.split() + ["--progress", "always"], env=base, cwd=folder, capture_output=True, text=True)
check("--progress always without a terminal: lines of their own",
      re.search(r"(?m)^tamis-ingest: ingest: .* %, .* left$", done.stderr) and "\r" not in done.stderr, done.stderr)
done = subprocess.run(ingest.split(), env=base, cwd=folder, capture_output=True, text=True)
check("else nothing but the summary", len(done.stderr.splitlines()) == 1, done.stderr)
_, drawn = draw("tamis-clean --threads 1 tamis:raw/big -m 'outliers columns=amount method=mad' "
                "-m 'deduplicate method=exact' --into clean/big")
check("clean tells each pass", re.search(r"pass 2, learn deduplicate: .* rows, .*/s, [0-9]+ %, .* left", drawn) and
      re.search(r"pass 3, write: .* rows, .*/s, [0-9]+ %, .* left", drawn), drawn)
_, drawn = draw("tamis-features export --threads 1 tamis:raw/big -o big.csv.out --format csv")
check("so does what reads a version", re.search(r"export: .* rows, .*/s, [0-9]+ %, .* left", drawn), drawn)

shutil.rmtree(folder)
print("all of it holds" if broken == 0 else f"{broken} broken")
sys.exit(broken != 0)

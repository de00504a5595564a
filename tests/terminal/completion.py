#!/usr/bin/env python3
"""completion.py BUILD bash|zsh: words are completed in an interactive shell, as people do it.

The scripts are those of --completion; every answer comes from pressing Tab on a real terminal."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pty_run import Terminal  # noqa: E402

build, shell = os.path.abspath(sys.argv[1]), sys.argv[2]
if shutil.which(shell) is None:
    print(f"skipped: {shell} is not installed")
    sys.exit(77)

PROGRAMS = ["tamis-ingest", "tamis-clean", "tamis-features"]
folder = tempfile.mkdtemp()
env = {
    "PATH": ":".join(f"{build}/{room}" for room in ("ingest", "clean", "features")) + ":" + os.environ["PATH"],
    "HOME": folder, "TERM": "dumb" if shell == "bash" else "xterm", "LC_ALL": "C.UTF-8", "INPUTRC": folder + "/inputrc", "TZ": "UTC",
}
broken = 0


def check(what, good, seen=""):
    global broken
    print(("ok      " if good else "BROKEN  ") + what + ("" if good else f": saw {seen!r}"))
    broken += not good


def prepare():
    """A folder with a few files and a store with one dataset and one view."""
    with open(folder + "/orders.csv", "w") as file:
        file.write("id,amount\n1,2\n2,3\n")
    with open(folder + "/orders.yaml", "w") as file:
        file.write("view: shop_orders\nentity: [id]\n")
    with open(folder + "/inputrc", "w") as file:
        file.write("set enable-bracketed-paste off\nset completion-query-items 0\nset page-completions off\n"
                   "set show-all-if-ambiguous on\n")
    run = lambda *words: subprocess.run(words, cwd=folder, env=env, check=True)
    run("tamis-ingest", "-q", "orders.csv", "--into", "raw/orders")
    run("tamis-features", "define", "-q", "orders.yaml")
    run("tamis-features", "put", "-q", "shop_orders", "tamis:raw/orders")
    for program in PROGRAMS:
        for kind in ("bash", "zsh"):
            name = f"{program}.bash" if kind == "bash" else f"_{program}"
            text = subprocess.run([program, "--completion", kind], env=env, check=True,
                                  capture_output=True).stdout
            with open(f"{folder}/{name}", "wb") as file:
                file.write(text)


def open_shell():
    if shell == "bash":
        terminal = Terminal(["bash", "--noprofile", "--norc", "-i"], env | {"PS1": "READY> "}, 50, 200, folder)
        setup = "; ".join(f". ./{program}.bash" for program in PROGRAMS)
    else:
        terminal = Terminal(["zsh", "-f", "-i"], env | {"PS1": "READY> ", "ZDOTDIR": folder}, 50, 200, folder)
        setup = "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -d $PWD/.dump; setopt no_list_ambiguous"
    terminal.wait_for("READY> ")
    terminal.send(setup + "; echo SET''TLED\n")
    terminal.wait_for("SETTLED")
    terminal.quiet()
    return terminal


def plain(seen):
    """What people see: without the sequences that move the cursor and set styles."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x07|\r", "", seen.decode(errors="replace"))


def tab(line, wanted):
    """What the terminal shows after `line` and Tab; the line is given up afterwards."""
    terminal = tab.terminal
    start = len(terminal.seen)
    terminal.send(line + "\t")
    until = time.monotonic() + (10 if wanted else 1.5)
    while time.monotonic() < until and not (wanted and all(word in plain(terminal.seen[start:]) for word in wanted)):
        terminal.quiet(0.3)
    shown = plain(terminal.seen[start:])
    terminal.send("\x15\x03")
    terminal.quiet(0.3)
    return shown


prepare()
checked = [f"{folder}/{program}.bash" if shell == "bash" else f"{folder}/_{program}" for program in PROGRAMS]
for path in checked:
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True)
    check(f"{shell} -n {os.path.basename(path)}", done.returncode == 0 and done.stderr == "", done.stderr)

tab.terminal = open_shell()
for what, line, wanted, unwanted in [
    ("an option that only one begins so", "tamis-ingest --incr", ["--incremental"], []),
    ("options that begin alike", "tamis-ingest --max-p", ["--max-picture", "--max-pixels"], ["--max-ratio"]),
    ("the words of a choice", "tamis-ingest --format p", ["postgresql", "parquet"], ["jsonl"]),
    ("a choice behind =", "tamis-clean --audit=c", ["cells"], ["rows"]),
    ("a choice that is written out in the placeholder", "tamis-clean --device c", ["cpu"], ["auto"]),
    ("a file behind an option", "tamis-clean --recipe ord", ["orders."], []),
    ("a file as an operand", "tamis-ingest orders.c", ["orders.csv"], ["orders.yaml"]),
    ("a subcommand", "tamis-features look", ["lookup"], []),
    ("subcommands that begin alike", "tamis-features ro", ["rollback"], ["rebuild"]),
    ("an option of a subcommand", "tamis-features put --mo", ["--mode"], []),
    ("a choice of a subcommand", "tamis-features put --mode up", ["upsert"], ["append"]),
    ("a subcommand of a subcommand", "tamis-features lineage record --me", ["--metric"], []),
    ("what the other subcommands have is not offered", "tamis-features log --mo", [], ["--mode"]),
    ("a dataset behind --into", "tamis-clean --into raw/", ["raw/orders"], []),
    ("a view", "tamis-features log shop", ["shop_orders"], []),
    ("the value of an option is not taken for a subcommand", "tamis-features --store put log --mo", [], ["--mode"]),
]:
    shown = tab(line, wanted)
    good = all(word in shown for word in wanted) and not any(word in shown.replace(line, "", 1) for word in unwanted)
    check(f"{what}: {line}<Tab>", good, shown)
tab.terminal.send("\x03exit\n")
tab.terminal.end(5)
shutil.rmtree(folder)
print("all of it holds" if broken == 0 else f"{broken} broken")
sys.exit(broken != 0)

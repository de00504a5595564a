#!/usr/bin/env python3
"""Reads what `llvm-cov export` printed and says how much of our own code has run.

    report.py EXPORT.json SOURCE OUTPUT FLOOR [--keep]

Writes OUTPUT/coverage.md, coverage.json and uncovered.txt, and prints the first. Exits 1 if a line or
branch figure is below FLOOR's; --keep writes the figures of today there instead. README.md says what a
line and a branch are."""
import argparse
import collections
import json
import os
import re
import sys

ROOMS = ['base', 'columnar', 'lineage', 'ingest', 'clean', 'features']
EXPANSION = 1  # kind of a region that stands for a macro
CONSTANT = re.compile(r'[01]|true|false')


class File:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = {}  # number: how often it ran
        self.branches = {}  # place: Branch
        self.functions = {}  # first line: (name, last line, count)

    def function_at(self, line):
        """The innermost function around a line: the one that begins last before it."""
        around = [(first, name) for first, (name, last, _) in self.functions.items() if first <= line <= last]
        return max(around)[1] if around else '-'


class Branch:
    def __init__(self, line, what, is_status):
        self.line, self.what, self.is_status = line, what, is_status
        self.taken = [0, 0]  # true, false

    def missing(self):
        return [word for word, count in zip(('true', 'false'), self.taken) if count == 0]


def is_ours(path, source):
    inside = os.path.relpath(path, source)
    return inside.split(os.sep)[0] in ROOMS and os.path.exists(path)


# ---- lines: as llvm-cov counts them ----

def line_counts(segments):
    """A line has run as often as the part of it that ran most."""
    by_line = collections.defaultdict(list)
    for segment in segments:
        by_line[segment[0]].append(segment)
    counts, around = {}, None
    for line in range(segments[0][0], segments[-1][0] + 1) if segments else []:
        here = by_line.get(line, [])
        begun = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = here and not here[0][3] and here[0][4]
        if not skipped and (begun or around and around[3]):
            counts[line] = max([s[2] for s in begun] + ([around[2]] if around else []))
        around = here[-1] if here else around
    return counts


# ---- branches: both outcomes of each condition, those inside macros at the place of their use ----

def sites(function):
    """For each file of a function: the regions that led there, outermost first; empty for its own file."""
    parents = {region[6]: region for region in function['regions'] if region[7] == EXPANSION}
    found = {}
    for number in range(len(function['filenames'])):
        chain, at = [], number
        while at in parents:
            chain.append(parents[at])
            at = parents[at][5]
        found[number] = at, chain[::-1]
    return found


def words_at(text, branch):
    line, column, last, end = branch[:4]
    if line != last:
        return text[line - 1][column - 1:].strip() + ' ...'
    return text[line - 1][column - 1:end - 1]


def add_branches(function, files):
    where = sites(function)
    for branch in function['branches']:
        root, chain = where[branch[6]]
        home = files.get(function['filenames'][root])
        spelled = files.get(function['filenames'][branch[6]])
        if home is None or spelled is None:
            continue
        words = words_at(spelled.text, branch)
        if CONSTANT.fullmatch(words):  # do ... while (0), while (true)
            continue
        first = chain[0] if chain else branch
        place = tuple(tuple(region[:2]) for region in chain) + (tuple(branch[:2]),)
        what = words_at(home.text, first) if chain else words
        entry = home.branches.setdefault(
            place, Branch(first[0], what, words == 'try_status_ != STATUS_OK'))
        entry.taken = [a + b for a, b in zip(entry.taken, branch[4:6])]


def add_function(function, files):
    regions = [r for r in function['regions'] if r[7] != EXPANSION]
    own = sites(function)
    roots = [r for r in regions if not own[r[5]][1]]
    home = files.get(function['filenames'][roots[0][5]]) if roots else None
    if home is None:
        return
    first, last = roots[0][0], max(r[2] for r in roots)
    name = function['name'].split(':')[-1]
    before = home.functions.get(first, (name, last, 0))
    home.functions[first] = name, last, before[2] + function['count']


def read(export, source):
    with open(export) as stream:
        data = json.load(stream)['data'][0]
    files = {}
    for entry in data['files']:
        path = entry['filename']
        if is_ours(path, source):
            with open(path, encoding='utf-8') as stream:
                files[path] = File(os.path.relpath(path, source), stream.read().split('\n'))
            files[path].lines = line_counts(entry['segments'])
    for function in data['functions']:
        add_function(function, files)
        add_branches(function, files)
    return sorted(files.values(), key=lambda file: file.path)


# ---- figures ----

def figures(files):
    lines = [count for file in files for count in file.lines.values()]
    branches = [branch for file in files for branch in file.branches.values()]
    sides = [count for branch in branches for count in branch.taken]
    plain = [count for branch in branches if not branch.is_status for count in branch.taken]
    functions = [count for file in files for _, _, count in file.functions.values()]

    def share(counts):
        covered = sum(count > 0 for count in counts)
        return {'all': len(counts), 'covered': covered,
                'percent': round(100 * covered / len(counts), 2) if counts else 100.0}
    return {'lines': share(lines), 'branches': share(sides), 'branches_without_try': share(plain),
            'functions': share(functions)}


KINDS = ['lines', 'branches', 'branches_without_try', 'functions']


def row(name, found):
    cells = [f'{found[kind]["percent"]:.1f} % of {found[kind]["all"]:,}' for kind in KINDS]
    return '| ' + ' | '.join([name] + cells) + ' |'


def markdown(tables):
    text = []
    for title, rows in tables:
        text += [f'## {title}', '', '| | lines | branches | branches without TRY | functions |',
                 '|---|---|---|---|---|'] + [row(name, found) for name, found in rows] + ['']
    return '\n'.join(text)


def ranges(numbers):
    found = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def uncovered(files):
    text = ['What no test has run: functions, lines, then outcomes of conditions; "error exit" is the return',
            'of a TRY. One line each: FILE:LINE FUNCTION: what.', '']
    for file in files:
        text += [f'{file.path}:{first} {name}: never called'
                 for first, (name, _, count) in sorted(file.functions.items()) if count == 0]
        for first, last in ranges(sorted(n for n, count in file.lines.items() if count == 0)):
            until = f'-{last}' if last > first else ''
            text.append(f'{file.path}:{first}{until} {file.function_at(first)}: did not run: '
                        + file.text[first - 1].strip())
        for _, branch in sorted(file.branches.items()):
            if branch.missing() and file.lines.get(branch.line, 0) > 0:
                what = 'error exit never taken' if branch.is_status else 'never ' + ' nor '.join(branch.missing())
                text.append(f'{file.path}:{branch.line} {file.function_at(branch.line)}: {what}: {branch.what}')
    return '\n'.join(text) + '\n'


# ---- the floor ----

def floor_of(path):
    with open(path) as stream:
        words = [line.split() for line in stream if line.strip() and not line.startswith('#')]
    return {kind: float(value) for kind, value in words}


def keep_floor(path, total):
    with open(path) as stream:
        head = [line for line in stream if line.startswith('#')]
    with open(path, 'w') as stream:
        stream.writelines(head)
        for kind in ('lines', 'branches'):
            # two tenths below what was seen: which of two threads comes first is not the same twice
            stream.write(f'{kind} {total[kind]["percent"] - 0.2:.1f}\n')


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ('export', 'source', 'output', 'floor'):
        parser.add_argument(name)
    parser.add_argument('--keep', action='store_true')
    args = parser.parse_args()
    files = read(args.export, os.path.abspath(args.source))
    if not files:
        sys.exit('report.py: no source of ours is in the export')
    rooms = [(room, [f for f in files if f.path.startswith(room + os.sep)]) for room in ROOMS]
    total = figures(files)
    tables = [('Rooms', [(room, figures(inside)) for room, inside in rooms] + [('**all**', total)])]
    tables += [(room, [(f.path, figures([f])) for f in inside]) for room, inside in rooms]
    for name, text in (('coverage.md', markdown(tables)), ('uncovered.txt', uncovered(files)),
                       ('coverage.json', json.dumps({'total': total, 'rooms': dict(tables[0][1][:-1]), 'files': {
                           f.path: figures([f]) for f in files}}, indent=1))):
        with open(os.path.join(args.output, name), 'w') as stream:
            stream.write(text)
    print(markdown(tables))
    if args.keep:
        keep_floor(args.floor, total)
    below = [f'{kind}: {total[kind]["percent"]} %, the floor is {least} %'
             for kind, least in floor_of(args.floor).items() if total[kind]['percent'] < least]
    for text in below:
        print('below the floor: ' + text)
    return 1 if below else 0


if __name__ == '__main__':
    sys.exit(main())

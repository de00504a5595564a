"""Every command and kind of source has a scenario: commands.py BUILD names those that have none.

What there is, the programs say themselves: the subcommands of --help, the kinds of --format, the modules."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios

# Options that change what is written where, each in some scenario.
OPTIONS = ['--into', '--rejects', '--retry', '--incremental', '--contract', '--shard', '--shards', '--audit', '--report', '--checks',
           '--save-state', '--state', '--metrics-file', '--emit', '--gate', '--log-exposure', '--mode append', '--mode upsert',
           '--mode delete']
# A kind of source that is told by its content or name, and by which word of a scenario.
SOURCES = {'csv': 'fresh.csv', 'tsv': None, 'jsonl': 'rows.jsonl', 'images': 'pictures', 'sqlite': 'table.db',
           'postgresql': '{postgresql}', 'arrow': 'people.arrow', 'feed': 'feed.xml', 'parquet': 'people.parquet',
           'text': 'words.txt', 'lines': 'server.log', 'http': '{web}/fresh.csv'}


def told(build, program, *words):
    path = os.path.join(build, program.removeprefix('tamis-'), program)
    return subprocess.run([path, *words], check=True, capture_output=True, text=True).stdout


def subcommands(build, program):
    found = re.search(r'Subcommands: (.*?)\n(?=\S|\n)', told(build, program, '--help'), re.S).group(1)
    return re.findall(r'[a-z-]+', found)


def missing(build):
    lines = [' '.join(s.argv) for s in [*scenarios.ingests(), *scenarios.cleans(), *scenarios.features()]]
    for program in ('tamis-ingest', 'tamis-clean', 'tamis-features'):
        for word in subcommands(build, program):
            if not any(line.startswith(f'{program} {word} ') or line == f'{program} {word}' for line in lines):
                yield f'{program} {word}'
    kinds = re.search(r'auto\|csv[a-z|]*', told(build, 'tamis-ingest', '--help-all').replace('\n', '')).group(0)
    for kind in ['http'] + kinds.split('|')[1:]:
        if kind not in SOURCES or SOURCES[kind] and not any(SOURCES[kind] in line for line in lines):
            yield f'a source of kind {kind}'
    texts = ' '.join(lines) + scenarios.INPUTS['recipe.yaml']
    for module in [line.split()[1] for line in told(build, "tamis-clean", "modules").splitlines() if re.match(r" *\d+ ", line)]:
        if module != 'MODULE' and module not in texts:
            yield f'the module {module}'
    for option in OPTIONS:
        if not any(option in line for line in lines):
            yield f'the option {option}'


if __name__ == '__main__':
    gone = list(missing(sys.argv[1]))
    for what in gone:
        print(f'tests/faults/scenarios.py: no scenario for {what}')
    sys.exit(1 if gone else 0)

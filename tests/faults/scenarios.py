"""The commands that are walked: each kind of source, each module, each subcommand, once.

A scenario starts from one of the folders that make() fills by the real programs, runs one command, and
should end with `code`. `writes` says that the command changes the store or writes files."""
import os
import shutil
import sqlite3
import tarfile


class Scenario:
    def __init__(self, name, argv, template='full', stdin=None, code=0, writes=True, crash=False, repeatable=True,
                 threads=True, exact=False, needs=None,
                 rejects_files=False):
        self.name = name
        self.argv = argv.split() if isinstance(argv, str) else argv
        self.argv += ['--threads', '1'] if threads else []
        self.template = template
        self.stdin = stdin
        self.code = code
        self.writes = writes
        self.crash = crash            # also killed, and replayed as a power loss
        self.repeatable = repeatable  # the same again gives the same ...
        self.exact = exact            # ... and nothing besides
        self.rejects_files = rejects_files # a file that may not be read is a record that is rejected
        self.needs = needs            # 'web' or 'postgresql': {web} and {postgresql} in the arguments are addresses


PEOPLE = '''id,name,email,age,city,amount,joined
1,"  Ann  Example ",ann@example.org,31,Bern,10.5,2026-01-02
2,Bob Example,bob@example.org,N/A,bern,11.25,2026-02-03
3,Eve Example,eve@example.org,400,Basel,12,2026-03-04
4,Dan Example,dan@example.org,,Basel,900000,2026-04-05
4,Dan Example,dan@example.org,,Basel,900000,2026-04-05
5,Zo\u00eb Example,zoe@example.org,28,Z\u00fcrich,9.75,2026-05-06
6,Max Example,max@example.org,45,Bern,10.75,2026-06-07,too,many
7,Kim Example,kim@example.org,52,Zurich,11.5,2026-07-08
'''
ACTIVITY = '''user_id,ts,clicks,city
u1,2026-01-01T00:00:00Z,5,Bern
u2,2026-01-02T00:00:00Z,7,Basel
u1,2026-01-03T00:00:00Z,9,Bern
u3,2026-01-04T00:00:00Z,1,Genf
'''
MORE = '''user_id,ts,clicks,city
u4,2026-01-05T00:00:00Z,3,Bern
u1,2026-01-03T00:00:00Z,8,Bern
'''
INPUTS = {
    'people.csv': PEOPLE,
    'fresh.csv': PEOPLE.replace('Example', 'Fresh'),
    'activity.csv': ACTIVITY,
    'more.csv': MORE,
    'rows.jsonl': '{"a": 1, "b": "x", "c": {"d": [1, 2]}}\n{"a": 2, "b": null}\n{"a": "three"}\n',
    'words.txt': 'A first line.\n\nA second paragraph, with more words in it.\n',
    'server.log': '\n'.join(f'127.0.0.1 - - [10/Oct/2026:13:55:{i:02} +0000] "GET /a{i} HTTP/1.1" 200 {i}'
                            for i in range(6)) + '\n',
    'spine.csv': 'user_id,at\nu1,2026-01-04T00:00:00Z\nu2,2026-01-01T00:00:00Z\nu3,2026-01-09T00:00:00Z\n',
    'keys.csv': 'user_id\nu2\n',
    'keys.txt': 'u1\nu3\n',
    'grow.csv': 'id,note\n1,a\n2,b\n',
    'recipe.yaml': '''tamis: 1
steps:
  - text: {columns: [name, city]}
  - missing: {markers: ["N/A"]}
  - types: {columns: {age: int64, amount: float64}}
  - standardize: {columns: [city], methods: [fingerprint]}
  - validate: {rules: [{column: age, between: [0, 120], on_fail: reject}]}
  - deduplicate: {method: exact}
  - outliers: {columns: [amount], method: mad, action: drop}
  - impute: {columns: [age], method: median, indicator: true}
  - mask: {columns: [email], action: redact}
  - normalize: {columns: [amount], method: standard}
''',
    'activity.yaml': 'view: activity\nentity: [user_id]\nevent_time: ts\nfeatures: {clicks: int64, city: utf8}\n'
                     'aggregates: {clicks_7d: {function: sum, of: clicks, window: 7d}}\n',
    'other.yaml': 'view: other\nentity: [user_id]\n',
    'people.yaml': 'view: people\nentity: [id]\n',
    'shard.yaml': 'tamis: 1\nsteps:\n  - impute: {columns: [amount], method: median}\n',
    'gate.yaml': 'rows: {min: 1}\n',
    'contract.yaml': 'columns: {id: int64, note: utf8}\n',
    # Written by each run, also by one that fails: no output that is whole or not there.
    'events.jsonl': '',
    'metrics.prom': '',
    'labels.csv': 'label,x\n' + ''.join(
        f'{"dog" if i % 2 else "cat"},{10 * (i % 2) + i / 10}\n' for i in range(24)),
}
STORE = '''
tamis-ingest -q people.csv --into raw/people --rejects rejects.arrow
tamis-clean -q tamis:raw/people --recipe recipe.yaml --audit cells --into clean/people --save-state state.json
tamis-clean -q tamis:raw/people --recipe recipe.yaml --audit cells --audit-file cells.arrow -o cleaned.arrow
tamis-ingest -q activity.csv --into raw/activity
tamis-ingest -q --no-store activity.csv -o activity.arrow
tamis-ingest -q --no-store more.csv -o more.arrow
tamis-ingest -q --no-store --no-provenance spine.csv -o spine.arrow
tamis-ingest -q --no-store --no-provenance keys.csv -o keys.arrow
tamis-ingest -q --no-store --no-provenance labels.csv -o labels.arrow
tamis-ingest -q --no-store --label-from directory pictures -o pictures.arrow
tamis-ingest -q --no-store people.csv -o people.arrow
tamis-features export -q people.arrow -o people.parquet
tamis-ingest -q grow.csv --incremental --into raw/grow
tamis-ingest plan grow.csv --shards 2 -o plan.json
tamis-features define -q activity.yaml
tamis-features define -q people.yaml
tamis-features put -q activity tamis:raw/activity
tamis-features put -q activity more.arrow --mode append
tamis-features put -q activity activity.arrow
tamis-features tag -q activity prod=1
tamis-features tag -q activity prod=2
tamis-features tag -q activity test=3
tamis-features join -q --spine spine.arrow --view activity@2 --event-time at --into train/one
tamis-features lookup -q activity@prod u1 -o answers.json
tamis-clean fit -q --no-store people.arrow --recipe shard.yaml --shard 1/1 --run r --first-row 0 -o one.state
tamis-clean merge -q one.state -o merged.state
tamis-clean apply -q people.arrow --recipe shard.yaml --shard 1/1 --run r --first-row 0 --state merged.state -o applied.arrow
'''


def clean_of(step, source='people.arrow', more=''):
    return ['tamis-clean', '-q', source, '-m', step, '--into', 'clean/new'] + more.split()


def ingests():
    for kind, source, more in [
            ('csv', 'fresh.csv', '--rejects new.arrow'), ('jsonl', 'rows.jsonl', ''), ('arrow', 'people.arrow', ''),
            ('parquet', 'people.parquet', ''), ('pictures', 'pictures', '--label-from directory --sandbox off'),
            ('text', 'words.txt', '--format text'), ('lines', 'server.log', '--format lines'),
            ('feed', 'feed.xml', ''), ('sqlite', 'table.db', ''), ('archive', 'files.tar.gz', ''),
            ('packed', 'fresh.csv.gz', '')]:
        yield Scenario(f'ingest {kind}', f'tamis-ingest -q {source} --into raw/new {more}', crash=kind == 'csv',
                       rejects_files=kind in ('pictures', 'text'))
    yield Scenario('ingest http', 'tamis-ingest -q {web}/fresh.csv --into raw/new --retries 0', needs='web')
    yield Scenario('ingest postgresql', 'tamis-ingest -q {postgresql} --table people --into raw/new', needs='postgresql')
    yield Scenario('ingest measured', 'tamis-ingest -q fresh.csv --into raw/new --metrics-file metrics.prom'
                   ' --emit events.jsonl')
    yield Scenario('ingest into a new store', 'tamis-ingest -q people.csv --into raw/people', template='bare', crash=True)
    yield Scenario('ingest stdin to a file', 'tamis-ingest -q - -o new.arrow', stdin='fresh.csv')
    yield Scenario('ingest to stdout', 'tamis-ingest -q people.csv --no-store', writes=False)
    yield Scenario('ingest incremental', 'tamis-ingest -q grow.csv --incremental --into raw/grow', template='grown',
                   crash=True, exact=True)
    yield Scenario('ingest retry', 'tamis-ingest -q rejects.arrow --retry --into raw/people --max-rejects 9', repeatable=False)
    yield Scenario('ingest contract', 'tamis-ingest -q grow.csv --contract contract.yaml --into raw/new')
    yield Scenario('ingest infer', 'tamis-ingest infer people.csv -o new.yaml')
    yield Scenario('ingest plan', 'tamis-ingest plan people.csv --shards 2 -o new.json')
    yield Scenario('ingest shard', 'tamis-ingest -q grow.csv --plan plan.json --shard 1/2 --no-store -o new.arrow')
    yield Scenario('ingest record', 'tamis-ingest record people.csv 3', writes=False)


def cleans():
    yield Scenario('clean recipe', 'tamis-clean -q tamis:raw/people --recipe recipe.yaml --audit cells --into clean/new'
                   ' --rejects new.arrow --save-state new.json --checks checks.json', crash=True)
    yield Scenario('clean new rows', 'tamis-clean -q tamis:raw/grow@new -m text --into clean/grow', crash=True, exact=True)
    yield Scenario('clean state', 'tamis-clean -q tamis:raw/people --state state.json -o new.arrow')
    yield Scenario('clean in a pipe', ['tamis-clean', '-q', '--no-store', '-m', 'text'], stdin='people.arrow',
                   writes=False)
    for name, step in [
            ('deduplicate near', 'deduplicate method=minhash columns=name'), ('outliers forest', 'outliers columns=amount method=forest'),
            ('impute donors', 'impute columns=amount method=knn'), ('mask pseudonym', 'mask action=pseudonym key_file=key'),
            ('standardize clusters', 'standardize columns=city methods=levenshtein'), ('normalize quantile', 'normalize columns=amount method=quantile')]:
        yield Scenario(f'clean {name}', clean_of(step))
    yield Scenario('clean labels', clean_of('labels label=label columns=x', 'labels.arrow'))
    yield Scenario('clean images', clean_of('images tensors=tensor size=4,4', 'pictures.arrow', '--sandbox off'))
    yield Scenario('clean report', 'tamis-clean -q people.arrow -m text --into clean/new --report new.html')
    yield Scenario('clean emit', 'tamis-clean -q people.arrow -m text --into clean/new --emit {web}/events', needs='web')
    shard = '--recipe shard.yaml --shard 1/1 --run r --first-row 0'
    yield Scenario('clean fit', f'tamis-clean fit -q --no-store people.arrow {shard} -o new.state')
    yield Scenario('clean merge', 'tamis-clean merge -q one.state -o new.state', threads=False)
    yield Scenario('clean apply', f'tamis-clean apply -q people.arrow {shard} --state merged.state -o new.arrow')
    yield Scenario('clean suggest', 'tamis-clean suggest people.arrow --no-store -o new.yaml')
    yield Scenario('clean modules', 'tamis-clean modules', template='bare', writes=False, threads=False)
    yield Scenario('clean revert', 'tamis-clean revert -q cleaned.arrow --audit ./cells.arrow --module impute -o new.arrow')
    yield Scenario('clean inverse', 'tamis-clean inverse -q cleaned.arrow --state state.json -o new.arrow')


def features():
    def one(name, line, **more):
        return Scenario('features ' + name, 'tamis-features ' + line, **more)
    yield one('define', 'define -q other.yaml')
    yield one('put', 'put -q activity activity.arrow', crash=True)
    yield one('put append', 'put -q activity more.arrow --mode append', crash=True, repeatable=False)
    yield one('put upsert', 'put -q activity more.arrow --mode upsert')
    yield one('put delete', 'put -q activity keys.arrow --mode delete')
    yield one('put shards', 'put -q people --shards applied.arrow')
    yield one('get', 'get -q activity@1 -o new.arrow')
    yield one('cat', 'cat tamis:clean/people --format csv', writes=False)
    yield one('export parquet', 'export -q tamis:raw/people -o new.parquet')
    yield one('export numbers', 'export -q activity.arrow --columns clicks -o new.npy', repeatable=False)
    yield one('export rows', 'export -q activity.arrow -o new.jsonl')
    yield one('join', 'join -q --spine spine.arrow --view activity@2 --event-time at -o new.arrow --verify 2')
    yield one('join into', 'join -q --spine spine.arrow --view activity@2 --event-time at --into train/new')
    yield one('lookup', 'lookup -q activity@3 --keys keys.txt', writes=False)
    yield one('lookup logged', 'lookup -q activity@prod u1 --log-exposure', repeatable=False)
    yield one('exposure', 'exposure activity@prod --entity u1', writes=False)
    yield one('log', 'log activity', writes=False)
    yield one('diff', 'diff activity@1 activity@2', code=None, writes=False)
    yield one('report', 'report activity@1..2 -o new.html')
    yield one('lineage', 'lineage activity --up --format svg -o new.svg')
    yield one('lineage record', 'lineage record -q --job train --input tamis:raw/people --output model:m', repeatable=False)
    yield one('tag', 'tag -q activity prod=3', crash=True)
    yield one('promote', 'promote -q activity@3 prod --gate gate.yaml --report new.xml', crash=True)
    yield one('rollback', 'rollback -q activity prod', crash=True, repeatable=False)
    yield one('verify', 'verify -q', writes=False)
    yield one('rebuild', 'rebuild -q clean/people@1', writes=False, crash=True)
    yield one('forget', 'forget -q activity u1', crash=True)
    yield one('tag, migrating', 'tag -q activity prod=3', template='old', crash=True)
    yield one('gc', 'gc -q raw/gone@1', template='garbage', crash=True, repeatable=False)


def scenarios(addresses):
    """Those whose needs are met; `addresses` is {need: URL}."""
    for scenario in [*ingests(), *cleans(), *features()]:
        if scenario.needs is None or scenario.needs in addresses:
            scenario.argv = [word.format_map(addresses) if '{' in word else word for word in scenario.argv]
            yield scenario


# ---- the folders ----

def write_inputs(folder, data):
    for name, text in INPUTS.items():
        with open(os.path.join(folder, name), 'w') as file:
            file.write(text)
    os.mkdir(os.path.join(folder, 'pictures'))
    for label in ('cat', 'dog'):
        shutil.copytree(os.path.join(data, 'ingest/pictures', label), os.path.join(folder, 'pictures', label))
    shutil.copy(os.path.join(data, 'ingest/feeds/atom-1.0.xml'), os.path.join(folder, 'feed.xml'))
    with sqlite3.connect(os.path.join(folder, 'table.db')) as table:
        table.execute('CREATE TABLE t (a INTEGER, b TEXT)')
        table.executemany('INSERT INTO t VALUES (?, ?)', [(1, 'x'), (2, None), (3, 'z')])
    table.close()
    with tarfile.open(os.path.join(folder, 'files.tar.gz'), 'w:gz') as archive:
        for name in ('activity.csv', 'more.csv'):
            archive.add(os.path.join(folder, name), name)
    os.system(f'gzip -kn {os.path.join(folder, "fresh.csv")}')
    with open(os.open(os.path.join(folder, 'key'), os.O_WRONLY | os.O_CREAT, 0o600), 'w') as key:
        key.write('0123456789abcdef' * 4)


def run_all(place, lines, die):
    for line in lines.strip().splitlines():
        code, _, stderr, _ = place.run(line.split())
        if code != 0 and not (code == 3):
            die(f'setting up: {line}: exit {code}: {stderr}')


def make_old(folder):
    """The catalog as the first schema had it: every migration is in front of it."""
    catalog = sqlite3.connect(os.path.join(folder, 'catalog.db'), isolation_level=None)
    catalog.execute('DROP VIEW watermarks')
    for table in ('watermark_log', 'watermark_series', 'watermark_moves', 'drift_events', 'record_index', 'gate_checks',
                  'gates', 'exposures', 'removed_versions', 'forgotten_versions', 'forgettings', 'run_columns', 'run_checks',
                  'metric_steps'):
        catalog.execute(f'DROP TABLE {table}')
    catalog.executescript('''
        DROP INDEX column_edges_by_input;
        CREATE TABLE old_edges (
            run_id TEXT NOT NULL REFERENCES runs (run_id), output_column TEXT NOT NULL, input_column TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('DIRECT', 'INDIRECT')), subtype TEXT NOT NULL,
            masked INTEGER NOT NULL CHECK (masked IN (0, 1)),
            PRIMARY KEY (run_id, output_column, input_column, kind, subtype)) STRICT, WITHOUT ROWID;
        INSERT OR IGNORE INTO old_edges SELECT run_id, output_column, input_column, kind, subtype, masked FROM column_edges;
        DROP TABLE column_edges;
        ALTER TABLE old_edges RENAME TO column_edges;
        CREATE INDEX column_edges_by_input ON column_edges (run_id, input_column)''')
    catalog.execute('ALTER TABLE sources DROP COLUMN etag')
    catalog.execute('DROP INDEX runs_by_parent')
    for column in ('folder', 'job', 'parent_job', 'parent_run'):
        catalog.execute(f'ALTER TABLE runs DROP COLUMN {column}')
    catalog.execute('PRAGMA user_version = 1')
    catalog.execute('VACUUM')
    catalog.close()


def make(place, data, die):
    """Fills the folders; {name: path}."""
    templates = {name: os.path.join(place.root, name) for name in ('bare', 'full', 'grown', 'garbage', 'old')}
    os.mkdir(templates['bare'])
    write_inputs(templates['bare'], data)
    place.fill(templates['bare'])
    run_all(place, STORE, die)
    shutil.copytree(place.work, templates['full'])
    make_old(os.path.join(place.work, '.tamis'))
    shutil.copytree(place.work, templates['old'])
    place.fill(templates['full'])
    grown = os.path.join(place.work, 'grow.csv')
    os.unlink(grown) # it is one file with the template's
    with open(grown, 'w') as file:
        file.write(INPUTS['grow.csv'] + '3,c\n4,d\n')
    shutil.copytree(place.work, templates['grown'])
    place.fill(templates['full'])
    run_all(place, '''
tamis-ingest -q rows.jsonl --into raw/gone
tamis-ingest -q words.txt --format text --into raw/gone
''', die)
    os.makedirs(os.path.join(place.work, '.tamis/chunks/00'), exist_ok=True)
    with open(os.path.join(place.work, '.tamis/chunks/00', '0' * 64 + '.arrow'), 'w') as file:
        file.write('what a killed commit left')
    shutil.copytree(place.work, templates['garbage'])
    return templates

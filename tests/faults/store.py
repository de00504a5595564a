"""What a store holds, told by its catalog and its bytes, without our programs.

facts(folder) is a dictionary of everything that may be there whole or not at all: versions, tags, views,
positions of sources, output files. Two stores with equal facts hold the same. Run ids and times are left
out: they differ from run to run."""
import hashlib
import os
import re
import sqlite3

RUN_ID = re.compile(rb'[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}')
TIME = re.compile(rb'20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?')
# in a table of versions and in a proof of forgetting
NOISE = re.compile(rb'\d+(\.\d+)? (MB|s|ms)\b|"(salt|key_digest|seconds|rows_per_second)": ?("[^"]*"|[0-9.e-]+)')

QUESTIONS = {
    'version': 'SELECT dataset, number, rows, digest, (SELECT group_concat(digest) FROM (SELECT digest FROM'
               ' version_chunks AS c WHERE c.dataset = v.dataset AND c.number = v.number ORDER BY position))'
               ' FROM versions AS v',
    'tag': 'SELECT dataset, tag, number, weight FROM tags',
    'view': 'SELECT view, revision, digest FROM views',
    'position': "SELECT dataset, source, kind, item, json_remove(position, '$.stamp') FROM watermarks",
    'removed': 'SELECT dataset, number, rows, digest FROM removed_versions',
    'exposure': 'SELECT dataset, tag, entity, number, times FROM exposures',
}


def plain(data):
    """The bytes without run ids and times."""
    return NOISE.sub(b'N', TIME.sub(b'T', RUN_ID.sub(b'R', data)))


def digest(data):
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def files_under(folder):
    for here, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(here, name)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def open_catalog(folder):
    """As any writer opens it: a hot journal is rolled back."""
    return sqlite3.connect(os.path.join(folder, 'catalog.db'), timeout=5, isolation_level=None)


def catalog_facts(folder):
    facts = {}
    catalog = open_catalog(folder)
    try:
        there = {row[0] for row in catalog.execute('SELECT name FROM sqlite_schema')}
        for word, question in QUESTIONS.items():
            if re.search(r'(\w+)( AS v)?$', question).group(1) not in there: # an older schema, or none yet
                continue
            for row in catalog.execute(question):
                key = {'version': 2, 'tag': 3, 'view': 2, 'position': 4, 'removed': 2, 'exposure': 4}[word]
                facts[(word,) + row[:key]] = row[key:]
    finally:
        catalog.close()
    return facts


def integrity(folder):
    """What SQLite finds wrong in the catalog, '' = nothing."""
    catalog = open_catalog(folder)
    try:
        found = [row[0] for row in catalog.execute('PRAGMA integrity_check')]
        broken = list(catalog.execute('PRAGMA foreign_key_check'))
        unbalanced = [] if not found == ['ok'] else [
            row for row in catalog.execute("SELECT 1 FROM sqlite_schema WHERE name = 'row_balance'")
            for row in catalog.execute('SELECT run_id FROM row_balance')]
    finally:
        catalog.close()
    wrong = [] if found == ['ok'] else found[:3]
    wrong += ['foreign key'] if broken else []
    wrong += ['rows do not add up'] if unbalanced else []
    return ', '.join(wrong)


def chunk_path(folder, name):
    return os.path.join(folder, 'chunks', name[:2], name + '.arrow')


def lost_bytes(folder):
    """Bytes of committed chunks that are missing or not what was written."""
    lost = 0
    catalog = open_catalog(folder)
    try:
        if not catalog.execute("SELECT 1 FROM sqlite_schema WHERE name = 'chunks'").fetchone():
            return 0
        for name, file_digest, size in catalog.execute(
                'SELECT digest, file_digest, bytes FROM chunks WHERE digest IN (SELECT digest FROM version_chunks)'):
            path = chunk_path(folder, name)
            if not os.path.exists(path) or digest(read(path)) != file_digest:
                lost += size
    finally:
        catalog.close()
    return lost


def orphans(folder):
    """Files of the store that no row of the catalog counts on."""
    catalog = open_catalog(folder)
    try:
        known = {row[0] for row in catalog.execute('SELECT digest FROM chunks')}
    finally:
        catalog.close()
    found = [path for path in files_under(os.path.join(folder, 'tmp'))]
    found += [path for path in files_under(os.path.join(folder, 'chunks'))
              if os.path.basename(path)[:-6] not in known]
    return found


def output_facts(work, inputs):
    """Files beside the store that are not inputs."""
    facts = {}
    for path in files_under(work):
        name = os.path.relpath(path, work)
        if name.startswith('.tamis' + os.sep) or name in inputs:
            continue
        data = plain(read(path))
        if name.endswith('.done'): # binary, with the digest of a file that has a run id in it
            data = b''
        if name.endswith('.html'): # has seconds, bytes and pictures of them
            data = re.sub(rb'[0-9][0-9.,]*( ?[KMG]i?B)?', b'N', data)
        facts[('file', name)] = digest(data)
    return facts


def facts_of(work, inputs):
    store = os.path.join(work, '.tamis')
    facts = catalog_facts(store) if os.path.exists(os.path.join(store, 'catalog.db')) else {}
    facts.update(output_facts(work, inputs))
    return facts


def snapshot(folder):
    """Every byte of a folder: {path: digest}"""
    return {path: digest(read(path)) for path in files_under(folder)}

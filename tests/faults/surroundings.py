"""Disks, rights, clocks, catalogs: each thing that can be wrong around a command has its own message and
exit code, and nothing is lost by it. A task is (function, arguments); it gives (class, ok, complaint)."""
import fcntl
import os
import re
import shutil
import sqlite3
import stat
import subprocess

import store
from programs import word_of

WRITERS = [
    'tamis-ingest -q fresh.csv --into raw/new', 'tamis-clean -q tamis:raw/people -m text --into clean/new',
    'tamis-features put -q activity activity.arrow', 'tamis-features put -q activity more.arrow --mode append',
    'tamis-features join -q --spine spine.arrow --view activity@2 --event-time at --into train/new',
    'tamis-features tag -q activity prod=3', 'tamis-features promote -q activity@3 prod --gate gate.yaml',
    'tamis-features rollback -q activity prod', 'tamis-features forget -q activity u1', 'tamis-features gc -q',
    'tamis-features define -q other.yaml']
READERS = [
    'tamis-features cat tamis:raw/people --format csv', 'tamis-features log activity',
    'tamis-features lookup -q activity@prod u1', 'tamis-features exposure activity@prod',
    'tamis-features lineage activity --up --format dot', 'tamis-features gc --dry-run']
FILES = [
    'tamis-ingest -q fresh.csv --no-store -o new.arrow', 'tamis-features export -q people.arrow --no-store -o new.parquet',
    'tamis-clean -q people.arrow --no-store -m text -o new.arrow']


def kib(folder):
    """What tmpfs takes: whole pages."""
    return sum(4 * ((os.path.getsize(path) + 4095) // 4096) for path in store.files_under(folder)) + \
        4 * sum(1 for _ in os.walk(folder))


def mount(folder, options):
    return subprocess.run(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder], stderr=subprocess.PIPE).returncode == 0


class Disk:
    """The work folder on a small file system of its own, with the template in it."""

    def __init__(self, place, template, spare):
        self.place = place
        shutil.rmtree(place.work, ignore_errors=True)
        os.mkdir(place.work)
        self.mounted = mount(place.work, 'size=64m,mode=755')
        if not self.mounted:
            return
        shutil.copytree(template, place.work, dirs_exist_ok=True, symlinks=True)
        self.remount(f'size={kib(place.work) + spare}k')

    def remount(self, options):
        subprocess.run(['mount', '-o', 'remount,' + options, self.place.work], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(['umount', '-l', self.place.work], check=True)
        self.place.template = None


def look(looker, before, code, stderr, pattern, wanted):
    """'' or what is wrong with how a command ended."""
    if code != wanted:
        return f'{word_of(code)}, expected exit {wanted}: {stderr.strip()[:200]}'
    if wanted and not re.search(pattern, stderr):
        return f'no word of /{pattern}/: {stderr.strip()[:200]}'
    now = {key: value for key, value in store.facts_of(looker.place.work, looker.inputs).items()}
    changed = [key for key in set(before) | set(now) if before.get(key) != now.get(key)]
    return f'changed: {changed[:3]}' if wanted and changed else looker.store_is_whole(False)


# ---- a full disk ----

def full_disk(looker, command, spare, template):
    word = 'disk full at any KiB'
    with Disk(looker.place, template, spare) as disk:
        if not disk.mounted:
            return word, None, 'a small file system needs root'
        before = store.facts_of(looker.place.work, looker.inputs)
        code, _, stderr, _ = looker.place.run(command.split() + ['--threads', '1'])
        disk.remount('size=64m')
        if code not in (0, 1):
            return word, False, f'{command}, {spare} KiB: {word_of(code)}: {stderr[:200]}'
        if code == 1 and not re.search('No space left|disk is full|full', stderr):
            return word, False, f'{command}, {spare} KiB: no word of a full disk: {stderr[:200]}'
        now = store.facts_of(looker.place.work, looker.inputs)
        lost = [key for key, value in before.items() if now.get(key) != value]
        if code == 1 and lost and 'forget' not in command and 'tag' not in command:
            return word, False, f'{command}, {spare} KiB: changed {lost[:2]}'
        if [key for key in now if key[0] == 'file' and '.part' in key[1]]:
            return word, False, f'{command}, {spare} KiB: a .part file is left'
        wrong = looker.store_is_whole(False)
        if not wrong and code == 1:
            code, _, stderr, _ = looker.place.run(command.split() + ['--threads', '1'])
            wrong = '' if code == 0 else f'with room again: {word_of(code)}: {stderr[:200]}'
        return word, not wrong, f'{command}, {spare} KiB: {wrong}'


# ---- a store that may not be written ----

def read_only(looker, command, wanted, template):
    word = 'read-only store'
    with Disk(looker.place, template, 1024) as disk:
        if not disk.mounted:
            return word, None, 'a read-only file system needs root'
        before = store.facts_of(looker.place.work, looker.inputs)
        disk.remount('ro')
        code, _, stderr, _ = looker.place.run(command.split())
        disk.remount('rw')
        wrong = look(looker, before, code, stderr, 'Read-only file system|read-only', wanted)
        return word, not wrong, f'{command}: {wrong}'


def as_nobody(place, command):
    """Runs as a user without rights. Where we have none ourselves, as we are."""
    rights = {'user': 65534, 'group': 65534, 'extra_groups': []} if os.geteuid() == 0 else {}
    words = command.split()
    environment = place.environment()
    program = shutil.which(words[0], path=environment['PATH'])
    return subprocess.run([program] + words[1:], cwd=place.work, env=environment, stdin=subprocess.DEVNULL, timeout=60,
                          capture_output=True, **rights)


def nobody_can_start(place):
    try:
        return as_nobody(place, 'tamis-features --version').returncode == 0
    except OSError:
        return False


def no_rights(looker, command, path, mode, wanted, template):
    """The folder or file `path` gets `mode`; everything else belongs to all."""
    word, place = 'removed permissions', looker.place
    place.fill(template)
    place.template = None
    for here, folders, names in os.walk(place.root):
        if os.path.basename(here) in ('full', 'bare', 'grown', 'garbage'):
            continue
        os.chmod(here, 0o777)
    for at in list(store.files_under(os.path.join(place.work, '.tamis'))):
        if not at.endswith('.arrow'): # those are shared with the template, and readable
            os.chmod(at, 0o666)
    if not nobody_can_start(place):
        return word, None, 'an unprivileged user cannot start the programs of this build'
    before = store.facts_of(place.work, looker.inputs)
    at = os.path.join(place.work, path)
    own = stat.S_IMODE(os.stat(at).st_mode)
    if os.path.isfile(at) and os.stat(at).st_nlink > 1:
        shutil.copy(at, at + '~')
        os.rename(at + '~', at)
    os.chmod(at, mode)
    done = as_nobody(place, command)
    os.chmod(at, own)
    wrong = look(looker, before, done.returncode, done.stderr.decode(), 'Permission denied|permission|readonly|not be opened|unable to open', wanted)
    return word, not wrong, f'{command} with {path} {mode:o}: {wrong}'


# ---- clocks ----

def backwards(looker, scenario, reference):
    """Each look at the clock finds it an hour before the last one."""
    place = looker.place
    place.fill(reference.template)
    place.template = None
    code, stdout, stderr, _ = place.run(scenario.argv, 'clock=3600', scenario.stdin)
    wrong = '' if code == reference.code else f'{word_of(code)}: {stderr[:200]}'
    if not wrong:
        found = store.facts_of(place.work, reference.inputs)
        wrong = looker.facts_fit(reference, found, True) or looker.store_is_whole(False)
    return 'clock running backwards', not wrong, f'{scenario.name}: {wrong}'


# ---- the catalog ----

def lock_catalog(folder):
    catalog = store.open_catalog(folder)
    catalog.execute('BEGIN IMMEDIATE')
    return catalog


def lock_all(folder):
    catalog = store.open_catalog(folder)
    catalog.execute('BEGIN EXCLUSIVE')
    return catalog


def hold_line(folder):
    file = open(os.path.join(folder, 'lock'), 'r+')
    fcntl.flock(file, fcntl.LOCK_EX)
    file.truncate(0)
    file.write('another-program, process 4711 of somebody\n')
    file.flush()
    return file


def hold_dataset(folder):
    file = open(os.path.join(folder, 'locks', 'raw+new'), 'w')
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write('tamis-ingest, process 4712 of somebody\n')
    file.flush()
    return file


def garbage_header(folder):
    with open(os.path.join(folder, 'catalog.db'), 'r+b') as file:
        file.write(b'this is no catalog any more')


def garbage_pages(folder):
    with open(os.path.join(folder, 'catalog.db'), 'r+b') as file:
        size = file.seek(0, 2)
        for at in range(4096, size, 4096):
            file.seek(at)
            file.write(b'\xa5' * 4096)


def cut(to):
    def act(folder):
        path = os.path.join(folder, 'catalog.db')
        os.truncate(path, int(os.path.getsize(path) * to) // 4096 * 4096)
    return act


def pragma(text):
    def act(folder):
        catalog = store.open_catalog(folder)
        catalog.execute(text)
        catalog.close()
    return act


def newer_table(folder):
    pragma('PRAGMA user_version = 4711')(folder)


CATALOGS = {
    # name: (what is done, who is asked, exit code, words)
    'locked by another transaction': (lock_catalog, WRITERS, 75, 'another program keeps catalog.db open in a transaction'),
    'locked by a foreign program': (lock_all, WRITERS + READERS, 75, 'another program keeps catalog.db open in a transaction'),
    'lock held, holder named': (hold_line, WRITERS, 75, 'another-program, process 4711 of somebody'),
    'dataset held, holder named': (hold_dataset, WRITERS[:1], 75, 'tamis-ingest, process 4712 of somebody'),
    'header overwritten': (garbage_header, WRITERS + READERS, 1, 'not a (database|catalog)|corrupt|malformed|damaged'),
    'pages overwritten': (garbage_pages, WRITERS + READERS, 1, 'corrupt|malformed|damaged|not a database'),
    'cut to nothing': (cut(0), WRITERS + READERS, 1, 'catalog.db is empty, and chunks/ beside it is not'),
    'cut to a half': (cut(0.5), WRITERS + READERS, 1, 'corrupt|malformed|damaged'),
    'of a newer schema': (newer_table, WRITERS + READERS, 1, 'version 4711, this program knows up to'),
    'of another program': (pragma('PRAGMA application_id = 7'), WRITERS + READERS, 1, 'belongs to another program'),
}


def catalog(looker, name, command, template):
    act, _, wanted, words = CATALOGS[name]
    place = looker.place
    place.fill(template)
    place.template = None
    folder = os.path.join(place.work, '.tamis')
    good = store.read(os.path.join(folder, 'catalog.db'))
    held = act(folder)
    code, _, stderr, _ = place.run(command.split() + (['--wait', '0'] if wanted == 75 else []))
    if hasattr(held, 'close'):
        held.close()
    with open(os.path.join(folder, 'catalog.db'), 'wb') as file: # what was broken is put back
        file.write(good)
    wrong = ''
    if code != wanted:
        wrong = f'{word_of(code)}, expected exit {wanted}: {stderr.strip()[:300]}'
    elif not re.search(words, stderr):
        wrong = f'no word of /{words}/: {stderr.strip()[:300]}'
    else:
        wrong = looker.store_is_whole(False)
    return 'catalog ' + name, not wrong, f'{command}: {wrong}'


def damaged_chunk(looker, how, template):
    """verify names the chunk, and the reader of its rows gives an error."""
    place = looker.place
    place.fill(template)
    place.template = None
    folder = os.path.join(place.work, '.tamis')
    catalog_ = store.open_catalog(folder)
    name = catalog_.execute("SELECT digest FROM version_chunks WHERE dataset = 'raw/people'").fetchone()[0]
    catalog_.close()
    path = store.chunk_path(folder, name)
    data = bytearray(store.read(path))
    os.unlink(path)
    if how == 'flipped':
        data[len(data) // 2] ^= 16
    if how == 'cut':
        data = data[:len(data) // 2]
    if how != 'missing':
        with open(path, 'wb') as file:
            file.write(data)
    told = []
    for command in ('tamis-features verify raw/people', 'tamis-features cat tamis:raw/people --format csv'):
        code, _, stderr, _ = place.run(command.split())
        if code != 1 or name[:12] not in stderr:
            told.append(f'{command}: {word_of(code)}: {stderr.strip()[:200]}')
    return 'chunk ' + how, not told, '; '.join(told)


def tasks(references, templates, every):
    full = templates['full']
    for command in WRITERS + FILES:
        for spare in range(0, 400, 4):
            yield full_disk, (command, spare, full), every
    for command in WRITERS:
        yield read_only, (command, 1, full), 1
    for command in READERS:
        yield read_only, (command, 0, full), 1
    for command in WRITERS:
        for path in ('.tamis', '.tamis/catalog.db', '.tamis/lock'):
            yield no_rights, (command, path, 0o444 if path != '.tamis' else 0o555, 1, full), 1
    for command, path, mode in [(WRITERS[0], 'fresh.csv', 0), (WRITERS[0], '.tamis/tmp', 0o555), (WRITERS[0], '.tamis/chunks', 0o555),
                                (WRITERS[2], 'activity.arrow', 0), (READERS[0], '.tamis/catalog.db', 0), (READERS[0], '.tamis/chunks', 0),
                                (FILES[0], '.', 0o555), (FILES[1], '.', 0o555), (FILES[2], 'people.arrow', 0)]:
        yield no_rights, (command, path, mode, 1, full), 1
    for command in READERS:
        yield no_rights, (command, '.tamis', 0o555, 0, full), 1
    for command in READERS + WRITERS:
        yield no_rights, (command, '.tamis', 0, 1, full), 1
    for scenario, reference in references:
        yield backwards, (scenario, reference), every
    for name, (_, commands, _, _) in CATALOGS.items():
        for command in commands:
            yield catalog, (name, command, full), 1
    for how in ('missing', 'flipped', 'cut'):
        yield damaged_chunk, (how, full), 1

"""Power loss: what a disk may hold when the power goes, made from the record of what a command changed.

The model is the strict one of POSIX: bytes of a file are safe behind an fsync of the file, a name (made,
linked, renamed, removed) behind an fsync of its folder, and nothing else is. Whatever is not safe may be there
or not, in any combination; the combinations tried are, at each change: all of it (prefix), none of it, all but
that of one file, all but one change, the last write torn in its middle, one sector of the last write full of garbage.

Each state has to open, verify and hold every committed version with the same digests; behind the end of a
command that exited 0, what it did has to be there under every combination."""
import os
import shutil

import store
from programs import word_of

SECTOR = 512
GARBAGE = bytes((i * 167 + 13) % 256 for i in range(SECTOR))


# ---- the record ----

class File:
    def __init__(self, data=b''):
        self.data = data


class Folder:
    def __init__(self):
        self.names = {}


class Change:
    """Of bytes: (file, offset, bytes) or (file, size); of names: [(folder, name, what or None)]."""

    def __init__(self, kind, target=None, offset=0, data=b'', names=(), text=''):
        self.kind, self.target, self.offset, self.data, self.names = kind, target, offset, data, list(names)
        self.text = text
        self.safe_at = None  # place in the record of the sync that made it safe


class Record:
    """The changes of a run, on a tree of objects, so that a renamed folder stays the same one."""

    def __init__(self, work, log, without_sync=0):
        self.work = work
        self.root = Folder()
        self.by_inode = {}
        self.sync_texts = []
        self.changes = []
        self.load(work, self.root)
        self.now = self.copy_of(self.root)
        self.parse(log, without_sync)

    def load(self, path, folder):
        for entry in os.scandir(path):
            made = Folder() if entry.is_dir(follow_symlinks=False) else File(store.read(entry.path))
            folder.names[entry.name] = made
            self.by_inode[entry.inode()] = made
            if isinstance(made, Folder):
                self.load(entry.path, made)

    def copy_of(self, folder):
        """The names as they are now: {folder: {name: object}}."""
        names = {folder: dict(folder.names)}
        for what in folder.names.values():
            if isinstance(what, Folder):
                names.update(self.copy_of(what))
        return names

    def place(self, path):
        """(folder, name) of a path under the work folder; None outside."""
        inside = os.path.relpath(os.path.normpath(path), self.work)
        if inside.startswith('..'):
            return None
        *folders, name = inside.split(os.sep)
        at = self.root
        for step in folders:
            at = self.now[at][step]
        return at, name

    def rename(self, text, pairs):
        pairs = [(at, what) for at, what in pairs if at is not None]
        for (folder, name), what in pairs:
            if what is None:
                self.now[folder].pop(name, None)
            else:
                self.now[folder][name] = what
        if pairs:
            self.changes.append(Change('name', names=[(at[0], at[1], what) for at, what in pairs], text=text))

    def at(self, path):
        place = self.place(path)
        return None if place is None else self.now[place[0]].get(place[1])

    def parse(self, log, without_sync):
        position, syncs = 0, 0
        while position < len(log):
            end = log.index(b'\n', position)
            word, *rest = log[position:end].decode().split(' ', 1)
            rest = rest[0] if rest else ''
            position = end + 1
            if word == 'write':
                inode, offset, size = map(int, rest.split())
                data = log[position:position + size]
                position += size
                if inode in self.by_inode:
                    self.changes.append(Change('bytes', self.by_inode[inode], offset, data, text=f'write {size}'))
            elif word == 'sync':
                syncs += 1
                if syncs != without_sync:
                    self.sync(rest)
                self.sync_texts.append(rest.split(' ', 1)[1])
            elif word != 'said':
                self.other(word, rest)

    def other(self, word, rest):
        if word == 'truncate':
            inode, size = map(int, rest.split())
            if inode in self.by_inode:
                self.changes.append(Change('size', self.by_inode[inode], size, text=f'truncate {size}'))
        elif word == 'create':
            inode, path = rest.split(' ', 1)
            self.by_inode[int(inode)] = made = File()
            self.rename(f'{word} {path}', [(self.place(path), made)])
        elif word == 'unnamed':
            self.by_inode[int(rest)] = File()
        elif word == 'name':
            inode, path = rest.split(' ', 1)
            self.rename(f'{word} {path}', [(self.place(path), self.by_inode[int(inode)])])
        elif word == 'mkdir':
            made = Folder()
            self.now[made] = {}
            self.rename(f'{word} {rest}', [(self.place(rest), made)])
        elif word in ('unlink', 'rmdir'):
            self.rename(f'{word} {rest}', [(self.place(rest), None)])
        elif word in ('link', 'rename'):
            old, new = rest.split('\t')
            pairs = [(self.place(new), self.at(old))]
            if word == 'rename':
                pairs.insert(0, (self.place(old), None))
            self.rename(f'{word} {new}', pairs)

    def sync(self, rest):
        inode, path = rest.split(' ', 1)
        what = self.by_inode.get(int(inode)) or self.at(path) or \
            (self.root if os.path.normpath(path) == self.work else None)
        for change in self.changes:
            if change.safe_at is not None:
                continue
            if change.target is what and change.target is not None:
                change.safe_at = len(self.changes)
            elif change.names and change.names[-1][0] is what:
                change.safe_at = len(self.changes)

    def tree(self, changes):
        """{path: bytes} of the files, had only these changes reached the disk."""
        names = {}

        def gather(folder):
            names[folder] = dict(folder.names)
            for what in folder.names.values():
                if isinstance(what, Folder):
                    gather(what)
        gather(self.root)
        bytes_of = {}
        for change in changes:
            if change.kind == 'name':
                for folder, name, what in change.names:
                    if what is None:
                        names.setdefault(folder, {}).pop(name, None)
                    else:
                        names.setdefault(folder, {})[name] = what
                continue
            data = bytes_of.setdefault(change.target, bytearray(change.target.data))
            if change.kind == 'size':
                data[change.offset:] = b''
                data.extend(bytes(change.offset - len(data)))
            else:
                data.extend(bytes(max(0, change.offset - len(data))))
                data[change.offset:change.offset + len(change.data)] = change.data
        found = {}

        def walk(folder, path):
            for name, what in names.get(folder, {}).items():
                at = os.path.join(path, name)
                if isinstance(what, Folder):
                    found[at + os.sep] = None
                    walk(what, at)
                else:
                    found[at] = bytes_of.get(what, what.data)
        walk(self.root, '')
        return found


# ---- the states ----

def torn(change, at):
    cut = len(change.data) // 2 // SECTOR * SECTOR or len(change.data) // 2
    return Change('bytes', change.target, change.offset, change.data[:cut], text=f'torn {change.text} at {at}')


def garbage(change):
    start = len(change.data) // 2 // SECTOR * SECTOR
    data = bytearray(change.data)
    piece = data[start:start + SECTOR]
    data[start:start + SECTOR] = GARBAGE[:len(piece)]
    return Change('bytes', change.target, change.offset, bytes(data), text='garbage in ' + change.text)


def states(record):
    """(class, text, changes on the disk, all was done)"""
    total = len(record.changes)
    for k in range(total + 1):
        done = record.changes[:k]
        unsafe = [c for c in done if c.safe_at is None or c.safe_at > k]
        text, end = f'at change {k} of {total}', k == total
        yield 'power: prefix', text, done, end
        yield 'power: nothing unsynced', text, [c for c in done if c not in unsafe], end
        for target in {id(c.target): c.target for c in unsafe if c.target is not None}.values():
            yield ('power: one file unsynced', f'{text} without what {unsafe[0].text} and others are of',
                   [c for c in done if c not in unsafe or c.target is not target], end)
        for gone in unsafe:
            word = 'power: a lost name' if gone.kind == 'name' else 'power: a lost write'
            yield word, f'{text} without {gone.text}', [c for c in done if c is not gone], end
        if done and done[-1].kind == 'bytes' and done[-1] in unsafe and len(done[-1].data) > 1:
            yield 'power: torn write', text, done[:-1] + [torn(done[-1], k)], False
            yield 'power: garbage sector', text, done[:-1] + [garbage(done[-1])], False


def record_run(place, scenario, template):
    """Runs the command with the record on; the log."""
    place.fill(template)
    before = Record(place.work, b'')
    path = os.path.join(place.root, 'record')
    if os.path.exists(path):
        os.unlink(path)
    code, _, stderr, _ = place.run(scenario.argv, 'record=1', scenario.stdin, record=path)
    if code != scenario.code:
        raise RuntimeError(f'{scenario.name} with its record on: {word_of(code)}: {stderr}')
    return before, store.read(path)


def of(place, scenario, template, without_sync=0):
    before, log = record_run(place, scenario, template)
    before.parse(log, without_sync)
    return before


# ---- one state ----

def materialize(place, tree, inputs):
    """The inputs are not looked at."""
    shutil.rmtree(place.work, ignore_errors=True)
    os.mkdir(place.work)
    for path in sorted(tree):
        if path in inputs:
            continue
        at = os.path.join(place.work, path)
        if tree[path] is None:
            os.makedirs(at, exist_ok=True)
            continue
        with open(at, 'wb') as file:
            file.write(tree[path])


def try_state(looker, reference, tree, end, sweep):
    """('' or what is wrong, lost bytes)"""
    place = looker.place
    materialize(place, tree, reference.inputs)
    place.template = None
    folder = os.path.join(place.work, '.tamis')
    if not os.path.exists(os.path.join(folder, 'catalog.db')):
        return ('the store is gone' if any(k[0] != 'file' for k in reference.before) or end else ''), 0
    wrong = looker.store_is_whole(True)
    if wrong:
        return wrong, lost_by(folder)
    lost = store.lost_bytes(folder)
    if lost:
        return f'{lost} bytes lost', lost
    found = store.facts_of(place.work, reference.inputs)
    kept = {key: value for key, value in found.items() if key[0] != 'file' or key in reference.after}
    complaint = looker.facts_fit(reference, kept, end)
    if complaint or not sweep or not store.orphans(folder):
        return complaint, 0
    code, _, stderr, _ = place.run(['tamis-features', 'gc', '-q'])
    if code != 0:
        return f'gc: {word_of(code)}: {stderr.strip()[:200]}', 0
    return ('orphans stay' if store.orphans(folder) else ''), 0


def lost_by(folder):
    try:
        return store.lost_bytes(folder)
    except Exception:
        return sum(os.path.getsize(path) for path in store.files_under(os.path.join(folder, 'chunks')))


def tree_digest(tree):
    return store.digest(repr(sorted((path, None if data is None else store.digest(bytes(data)))
                                    for path, data in tree.items())).encode())


# ---- the harness proves itself ----

def syncs_to_forget(record):
    """One sync of each kind that counts: (number, what it is of)."""
    kinds = {}
    for n, path in enumerate(record.sync_texts, 1):
        name = path.rsplit('/', 1)[-1]
        kind = ('a chunk file' if '/tmp/' in path else
                'a folder of chunks' if os.path.dirname(path).endswith('/chunks') else
                'the catalog' if name == 'catalog.db' else
                'the journal' if name == 'catalog.db-journal' else
                'an output file' if '.part' in name else 'other')
        kinds.setdefault(kind, []).append(n)
    # The first sync of a journal is for a disk that orders writes otherwise than its checksums can tell.
    return {kind: found[1 if kind == 'the journal' else 0] for kind, found in kinds.items() if kind != 'other'}

"""Running our programs under a plan of faults, and counting what came of it."""
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

import store
from server import Server


def share(source, target):
    """Files that are never changed in place are one file with the template's."""
    if '/.tamis/' in source and not source.endswith('.arrow') or source.endswith('/events.jsonl'):
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def listing(folder):
    """{path: (kind, size, time of the last write)}"""
    found = {}

    def look(path, inside):
        for entry in os.scandir(path):
            status = entry.stat(follow_symlinks=False)
            at = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                found[at] = (stat.S_IFDIR, 0, 0)
                look(entry.path, at + '/')
            else:
                found[at] = (stat.S_IFMT(status.st_mode), status.st_size, status.st_mtime_ns)
    look(folder, '')
    return found


class Place:
    """Where one worker works: a folder with the inputs and the store, made anew for each point."""

    def __init__(self, build, root):
        self.root = tempfile.mkdtemp(prefix='w', dir=root)
        os.chmod(self.root, 0o755)
        self.work = os.path.join(self.root, 'work')
        self.spool = os.path.join(self.root, 'spool')
        os.mkdir(self.spool)
        self.shim = os.path.join(build, 'tests', 'faults', 'libfaults.so')
        self.hooked = os.path.join(build, 'tests', 'faults')
        self.build = build
        self.template = None
        self.servers = {}
        self.listings = {}

    def fill(self, template):
        if os.path.lexists(self.work):
            shutil.rmtree(self.work)
        shutil.copytree(template, self.work, symlinks=True, copy_function=share)
        self.clear_spool()

    def changes(self, template):
        """{path: what is there instead of what the template has, None = nothing}"""
        if template not in self.listings:
            self.listings[template] = listing(template)
        before, now = self.listings[template], listing(self.work)
        return {path: now.get(path) for path in before.keys() | now.keys() if before.get(path) != now.get(path)}

    def restore(self, template):
        """As fill() does, touching only what is not as in the template."""
        if self.template != template:
            self.fill(template)
            self.template = template
            self.filled = self.looks()
        elif self.looks() != self.filled:
            self.undo(template, self.changes(template))
            if self.looks() != self.filled: # rights, or a folder instead of a file
                self.fill(template)
        self.clear_spool()

    def undo(self, template, changes):
        for path in sorted(changes, reverse=True):
            at = os.path.join(self.work, path)
            if changes[path] is not None:
                os.rmdir(at) if changes[path][0] == stat.S_IFDIR else os.unlink(at)
        for path in sorted(changes):
            what = self.listings[template].get(path)
            if what is None:
                continue
            if what[0] == stat.S_IFDIR:
                os.mkdir(os.path.join(self.work, path))
            else:
                share(os.path.join(template, path), os.path.join(self.work, path))

    def state(self, template):
        """A name for what is in the folder now."""
        return store.digest(repr(sorted(
            (path, what and (what[0], store.digest(store.read(os.path.join(self.work, path)))
                             if what[0] == stat.S_IFREG else ''))
            for path, what in self.changes(template).items())).encode() + template.encode())

    def clear_spool(self):
        if not os.path.isdir(self.spool) or os.listdir(self.spool) or not os.access(self.spool, os.W_OK):
            shutil.rmtree(self.spool)
            os.mkdir(self.spool)
        os.chmod(self.spool, 0o777)

    def looks(self):
        return self.server('tamis-features', False).request('looks', self.work, '', '', '', '', [])[1]

    def is_untouched(self):
        return self.looked == self.filled

    def environment(self, faults=None):
        environment = {
            'PATH': ':'.join([os.path.join(self.build, room) for room in ('ingest', 'clean', 'features')]
                             + ['/usr/bin', '/bin']),
            'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'HOME': self.root, 'TMPDIR': self.spool,
        }
        # A sanitizer's library has to come first, and its allocator stays its own.
        if faults is not None:
            environment.update({
                'LD_PRELOAD': self.shim, 'TAMIS_FAULTS': faults, 'TAMIS_FAULTS_ROOT': self.root,
                'TAMIS_FAULTS_REPORT': os.path.join(self.root, 'report')})
        return environment

    def program(self, name, hooked=False):
        return os.path.join(self.hooked, name) if hooked else os.path.join(self.build, name.removeprefix('tamis-'), name)

    def server(self, name, hooked):
        if (name, hooked) not in self.servers:
            self.servers[name, hooked] = Server(self.program(name, hooked), self.environment(''), self.root)
        return self.servers[name, hooked]

    def run(self, argv, faults=None, stdin=None, record='', hooked=False):
        """(exit code, stdout, stderr, report); a negative code is a signal, None is a hang. With a plan by the
        process that forks, else as anybody starts the program."""
        paths = [os.path.join(self.root, name) for name in ('report', 'stdout', 'stderr')]
        source = os.path.join(self.work, stdin) if stdin else os.devnull
        if os.path.exists(paths[0]):
            os.unlink(paths[0])
        if faults is None:
            code = self.run_plainly(argv, source, *paths[1:])
        else:
            code, self.looked = self.server(argv[0], hooked).request(faults, self.work, source, *paths[1:], record, argv)
        told, stdout, stderr = [store.read(path) if os.path.exists(path) else b'' for path in paths]
        return code, stdout, stderr.decode(errors='replace'), told.decode(errors='replace')

    def run_plainly(self, argv, source, out, error):
        with open(source, 'rb') as stdin, open(out, 'wb') as stdout, open(error, 'wb') as stderr:
            try:
                return subprocess.run([self.program(argv[0])] + argv[1:], cwd=self.work, env=self.environment(),
                                      stdin=stdin, stdout=stdout, stderr=stderr, timeout=60).returncode
            except subprocess.TimeoutExpired:
                return None


def root_folder():
    """In memory where there is room: what is tested are orders of calls, not a disk."""
    for base in ('/dev/shm', os.environ.get('TMPDIR', '/tmp')):
        if os.path.isdir(base) and os.access(base, os.W_OK) and shutil.disk_usage(base).free > (1 << 30):
            return tempfile.mkdtemp(prefix='tamis-faults-', dir=base)
    return tempfile.mkdtemp(prefix='tamis-faults-')


def word_of(code):
    if code is None:
        return 'a hang'
    return signal.Signals(-code).name if code < 0 else f'exit {code}'


def die(text):
    print(f'faults: {text}', file=sys.stderr)
    sys.exit(1)

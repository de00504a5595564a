"""Running our programs under a plan of faults, and counting what came of it."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import store


def share(source, target):
    """Files that are never changed in place are one file with the template's."""
    if '/.tamis/' in source and not source.endswith('.arrow'):
        shutil.copy(source, target)
    else:
        os.link(source, target)


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

    def fill(self, template):
        if os.path.lexists(self.work):
            shutil.rmtree(self.work)
        shutil.copytree(template, self.work, symlinks=True, copy_function=share)
        self.filled = store.looks(self.work)
        self.clear_spool()

    def clear_spool(self):
        shutil.rmtree(self.spool)
        os.mkdir(self.spool)
        os.chmod(self.spool, 0o777)

    def is_untouched(self):
        return store.looks(self.work) == self.filled

    def environment(self, faults=None, record=None):
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
        if record is not None:
            environment['TAMIS_FAULTS_RECORD'] = record
        return environment

    def run(self, argv, faults=None, stdin=None, record=None, hooked=False, timeout=60):
        """(exit code, stdout, stderr, report); a negative code is a signal, None is a hang."""
        report = os.path.join(self.root, 'report')
        if os.path.exists(report):
            os.unlink(report)
        program = argv[0]
        if hooked:
            program = os.path.join(self.hooked, program)
        out = os.path.join(self.root, 'stdout')
        with open(out, 'wb') as stdout, \
                open(os.path.join(self.work, stdin) if stdin else os.devnull, 'rb') as source:
            environment = self.environment(faults, record)
            if hooked:
                environment.pop('LD_PRELOAD', None)
            try:
                done = subprocess.run([shutil.which(program, path=environment['PATH']) or program] + argv[1:],
                                      cwd=self.work, env=environment, stdin=source, stdout=stdout,
                                      stderr=subprocess.PIPE, timeout=timeout)
                code, stderr = done.returncode, done.stderr
            except subprocess.TimeoutExpired as late:
                code, stderr = None, late.stderr or b''
        told = store.read(report).decode(errors='replace') if os.path.exists(report) else ''
        return code, store.read(out), stderr.decode(errors='replace'), told


def root_folder():
    """In memory where there is room: what is tested are orders of calls, not a disk."""
    for base in ('/dev/shm', os.environ.get('TMPDIR', '/tmp')):
        if os.path.isdir(base) and os.access(base, os.W_OK) and shutil.disk_usage(base).free > (1 << 30):
            return tempfile.mkdtemp(prefix='tamis-faults-', dir=base)
    return tempfile.mkdtemp(prefix='tamis-faults-')


class Tally:
    """The table: fault class x points tried x survived x lost bytes."""

    def __init__(self):
        self.rows = {}
        self.complaints = []
        self.notes = []

    def add(self, word, survived, lost=0, complaint=''):
        row = self.rows.setdefault(word, [0, 0, 0])
        row[0] += 1
        row[1] += bool(survived)
        row[2] += lost
        if not survived:
            self.complaints.append(f'{word}: {complaint}')

    def show(self, log=None):
        width = max([len(word) for word in self.rows] + [len('fault class')])
        print(f'{"fault class":{width}}  {"points":>8}  {"survived":>8}  {"lost bytes":>10}')
        for word, (tried, survived, lost) in self.rows.items():
            print(f'{word:{width}}  {tried:8}  {survived:8}  {lost:10}')
        for note in self.notes:
            print(note)
        for complaint in self.complaints[:40]:
            print('NOT SURVIVED', complaint)
        if len(self.complaints) > 40:
            print(f'... and {len(self.complaints) - 40} more')
        if log and self.complaints:
            with open(log, 'w') as file:
                file.write('\n'.join(self.complaints) + '\n')
        passed = sum(row[1] for row in self.rows.values())
        failed = sum(row[0] for row in self.rows.values()) - passed
        print(f'{passed} passed, {failed} failed')
        return failed == 0 and passed > 0


def word_of(code):
    if code is None:
        return 'a hang'
    return signal.Signals(-code).name if code < 0 else f'exit {code}'


def die(text):
    print(f'faults: {text}', file=sys.stderr)
    sys.exit(1)

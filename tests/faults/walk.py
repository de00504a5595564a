"""Walks: one fault at one point of one command, for every point; then what is left is looked at.

After a fault the exit code must be a documented one (0 only if all is whole, never a signal but the kill we
sent), everything in the store is as before or as after the command, nothing half visible; the store
verifies, and the same command again does the whole work with the same digests."""
import errno
import os

import store
from programs import word_of

# What each call may meet: the word, the plan for the shim.
ERRORS = {
    'write': [('ENOSPC', errno.ENOSPC, 0), ('EIO', errno.EIO, 0), ('EINTR', errno.EINTR, 0), ('full', errno.ENOSPC, 1)],
    'pwrite': [('ENOSPC', errno.ENOSPC, 0), ('EIO', errno.EIO, 0), ('EINTR', errno.EINTR, 0), ('full', errno.ENOSPC, 1)],
    'read': [('EIO', errno.EIO, 0), ('EINTR', errno.EINTR, 0)],
    'pread': [('EIO', errno.EIO, 0), ('EINTR', errno.EINTR, 0)],
    'fsync': [('EIO', errno.EIO, 0), ('EIO for good', errno.EIO, 1)],
    'fdatasync': [('EIO', errno.EIO, 0), ('EIO for good', errno.EIO, 1)],
    'ftruncate': [('EIO', errno.EIO, 0), ('ENOSPC', errno.ENOSPC, 0)],
    'posix_fallocate': [('ENOSPC', errno.ENOSPC, 0)],
    'open': [('EIO', errno.EIO, 0), ('EMFILE', errno.EMFILE, 0), ('EACCES', errno.EACCES, 0)],
    'rename': [('EIO', errno.EIO, 0), ('ENOSPC', errno.ENOSPC, 0)],
    'link': [('EIO', errno.EIO, 0), ('EMLINK', errno.EMLINK, 0)],
    'unlink': [('EIO', errno.EIO, 0), ('EACCES for good', errno.EACCES, 1)],
    'mkdir': [('ENOSPC', errno.ENOSPC, 0)],
    'rmdir': [('EIO', errno.EIO, 0)],
    'close': [('EIO', errno.EIO, 0)],
    'mmap': [('ENOMEM', errno.ENOMEM, 0)],
    'flock': [('ENOLCK', errno.ENOLCK, 0), ('EINTR', errno.EINTR, 0)],
}
HALVED = ('read', 'pread', 'write', 'pwrite')


class Point:
    def __init__(self, scenario, word, plan, kill=False, hooked=False, always=False):
        self.scenario, self.word, self.plan, self.kill, self.hooked = scenario, word, plan, kill, hooked
        self.always = always  # tried in each run: these were not survived once


class Reference:
    """What the command does when nothing fails."""

    def __init__(self, place, scenario, template):
        self.template = template
        place.restore(template)
        self.inputs = {os.path.relpath(path, template) for path in store.files_under(template)
                       if not os.path.relpath(path, template).startswith('.tamis' + os.sep)}
        self.before = store.facts_of(place.work, self.inputs)
        place.restore(template)
        self.code, stdout, stderr, told = place.run(scenario.argv, 'still=1,trace=1,paths=1', scenario.stdin)
        if scenario.code is not None and self.code != scenario.code:
            raise RuntimeError(f'{scenario.name}: exit {self.code}, expected {scenario.code}: {stderr}')
        self.stdout = store.plain(stdout)
        self.after = store.facts_of(place.work, self.inputs)
        self.calls = [line.split(' ', 2) for line in told.splitlines() if line.startswith(('call ', 'change '))]
        self.allocations = int(told.rsplit('allocations ', 1)[1])
        # Callers have the same addresses in each run of one process that forks.
        self.paths = {callers: (int(first), int(last)) for _, callers, first, last in
                      (line.split() for line in told.splitlines() if line.startswith('path '))}
        place.restore(template)
        _, _, _, told = place.run(scenario.argv, 'still=1', scenario.stdin, hooked=True)
        self.requests = int(told.rsplit('requests ', 1)[1]) if 'requests ' in told else 0


# ---- the points of a scenario ----

def path_points(scenario, reference):
    """A chain of callers that allocates fails the first and the last time it does."""
    if scenario.needs == 'postgresql':  # libpq and what it loads do not survive a refusal of their own
        return
    for n in sorted({number for both in reference.paths.values() for number in both}):
        yield Point(scenario, 'allocation, each call path', f'alloc={n}',
                    always=scenario.name == 'features define' and n < 12) # who the user is
    for first, _ in sorted(reference.paths.values()):
        yield Point(scenario, 'allocation, each call path, for good', f'alloc={first},lasting=1')


def only_new_paths(references):
    """The same chain of callers in several commands of one program is tried in the first of them."""
    seen = set()
    for program, reference in references:
        reference.paths = {callers: both for callers, both in reference.paths.items() if (program, callers) not in seen}
        seen |= {(program, callers) for callers in reference.paths}


def allocation_points(scenario, reference):
    if scenario.needs == 'postgresql':
        return
    for n in range(1, reference.allocations + 1):
        yield Point(scenario, 'allocation, each one', f'alloc={n}')


def own_points(scenario, reference):
    for n in range(1, reference.requests + 1):
        yield Point(scenario, 'allocation, each of ours', f'request={n}', hooked=True)


def faults_of(call):
    """(word, plan) of what a call may meet."""
    for word, number, lasting in ERRORS.get(call, []):
        yield f'{call} {word}', f'do=error,errno={number},lasting={lasting}'
    if call in HALVED:
        yield f'{call}, half of it', 'do=short'


def call_points(scenario, reference):
    """Each call fails once."""
    for n, (_, call, path) in enumerate(reference.calls, 1):
        for word, plan in list(faults_of(call))[:1]:
            yield Point(scenario, word, f'call={n},{plan}', always='/pictures/' in path and call in ('open', 'pread'))


def error_points(scenario, reference):
    """Each call fails in each other way."""
    for n, (_, call, _) in enumerate(reference.calls, 1):
        for word, plan in list(faults_of(call))[1:]:
            if scenario.rejects_files and word == 'open EACCES':
                continue
            yield Point(scenario, word, f'call={n},{plan}')


def kill_points(scenario, reference):
    changes = [call for kind, call, _ in reference.calls if kind == 'change']
    for n in range(1, len(changes) + 1):
        for when in ('before', 'after'):
            yield Point(scenario, f'kill -9 {when} a change', f'change={n},do=kill_{when}', kill=True)


# ---- one point ----

class Looker:
    """Looks at what a fault left. Remembers what it saw of the same bytes."""

    def __init__(self, place, inputs=()):
        self.place = place
        self.inputs = inputs  # of the task at hand: files that are no output
        self.verified = {}
        self.seen = {}   # {state: (what is wrong, facts, lost bytes)}
        self.redone = {} # {(scenario, state): what is wrong after the command again}

    def look(self, killed, inputs):
        wrong = self.store_is_whole(killed)
        folder = os.path.join(self.place.work, '.tamis')
        lost = store.lost_bytes(folder) if os.path.exists(os.path.join(folder, 'catalog.db')) else 0
        return wrong, store.facts_of(self.place.work, inputs), lost

    def store_is_whole(self, killed):
        folder = os.path.join(self.place.work, '.tamis')
        if not os.path.exists(os.path.join(folder, 'catalog.db')):
            return ''
        key = None
        if not killed: # what a kill leaves is opened by our own program first
            wrong = store.integrity(folder)
            if wrong:
                return 'catalog: ' + wrong
            key = repr((sorted(store.snapshot(os.path.join(folder, 'chunks')).items()), sorted(
                (k, v) for k, v in store.catalog_facts(folder).items() if k[0] == 'version')))
        if key is None or key not in self.verified:
            complaint = self.verify()
            if key is not None:
                self.verified[key] = complaint
        else:
            complaint = self.verified[key]
        return complaint or ('catalog: ' + store.integrity(folder) if killed and store.integrity(folder) else '')

    def verify(self):
        code, _, stderr, _ = self.place.run(['tamis-features', 'verify', '-q'], 'still=3')
        if code == 1 and 'any writing command brings it up to date' in stderr: # a migration did not end
            self.place.run(['tamis-features', 'gc', '-q'], 'still=4')
            code, _, stderr, _ = self.place.run(['tamis-features', 'verify', '-q'], 'still=5')
        return '' if code == 0 else f'verify: {word_of(code)}: {stderr.strip()[:200]}'

    def facts_fit(self, reference, found, whole):
        for key in set(reference.before) | set(reference.after) | set(found):
            allowed = [reference.after.get(key)] if whole else [reference.before.get(key), reference.after.get(key)]
            if found.get(key) not in allowed:
                return f'{key} is {found.get(key)}, expected {" or ".join(map(str, allowed))}'
        return ''


def strays(found, killed):
    """Files that have no business there: after a kill only a hidden or .part one may be."""
    return [key for key in found if key[0] == 'file' and
            (not killed or not ('.part' in key[1] or '.new-' in key[1] or key[1].startswith('.')))]


def exit_fits(point, reference, code, stderr):
    if point.kill:
        return code == -9 or 'ended with 137' in stderr # the kill may hit a program that it started
    return code in (reference.code, 1)


def after_fault(looker, point, reference, code, stdout, stderr, found):
    """'' or what is wrong"""
    place, scenario = looker.place, point.scenario
    if not exit_fits(point, reference, code, stderr):
        return f'{word_of(code)}: {stderr.strip()[:300]}'
    whole = code == reference.code and not point.kill
    if whole and store.plain(stdout) != reference.stdout:
        return f'exit {code} with another stdout'
    if code == 1 and reference.code != 1 and 'tamis-' not in stderr:
        return f'exit 1 without a word: {stderr[:200]}'
    left = {key: found[key] for key in strays(found, point.kill) if key not in reference.after}
    kept = {key: value for key, value in found.items() if key[0] != 'file' or key in reference.after}
    spooled = os.listdir(place.spool)
    if spooled and not point.kill and not ('unlink' in point.word or 'rmdir' in point.word or 'for good' in point.word):
        return f'left behind in TMPDIR: {spooled[:3]}'
    if left and not ('unlink' in point.word or 'rmdir' in point.word):
        return f'left behind: {[key[1] for key in left]}'
    return looker.facts_fit(reference, kept, whole)


def again(looker, point, reference, found):
    """The same command with nothing failing does the whole work."""
    place, scenario = looker.place, point.scenario
    code, _, stderr, _ = place.run(scenario.argv, 'still=2', scenario.stdin)
    untouched = all(found.get(key) == value for key, value in reference.before.items()) and \
        all(key in reference.before or key[0] == 'file' and key not in reference.after for key in found)
    if code != reference.code and (untouched or scenario.repeatable):
        return f'again: {word_of(code)}: {stderr.strip()[:300]}'
    if code is None or code < 0:
        return f'again: {word_of(code)}'
    now = store.facts_of(place.work, reference.inputs)
    for key, value in reference.after.items():
        if now.get(key) != value and (untouched or scenario.repeatable):
            return f'again: {key} is {now.get(key)}, expected {value}'
    newest = {key[:2]: value[:2] for key, value in sorted(reference.after.items()) if key[0] == 'version'}
    more = [key for key in now if scenario.exact and key not in reference.after
            and (key[0] != 'version' or now[key][:2] != newest.get(key[:2]))]
    if more:
        return f'again: {more} came besides'
    return looker.store_is_whole(False) or swept(looker)


def swept(looker):
    """What was left in the store is found and taken away."""
    folder = os.path.join(looker.place.work, '.tamis')
    if not os.path.exists(folder) or not store.orphans(folder):
        return ''
    code, _, stderr, _ = looker.place.run(['tamis-features', 'gc', '-q'], 'still=6')
    if code != 0:
        return f'gc: {word_of(code)}: {stderr.strip()[:200]}'
    left = store.orphans(folder)
    return f'orphans stay: {left[:3]}' if left else ''


def try_point(looker, point, reference):
    """(survived, lost bytes, complaint) or None where the point was not reached."""
    place, scenario = looker.place, point.scenario
    place.restore(reference.template)
    code, stdout, stderr, told = place.run(scenario.argv, 'still=1,' + point.plan, scenario.stdin, hooked=point.hooked)
    hit = [line[4:] for line in told.splitlines() if line.startswith('hit ')]
    if not hit and not point.hooked:
        return None
    if point.plan.startswith('call='):
        # Calls may come in another order than they did: the fault is named by the one that met it, and
        # counts where that one is to be tried with it.
        call, plan = hit[0].split()[0], point.plan.split(',', 1)[1]
        words = [word for word, other in faults_of(call) if other == plan]
        if not words:
            return None
        point.word = words[0]
    wrong, found, lost = '', reference.before, 0
    touched = not place.is_untouched()
    if touched:
        state = place.state(reference.template), point.kill
        if state not in looker.seen:
            looker.seen[state] = looker.look(point.kill, reference.inputs)
        wrong, found, lost = looker.seen[state]
    wrong = wrong or after_fault(looker, point, reference, code, stdout, stderr, found)
    if not wrong and lost:
        wrong = f'{lost} bytes lost'
    if not wrong and touched and scenario.writes:
        key = scenario.name, *state
        if key not in looker.redone:
            looker.redone[key] = again(looker, point, reference, found)
        wrong = looker.redone[key]
    if not wrong:
        return True, lost, ''
    return False, lost, f'{scenario.name}: {point.plan} ({" ".join(hit)}): {wrong}'

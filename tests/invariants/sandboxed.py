#!/usr/bin/env python3
"""Pictures are decoded where they can do no harm, and keys are in no core.

    tests/invariants/sandboxed.py BUILD

A library preloaded in front of libpng and libjpeg stands for a decoder that a picture took over: at
a picture 8 pixels wide it writes a file, at one 128 wide it crashes.
The file must never be there and every other picture must come out as without any sandbox. A program
that takes the seccomp filters of the kernel away shows what auto and require do then. Last, a run
with a key is looked at as a core would show it: all its memory that is not left out of dumps.
"""
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

build = os.path.abspath(sys.argv[1])
source = os.path.abspath(os.path.join(os.path.dirname(sys.argv[0]), '..', '..'))
pictures = os.path.join(source, 'tests/data/ingest/pictures')
broken = 0


def check(text, holds, more=''):
    global broken
    print(('ok      ' if holds else 'BROKEN  ') + text + ('' if holds else f': {more}'))
    broken += not holds


def tool(name):
    return os.path.join(build, name.split('-')[1], name)


def run(*command, before=(), preload=None, **more):
    environment = dict(os.environ)
    if preload:
        environment['LD_PRELOAD'] = os.path.join(build, 'tests/invariants/libtaken_over.so')
        environment['TAKEN_OVER_FILE'] = owned
    return subprocess.run([*before, tool(command[0]), *command[1:]], capture_output=True, timeout=120,
                          env=environment, **more)


def rows(path):
    return run('tamis-features', 'cat', path, '--format', 'jsonl').stdout


def ingest(output, *options, **more):
    return run('tamis-ingest', '-q', '--no-store', pictures, '--source-name', 'p', '--rejects', output + '.rejects',
               '-o', output + '.arrow', *options, **more)


def clean(output, *options, **more):
    return run('tamis-clean', '-q', '--no-store', 'plain.arrow', '-m', 'images tensors=t size=8,8', '--rejects',
               output + '.rejects', '-o', output + '.arrow', *options, **more)


def taken_over():
    for name, command in (('ingest', ingest), ('clean', clean)):
        done = command(name + '-off', '--sandbox', 'off', preload=True)
        seen = os.path.exists(owned)
        check(f'{name}: without the sandbox the file is written', seen, done.stderr)
        if seen:
            os.remove(owned)
        for mode in ('auto', 'require'):
            done = command(name, '--sandbox', mode, preload=True)
            check(f'{name} --sandbox {mode}: the run goes on', done.returncode == 0, done)
            check(f'{name} --sandbox {mode}: nothing is written', not os.path.exists(owned))
            rejects = rows(name + '.rejects')
            check(f'{name} --sandbox {mode}: a reject says why', b'a call that decoders never make' in rejects, rejects)
            check(f'{name} --sandbox {mode}: one tells of a crash', b'its decoder crashed (SIGSEGV)' in rejects, rejects)
            lost = rows('plain.arrow' if name == 'ingest' else 'clean-plain.arrow').count(b'\n') - \
                rows(name + '.arrow').count(b'\n')
            check(f'{name} --sandbox {mode}: only those two are missing', lost == 2, lost)


def same_rows():
    for name, command in (('ingest', ingest), ('clean', clean)):
        seen = set()
        for mode in ('auto', 'require', 'off'):
            for threads in ('1', '2'):
                command('same', '--sandbox', mode, '--threads', threads)
                seen.add(rows('same.arrow') + rows('same.rejects'))
        check(f'{name}: the same rows with every --sandbox and 1 or 2 threads', len(seen) == 1)


def without_filters(name, *how):
    before = [os.path.join(build, 'tests/invariants/without_filters'), *how]
    done = clean('bare', '--sandbox', 'auto', before=before)
    check(f'{name}, auto: it runs', done.returncode == 0, done)
    check(f'{name}, auto: one warning', done.stderr.count(b'decoded without a sandbox') == 1, done.stderr)
    check(f'{name}, auto: the same rows', rows('bare.arrow') == rows('clean-plain.arrow'))
    done = clean('none', '--sandbox', 'require', before=before)
    check(f'{name}, require: exit 1 with a hint', done.returncode == 1 and b'hint: ' in done.stderr, done)
    check(f'{name}, require: nothing is written', not os.path.exists('none.arrow'))


def dumped(process, needle):
    """(in what a core has, in what it leaves out): how often the needle is there."""
    counts, where = [0, 0], None
    with open(f'/proc/{process}/smaps') as maps, open(f'/proc/{process}/mem', 'rb', 0) as memory:
        for line in maps:
            region = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S+)', line)
            if region:
                where = int(region[1], 16), int(region[2], 16), region[3]
            elif line.startswith('VmFlags:') and where[2].startswith('r'):
                try:
                    memory.seek(where[0])
                    counts['dd' in line.split()] += memory.read(where[1] - where[0]).count(needle)
                except (OSError, ValueError, OverflowError):
                    pass  # [vvar], [vsyscall]
    return counts


def key_in_no_core():
    key = random.Random(9).randbytes(48)
    with open('key', 'wb', opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(key)
    with open('people.csv', 'w') as out:
        out.write('id,mail\n' + ''.join(f'{i},person{i}@example.org\n' for i in range(1000)))
    stream = run('tamis-ingest', '-q', '--no-store', 'people.csv').stdout
    os.mkdir('cores')
    aborted = subprocess.Popen([tool('tamis-clean'), '--no-store', '-m', 'mask action=pseudonym key_file=../key', '-o',
                                'out.arrow'], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd='cores',
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE,
                                                                     (resource.RLIM_INFINITY,) * 2))
    aborted.stdin.write(stream[:-8])
    aborted.stdin.flush()
    for _ in range(100):
        time.sleep(0.1)
        in_core, left_out = dumped(aborted.pid, key)
        if left_out:
            break
    check('the key is where it should be', left_out == 1, left_out)
    check('the key is nowhere in what a core has', in_core == 0, in_core)
    with open(f'/proc/{aborted.pid}/limits') as limits:
        check('no core is written', re.search(r'Max core file size +0 ', limits.read()) is not None)
    with open(f'/proc/{aborted.pid}/cmdline', 'rb') as line, open(f'/proc/{aborted.pid}/environ', 'rb') as names:
        check('the key is in no argument and no environment', key not in line.read() + names.read())
    aborted.send_signal(signal.SIGABRT)
    aborted.communicate()
    check('aborted, it leaves no core', not [name for name in os.listdir('cores') if 'core' in name])


with tempfile.TemporaryDirectory(prefix='tamis-invariant-') as work:
    os.chdir(work)
    owned = os.path.join(work, 'owned')
    ingest('plain', '--sandbox', 'off')
    clean('clean-plain', '--sandbox', 'off')
    same_rows()
    taken_over()
    without_filters('no filters')
    without_filters('no confining', '--late')
    key_in_no_core()
    os.chdir('/')
sys.exit(1 if broken else 0)

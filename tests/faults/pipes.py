"""Pipes: who writes dies, who reads leaves or is slow, the stream ends anywhere. Never a version of a part."""
import fcntl
import os
import subprocess
import time

import store
from programs import word_of

CONSUMERS = {
    'clean': 'tamis-clean -q -m text --into clean/new -o -',
    'put': 'tamis-features put -q activity',
    'ingest': 'tamis-ingest -q - --into raw/new',
    'cat': 'tamis-features cat - --format csv -o new.csv',
    'export': 'tamis-features export -q - -o new.parquet',
}
PRODUCERS = {
    'ingest': 'tamis-ingest -q big.csv',
    'ingest --no-store': 'tamis-ingest -q --no-store big.csv',
    'clean': 'tamis-clean -q big.arrow -m text',
    'cat': 'tamis-features cat big.arrow --format csv',
    'get': 'tamis-features get -q activity --threads 1',
    'join': 'tamis-features join -q --spine spine.arrow --view activity@2 --event-time at',
}
PAGE = 4096


def fill(place, template):
    place.fill(template)
    place.template = None


def start(place, command, **more):
    words = command.split()
    environment = place.environment()
    for room in environment['PATH'].split(':'):
        if os.path.exists(os.path.join(room, words[0])):
            words[0] = os.path.join(room, words[0])
            break
    return subprocess.Popen(words, cwd=place.work, env=environment, **more)


def nothing_came(looker, before, wanted, process, stderr):
    code = process.returncode
    if code != wanted:
        return f'{word_of(code)}, expected exit {wanted}: {stderr[:200]}'
    found = store.facts_of(looker.place.work, looker.inputs)
    if found != before:
        return f'came: {[key for key in found if before.get(key) != found[key]][:3]}'
    return looker.store_is_whole(False)


def feed(looker, consumer, stream, size, killed, template):
    """The consumer gets `size` bytes; then the producer is killed, or the file is at its end."""
    place = looker.place
    fill(place, template)
    before = store.facts_of(place.work, looker.inputs)
    path = os.path.join(place.root, 'stream')
    with open(path, 'wb') as file:
        file.write(stream[:size])
    if killed:
        source = subprocess.Popen(['sh', '-c', 'cat stream; kill -9 $$'], cwd=place.root, stdout=subprocess.PIPE)
        process = start(place, CONSUMERS[consumer], stdin=source.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        source.stdout.close()
    else:
        source = None
        process = start(place, CONSUMERS[consumer], stdin=open(path, 'rb'), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, stderr = process.communicate(timeout=60)
    if source:
        source.wait()
    return nothing_came(looker, before, 1, process, stderr.decode())


def upstream_killed(looker, consumer, stream, size, template):
    wrong = feed(looker, consumer, stream, size, True, template)
    return 'upstream killed at each 4 KiB', not wrong, f'{consumer} after {size} bytes: {wrong}'


def truncated(looker, consumer, form, stream, size, template):
    wrong = feed(looker, consumer, stream, size, False, template)
    return f'{form} cut at each byte', not wrong, f'{consumer}, {size} of {len(stream)} bytes: {wrong}'


def start_into_narrow(place, command):
    """A pipe of one page: what is written is soon not taken."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, 1031, PAGE) # F_SETPIPE_SZ
    process = start(place, command, stdin=subprocess.DEVNULL, stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    process.stdout = os.fdopen(read_end, 'rb', buffering=0)
    return process


def downstream_closed(looker, producer, size, whole, template):
    """The reader leaves after `size` bytes: 141, without a word."""
    place = looker.place
    fill(place, template)
    before = store.facts_of(place.work, looker.inputs)
    process = start_into_narrow(place, PRODUCERS[producer])
    got = 0
    while got < size:
        piece = os.read(process.stdout.fileno(), min(PAGE, size - got))
        if not piece:
            break
        got += len(piece)
    process.stdout.close()
    stderr = process.stderr.read().decode()
    process.wait(timeout=60)
    # the last pages may lie in the pipe already
    wanted = 141 if size < whole - 2 * PAGE or process.returncode != 0 else 0
    wrong = nothing_came(looker, before, wanted, process, stderr)
    if not wrong and wanted == 141 and stderr:
        wrong = f'not quiet: {stderr[:200]}'
    return 'downstream closed at each 4 KiB', not wrong, f'{producer} after {size} bytes: {wrong}'


def commits_all_the_same(looker, size, template):
    """With --into a reader that leaves does not stop the commit."""
    place = looker.place
    fill(place, template)
    process = start_into_narrow(place, 'tamis-ingest -q big.csv --into raw/big -o -')
    os.read(process.stdout.fileno(), max(1, size))
    process.stdout.close()
    stderr = process.stderr.read().decode()
    process.wait(timeout=60)
    found = store.facts_of(place.work, looker.inputs)
    version = found.get(('version', 'raw/big', 1))
    wrong = looker.store_is_whole(False)
    if process.returncode != 0 or version is None:
        wrong = f'{word_of(process.returncode)}, {version}: {stderr[:200]}'
    return 'downstream closed under --into', not wrong, f'after {size} bytes: {wrong}'


def slow(looker, producer, delay, expected, template):
    """A reader that takes a little at a time gets the same bytes."""
    place = looker.place
    fill(place, template)
    process = start_into_narrow(place, PRODUCERS[producer])
    pieces = []
    while piece := os.read(process.stdout.fileno(), 1 + len(pieces) * 97 % PAGE):
        pieces.append(piece)
        time.sleep(delay)
    stderr = process.stderr.read().decode()
    code = process.wait(timeout=60)
    same = store.plain(b''.join(pieces)) == store.plain(expected)
    return 'slow reader', code == 0 and same, f'{producer}: {word_of(code)}, {"the same" if same else "other"} bytes: {stderr[:200]}'


def slow_writer(looker, consumer, stream, template):
    """A writer that gives a little at a time: the whole work is done."""
    place = looker.place
    fill(place, template)
    process = start(place, CONSUMERS[consumer], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    at = 0
    while at < len(stream):
        size = 1 + at * 31 % PAGE
        process.stdin.write(stream[at:at + size])
        process.stdin.flush()
        at += size
        time.sleep(0.001)
    process.stdin.close()
    stderr = process.stderr.read().decode()
    code = process.wait(timeout=60)
    wrong = looker.store_is_whole(False)
    return 'slow writer', code == 0 and not wrong, f'{consumer}: {word_of(code)}: {wrong}{stderr[:200]}'


def make_big(place, templates):
    """A table of about 200 KiB beside what is there; {name: bytes} of streams."""
    template = os.path.join(place.root, 'big')
    place.fill(templates['full'])
    place.template = None
    with open(os.path.join(place.work, 'big.csv'), 'w') as file:
        file.write('user_id,ts,clicks,city\n')
        for i in range(6000):
            file.write(f'u{i % 997},2026-01-{1 + i % 28:02}T00:00:00Z,{i * 7919 % 1000},city {i % 13}\n')
    streams = {}
    for command in ['tamis-ingest -q --no-store big.csv -o big.arrow --compression none',
                    'tamis-ingest -q --no-store big.csv -o big.arrows --compression none',
                    'tamis-ingest -q --no-store activity.csv -o small.arrows', 'tamis-ingest -q --no-store activity.csv -o small.arrow',
                    'tamis-features put -q activity big.arrow', 'tamis-ingest -q --no-store --no-provenance big.csv -o spine.arrow']:
        code, _, stderr, _ = place.run(command.split())
        if code != 0:
            raise RuntimeError(f'{command}: {stderr}')
    os.unlink(os.path.join(place.work, 'spine.csv')) # one file with the template's
    with open(os.path.join(place.work, 'spine.csv'), 'w') as file:
        file.write('user_id,at\n')
        for i in range(20000):
            file.write(f'u{i % 997},2026-01-{1 + i % 28:02}T00:00:00Z\n')
    place.run('tamis-ingest -q --no-store --no-provenance spine.csv -o spine.arrow'.split())
    for name in ('big.arrow', 'big.arrows', 'small.arrows', 'small.arrow'):
        streams[name] = store.read(os.path.join(place.work, name))
    os.rename(place.work, template)
    templates['big'] = template
    return streams


def outputs(place, templates):
    expected = {}
    for name, command in PRODUCERS.items():
        place.fill(templates['big'])
        place.template = None
        code, stdout, stderr, _ = place.run(command.split())
        if code != 0:
            raise RuntimeError(f'{command}: {stderr}')
        expected[name] = stdout
    return expected


def tasks(place, templates, every):
    streams = make_big(place, templates)
    expected = outputs(place, templates)
    full, big = templates['full'], templates['big']
    for consumer in CONSUMERS:
        for size in range(0, len(streams['big.arrows']), PAGE):
            yield upstream_killed, (consumer, streams['big.arrows'], size, full), max(1, every // 20)
    for form in ('stream', 'file'):
        stream = streams['small.arrows' if form == 'stream' else 'small.arrow']
        for consumer in CONSUMERS:
            for size in range(len(stream)):
                yield truncated, (consumer, form, stream, size, full), every
    for producer, out in expected.items():
        for size in range(0, len(out), PAGE):
            yield downstream_closed, (producer, size, len(out), big), max(1, every // 20)
        yield slow, (producer, 0.002, out, big), 1
    for size in range(0, 40 * PAGE, PAGE):
        yield commits_all_the_same, (size, big), max(1, every // 20)
    for consumer in CONSUMERS:
        yield slow_writer, (consumer, streams['big.arrows'], full), 1

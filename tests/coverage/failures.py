#!/usr/bin/env python3
"""No memory at each place of the programs: every command-line case again, with one request failing.

    failures.py BUILD [--every K] [FILTER...]

A case (tests/cli) runs once on programs that tell which requests for memory are made through a place of the
code that none before was (tests/faults/hook.c); then again for each of these requests, with that one
failing. A place that another case has met is not tried again. Every program must come to its own end
within its time: no signal, no hang; one that was refused memory says so. Prints places, runs and what went
wrong, and exits 1 for that. --every K takes each K-th request only."""
import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
SECONDS = 60
ENDS_OTHERWISE = re.compile(r'kill|timeout|ulimit|head -c|strace|gdb')  # a program is stopped on purpose


def run_case(build, case, plan):
    """(stderr and the report of the programs), or None for a hang."""
    work = tempfile.mkdtemp(prefix='tamis-memory-')
    inside, home = os.path.join(work, 'in'), os.path.join(work, 'home')
    os.mkdir(inside)
    os.mkdir(home)
    report = os.path.join(work, 'report')
    environment = {
        'PATH': os.path.join(build, 'tests/faults') + ':' + os.environ['PATH'], 'HOME': home, 'LC_ALL': 'C.UTF-8',
        'TZ': 'UTC', 'CASE': case, 'DATA': os.path.join(TOP, 'tests/data'), 'TAMIS_BUILD': build,
        'TAMIS_FAULTS': plan, 'TAMIS_FAULTS_REPORT': report}
    stdin = os.path.join(case, 'stdin')
    child = None
    try:
        with open(stdin if os.path.exists(stdin) else os.devnull, 'rb') as source, \
                open(os.path.join(work, 'stderr'), 'w+b') as stderr:
            child = subprocess.Popen(['sh', os.path.join(case, 'cmd')], cwd=inside, env=environment, stdin=source,
                                     stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
            child.wait(SECONDS)
            stderr.seek(0)
            said = stderr.read().decode(errors='replace')
        told = ''
        if os.path.exists(report):
            with open(report, errors='replace') as stream:
                told = stream.read()
        return said, told
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child is not None:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(work, ignore_errors=True)


def sites_of(told):
    """(request, places) of each line."""
    for line in told.splitlines():
        words = line.split()
        if words[:1] == ['site'] and len(words) > 3 and words[2].isdigit():
            yield int(words[2]), {f'{words[1]} {place}' for place in words[3:]}


def begun_and_ended(told):
    return (sum(line.startswith('begin') for line in told.splitlines()),
            sum(line.startswith('requests') for line in told.splitlines()))


def judge(case, n, found):
    """What is wrong behind a failed request, or None."""
    if found is None:
        return f'{case}: request {n}: not done after {SECONDS} s'
    said, told = found
    for word in ('Segmentation fault', 'Aborted', 'Bus error', 'Floating point exception', 'double free'):
        if word in said:
            return f'{case}: request {n}: {word}'
    begun, ended = begun_and_ended(told)
    if begun > ended:
        with open(os.path.join(case, 'cmd')) as stream:
            if not ENDS_OTHERWISE.search(stream.read()):
                return f'{case}: request {n}: {begun} programs began and {ended} came to their end'
    return None


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('build')
    parser.add_argument('filters', nargs='*')
    parser.add_argument('--every', type=int, default=1)
    args = parser.parse_intermixed_args()
    build = os.path.abspath(args.build)
    cases = [os.path.dirname(path) for path in sorted(glob.glob(os.path.join(TOP, 'tests/cli/*/*/cmd')))
             if not args.filters or any(word in path for word in args.filters)]
    known, wrong, runs, requests = set(), [], 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case in cases:
            found = run_case(build, case, 'sites')
            if found is None:
                wrong.append(f'{case}: not done after {SECONDS} s')
                continue
            chosen = set()
            for n, places in sites_of(found[1]):
                if places - known:
                    chosen.add(n)
                    known |= places
            requests += len(chosen)
            tried = sorted(chosen)[::args.every]
            runs += len(tried)
            results = pool.map(lambda n, case=case: judge(case, n, run_case(build, case, f'request={n}')), tried)
            wrong += [text for text in results if text is not None]
            print(f'{os.path.relpath(case, TOP)}: {len(tried)} of {len(chosen)} requests', flush=True)
    for text in wrong:
        print(text)
    print(f'{len(cases)} cases, {len(known)} places, {requests} requests, {runs} runs, {len(wrong)} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())

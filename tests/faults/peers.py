"""Who the commands talk to: a web server, and a PostgreSQL server where one is installed."""
import functools
import glob
import http.server
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time

ROWS = 'CREATE TABLE people (id int PRIMARY KEY, name text, amount numeric(8, 2), joined timestamptz);' \
    "INSERT INTO people SELECT i, 'name ' || i, i * 1.25, '2026-01-01Z'::timestamptz + i * interval '1 day' " \
    'FROM generate_series(1, 12) AS i;'


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder; what is posted is taken and forgotten."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


def web(folder):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Handler, directory=folder))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f'http://127.0.0.1:{server.server_port}'


class Postgresql:
    """A server of its own in `folder`; address is None where none can be started."""

    def __init__(self, folder):
        self.address, self.process = None, None
        found = sorted(glob.glob('/usr/lib/postgresql/*/bin/initdb'))
        program = found[-1] if found else shutil.which('initdb')
        if program is None:
            return
        self.bin, self.folder = os.path.dirname(program), os.path.join(folder, 'postgresql')
        os.mkdir(self.folder)
        self.rights = {}
        if os.geteuid() == 0: # it does not run as root
            self.rights = {'user': 65534, 'group': 65534, 'extra_groups': []}
            os.chown(self.folder, 65534, 65534)
        self.password = secrets.token_hex(8)
        try:
            self.start()
        except (OSError, subprocess.CalledProcessError):
            self.stop()

    def call(self, program, *arguments, **more):
        return subprocess.run([os.path.join(self.bin, program), *arguments], cwd=self.folder, check=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)

    def start(self):
        with open(os.path.join(self.folder, 'password'), 'w') as file:
            file.write(self.password)
        self.call('initdb', '-D', 'data', '-U', 'keeper', '--pwfile=password', '--auth=scram-sha-256', '-E', 'UTF8',
                  '--locale=C', '--no-sync', **self.rights)
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [os.path.join(self.bin, 'postgres'), '-D', 'data', '-p', str(port), '-k', '', '-F', '-c',
             'listen_addresses=127.0.0.1'], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.rights)
        for _ in range(200):
            if subprocess.run([os.path.join(self.bin, 'pg_isready'), '-q', '-h', '127.0.0.1', '-p', str(port)]).returncode == 0:
                break
            time.sleep(0.1)
        self.call('psql', '-X', '-q', '-h', '127.0.0.1', '-p', str(port), '-U', 'keeper', '-d', 'postgres', '-c', ROWS,
                  env=dict(os.environ, PGPASSWORD=self.password))
        self.address = f'postgresql://keeper:{self.password}@127.0.0.1:{port}/postgres'

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

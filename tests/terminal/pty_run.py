"""A program on a terminal of its own: what it draws, as the screen holds it in the end."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time


class Terminal:
    """Runs argv on a new terminal; `seen` has every byte it wrote."""

    def __init__(self, argv, env, rows=24, columns=80, folder=None):
        self.seen = b""
        self.child, self.master = pty.fork()
        if self.child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            if folder is not None:
                os.chdir(folder)
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.master, text.encode())

    def _read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return None
        try:
            return os.read(self.master, 65536)
        except OSError:
            return b""

    def wait_for(self, part, seconds=20):
        """Reads until `part` was written; False when the time is over or the program has ended."""
        until = time.monotonic() + seconds
        start = len(self.seen)
        while part.encode() not in self.seen[start:]:
            data = self._read(max(0, until - time.monotonic()))
            if not data:
                return False
            self.seen += data
        return True

    def quiet(self, seconds=0.6, most=20):
        """Reads until nothing comes for a while; the text that came."""
        start = len(self.seen)
        until = time.monotonic() + most
        while time.monotonic() < until:
            data = self._read(seconds)
            if not data:
                break
            self.seen += data
        return self.seen[start:].decode(errors="replace")

    def end(self, seconds=60):
        """Reads to the end; the exit code."""
        until = time.monotonic() + seconds
        while True:
            data = self._read(max(0, until - time.monotonic()))
            if data == b"":
                break
            if data is None:
                os.kill(self.child, signal.SIGKILL)
                break
            self.seen += data
        _, status = os.waitpid(self.child, 0)
        os.close(self.master)
        return os.waitstatus_to_exitcode(status)

    def text(self):
        return self.seen.decode(errors="replace")

"""A program under the shim, loaded once and forked for each run (shim/server.c): no loading, no linking."""
import os
import signal
import struct
import subprocess


class Server:
    def __init__(self, program, environment, folder):
        ask, self.ask = os.pipe()
        self.answer, answer = os.pipe()
        # High numbers, away from those that the program opens.
        ask, answer = [self.move(descriptor, to) for descriptor, to in ((ask, 940), (answer, 941))]
        environment = dict(environment, TAMIS_FAULTS_SERVER=f'{ask},{answer}')
        self.process = subprocess.Popen([program], env=environment, cwd=folder, pass_fds=(ask, answer),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        os.close(ask)
        os.close(answer)

    @staticmethod
    def move(descriptor, to):
        os.dup2(descriptor, to)
        os.close(descriptor)
        return to

    def request(self, plan, work, stdin, stdout, stderr, record, argv):
        """(exit code, how the work folder looks); a negative code is a signal, None is a hang."""
        text = b''.join(os.fsencode(part) + b'\0' for part in (plan, work, stdin, stdout, stderr, record, *argv))
        os.write(self.ask, struct.pack('=I', len(text)) + text)
        line = b''
        while not line.endswith(b'\n'):
            got = os.read(self.answer, 100)
            if not got:
                raise RuntimeError(f'{argv[0] if argv else "a server"}: the process that forks is gone')
            line += got
        status, looks = line.split()
        code = os.waitstatus_to_exitcode(int(status))
        return None if code == -signal.SIGALRM else code, int(looks)

    def close(self):
        os.close(self.ask)
        os.close(self.answer)
        self.process.wait()

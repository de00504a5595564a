"""A web server that misbehaves by the first part of the path: server.py PORT-FILE LOG FOLDER.

/KIND/NAME serves FOLDER/NAME on loopback; what KIND does is in `kinds`. Requests go to LOG."""
import base64, gzip, hashlib, os, socketserver, sys, threading, time

port_file, log_file, folder = sys.argv[1:]
asked, lock = {}, threading.Lock()

def content(name):
    with open(os.path.join(folder, os.path.basename(name)), "rb") as file:
        return file.read()

class Handler(socketserver.StreamRequestHandler):
    def setup(self):
        super().setup()
        self.connection.settimeout(30)

    def handle(self):
        line = self.rfile.readline().decode("latin-1").split()
        self.headers = {}
        for header in iter(lambda: self.rfile.readline().decode("latin-1").strip(), ""):
            name, value = header.split(":", 1)
            self.headers[name.lower()] = value.strip()
        if len(line) < 2:
            return
        path = line[1].split("?")[0]
        with lock:
            asked[path] = self.time = asked.get(path, 0) + 1
            with open(log_file, "a") as log:
                log.write(" ".join([path] + [f"{k}={v}" for k, v in self.headers.items()
                                            if k in ("range", "if-range", "if-none-match")]) + "\n")
        parts = path.split("/")
        self.name = parts[-1]
        getattr(self, "do_" + parts[1].replace("-", "_"), self.do_absent)(*parts[2:-1])

    def answer(self, status, headers, body=b"", version="1.1"):
        head = f"HTTP/{version} {status} x\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        try:
            self.wfile.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        except OSError:
            pass

    def etag(self, data):
        return '"' + hashlib.sha1(data).hexdigest()[:8] + '"'

    def ranged(self, data, etag, most=None, ranges=True, validators=None):
        """As a good server; but only `most` bytes of a body are sent."""
        headers = {"ETag": etag, "Last-Modified": "Sat, 24 Oct 2026 07:28:00 GMT"}
        if validators is not None:
            headers = validators
        first, status = 0, 200
        if self.headers.get("if-none-match") == etag:
            return self.answer(304, headers)
        if ranges and "range" in self.headers and self.headers.get("if-range") in headers.values():
            first, status = int(self.headers["range"][6:-1]), 206
            if first >= len(data):
                return self.answer(416, headers | {"Content-Range": f"bytes */{len(data)}"})
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        headers["Content-Length"] = len(data) - first
        body = data[first:]
        self.answer(status, headers, body if most is None else body[:most])

    def do_plain(self):
        data = content(self.name)
        self.ranged(data, self.etag(data))

    def do_break(self, most):
        data = content(self.name)
        self.ranged(data, self.etag(data), int(most))

    def do_weak(self, most):
        data = content(self.name)
        self.ranged(data, "W/" + self.etag(data), int(most),
                    validators={"ETag": "W/" + self.etag(data), "Last-Modified": "Sat, 24 Oct 2026 07:28:00 GMT"})

    def once(self, data, **more):
        self.ranged(data, self.etag(data), len(data) // 2 if self.time == 1 else None, **more)

    def do_norange(self):
        self.once(content(self.name), ranges=False)

    def do_noetag(self):
        self.once(content(self.name), ranges=False, validators={})

    def do_changed(self):
        data = content(self.name)
        self.once(data if self.time == 1 else b"x" + data[1:])

    def do_quietly(self):
        data = content(self.name)
        self.once(data if self.time == 1 else b"x" + data[1:], ranges=False, validators={})

    def do_shorter(self):
        data = content(self.name)
        self.answer(200, {"Content-Length": len(data) + 10}, data)

    def do_wrong_range(self):
        data = content(self.name)
        if self.time == 1:
            return self.ranged(data, self.etag(data), len(data) // 2)
        self.answer(206, {"ETag": self.etag(data), "Content-Length": len(data),
                          "Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}"}, data)

    def chunks(self, data):
        return b"".join(b"%x\r\n%s\r\n" % (len(data[i:i + 1000]), data[i:i + 1000])
                        for i in range(0, len(data), 1000))

    def do_chunked(self):
        self.answer(200, {"Transfer-Encoding": "chunked"}, self.chunks(content(self.name)) + b"0\r\n\r\n")

    def do_chunked_cut(self):
        self.answer(200, {"Transfer-Encoding": "chunked"}, self.chunks(content(self.name)))

    def do_no_length(self):
        self.answer(200, {}, content(self.name), "1.0")

    def do_encoded(self, encoding):
        data = content(self.name)
        data = gzip.compress(data) if encoding == "gzip" else data
        self.answer(200, {"Content-Encoding": encoding, "Content-Length": len(data)}, data)

    def do_busy(self, times):
        if self.time <= int(times):
            return self.answer(503, {"Retry-After": "1", "Content-Length": 4}, b"busy")
        self.do_plain()

    def do_to(self, *where):
        target = {"loop": f"/to/loop/{self.name}", "plain": f"/plain/{self.name}",
                  "ftp": f"ftp://127.0.0.1/{self.name}", "file": "file:///etc/passwd",
                  "other": f"http://localhost:{self.server.server_address[1]}/auth/{self.name}"}[where[0]]
        self.answer(302, {"Location": target, "Content-Length": 0})

    def do_auth(self):
        if self.headers.get("authorization") != "Basic " + base64.b64encode(b"me:secret").decode():
            return self.answer(401, {"WWW-Authenticate": "Basic", "Content-Length": 0})
        self.do_plain()

    def do_forever(self):
        self.answer(200, {"Transfer-Encoding": "chunked"})
        chunk = b"%x\r\n%s\r\n" % (65536, b"1,x\n" * 16384)
        try:
            while True:
                self.wfile.write(chunk)
        except OSError:
            pass

    def do_silent(self):
        self.answer(200, {"Content-Length": 100}, b"a,b\n")
        time.sleep(20)

    def do_absent(self, *parts):
        self.answer(404, {"Content-Length": 0})

class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    def handle_error(self, request, address):
        pass

with Server(("127.0.0.1", 0), Handler) as server:
    with open(port_file + ".new", "w") as out:
        out.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()

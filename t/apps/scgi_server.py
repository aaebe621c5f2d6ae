# SPDX-License-Identifier: Apache-2.0
# A small SCGI server around app.py:  scgi_server.py PORT
import socketserver
import sys

from app import application


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        size = b""
        while not size.endswith(b":"):
            size += self.rfile.read(1)
        pairs = self.rfile.read(int(size[:-1])).split(b"\0")
        assert self.rfile.read(1) == b","
        assert pairs[0] == b"CONTENT_LENGTH", "CONTENT_LENGTH comes first"
        environ = {k.decode(): v.decode() for k, v in zip(pairs[::2], pairs[1::2])}
        assert environ["SCGI"] == "1"
        environ["PATH_INFO"] = environ["DOCUMENT_URI"]
        environ["wsgi.input"] = self.rfile

        def start_response(status, fields):
            head = "Status: %s\r\n" % status + "".join("%s: %s\r\n" % f for f in fields)
            self.wfile.write(head.encode() + b"\r\n")

        for piece in application(environ, start_response):
            self.wfile.write(piece)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()

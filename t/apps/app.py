# SPDX-License-Identifier: Apache-2.0
# A WSGI application: what the request was, and what a test asks for.
import hashlib


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/status":
        start_response("404 Nothing Here", [("X-App", "wsgi"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")])
        return [b"missing\n"]
    if path == "/redirect":
        start_response("302 Found", [("Location", "/elsewhere")])
        return []
    if path == "/big":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (bytes([97 + i % 26]) * 4096 for i in range(1024))
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    text = "%s %s %d %s cookie=%s proxy=%s\n" % (
        environ["REQUEST_METHOD"], environ["REQUEST_URI"], len(body), hashlib.md5(body).hexdigest(),
        environ.get("HTTP_COOKIE", "-"), environ.get("HTTP_PROXY", "-"))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]

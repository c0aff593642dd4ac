"""A web server on the loopback device whose misbehaviour a test chooses, answer by answer."""
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 400  # 102,400 bytes
TAG = '"first"'


class Site:
    """What the server does: ``answers`` are taken in turn, the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers) or [whole]
        self.requests = []  # the headers that came
        self.content, self.tag = CONTENT, TAG

    def answer(self, handler):
        self.requests.append(dict(handler.headers))
        action = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        action(self, handler)

    @property
    def ranges(self):
        """The ``Range`` of each request, None where it had none."""
        return [headers.get('Range') for headers in self.requests]


def send(handler, body, status=200, length=None, **headers):
    handler.send_response(status)
    handler.send_header('Content-Length', str(len(body) if length is None else length))
    for key, value in headers.items():
        handler.send_header(key.replace('_', '-'), value)
    handler.end_headers()
    handler.wfile.write(body)


def asked(site, handler):
    """The first byte that is asked for; 0 if ``If-Range`` names another version."""
    start = handler.headers.get('Range', 'bytes=0-').removeprefix('bytes=').removesuffix('-')
    return int(start) if handler.headers.get('If-Range', site.tag) == site.tag else 0


def whole(site, handler, stop=None, **headers):
    """Well-behaved, with ranges; breaks off before byte ``stop``."""
    start, size = asked(site, handler), len(site.content)
    headers = {'ETag': site.tag, **headers}
    if start >= size:
        return send(handler, b'', 416, Content_Range=f'bytes */{size}')
    if start:
        headers['Content_Range'] = f'bytes {start}-{size - 1}/{size}'
    send(handler, site.content[start:stop], 206 if start else 200, length=size - start, **headers)


def breaking_off(stop):
    """Closes the connection when the file has come up to byte ``stop``."""
    return lambda site, handler: whole(site, handler, stop)


def without_ranges(stop=None):
    """Always sends the file from its start."""
    return lambda site, handler: send(handler, site.content[:stop], length=len(site.content), ETag=site.tag)


def status(code, **headers):
    return lambda site, handler: send(handler, b'sorry', code, **headers)


def changing(content, tag, then):
    """Replaces the file, and goes on as ``then``."""
    def action(site, handler):
        site.content, site.tag = content, tag
        then(site, handler)
    return action


@contextmanager
def serving(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            site.answer(self)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=.02), daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_port}'
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

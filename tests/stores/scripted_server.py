"""A real HTTP server that answers what a test tells it to, for what the sandbox does not do by itself."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DROP = object()
"""Instead of an answer: close the connection after the request was read."""


class Script:
    """Answers in order (status, body); the last one stays. Keeps what was asked."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers, self.asked, self.authorizations, self.url = answers, [], [], ""


@contextmanager
def scripted(*answers: Any) -> Iterator[Script]:
    script = Script(list(answers))

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            script.asked.append((self.command, self.path, json.loads(self.rfile.read(size) or "null")))
            script.authorizations.append(self.headers.get("Authorization"))
            answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            if answer is DROP:
                self.close_connection = True
                return
            status, body = answer
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 -- the server's own names

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

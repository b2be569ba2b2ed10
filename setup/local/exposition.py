"""A file of metrics where Prometheus reads it: ``python -P -m setup.local.exposition ADDRESS PORT FILE``."""

from __future__ import annotations

import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Handler(BaseHTTPRequestHandler):
    """Answers ``GET /metrics`` with the file as it is then; whoever writes it replaces it whole."""

    timeout = 10.0

    def __init__(self, file: Path, *arguments: Any) -> None:
        self._file = file
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.path != "/metrics":
            self.send_error(404)
            return
        content = self._file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server calls it
        """A scrape every two seconds is no news."""


def main(arguments: list[str]) -> None:
    address, port, file = arguments
    with ThreadingHTTPServer((address, int(port)), partial(Handler, Path(file))) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])

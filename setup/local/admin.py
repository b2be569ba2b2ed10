"""What one Envoy says of itself, asked over its private admin socket."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from pathlib import Path


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("admin", timeout=timeout)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class Admin:
    """One Envoy's admin interface; a proxy that does not answer raises OSError."""

    socket: Path
    timeout: float = 2.0

    def ask(self, method: str, path: str) -> bytes:
        connection = _UnixConnection(self.socket, self.timeout)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"the admin interface did not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{method} {path}: {answer.status} {body[:200].decode(errors='replace').strip()}")
        return body

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/ready").startswith(b"LIVE")
        except OSError:
            return False

    def version(self) -> str:
        """Envoy's release, such as ``1.37.0``, out of ``<commit>/1.37.0/Clean/RELEASE/BoringSSL``."""
        told: str = json.loads(self.ask("GET", "/server_info"))["version"]
        return told.split("/")[1] if told.count("/") > 1 else told

    def stats(self, pattern: str) -> dict[str, str | int]:
        """Every counter, gauge and text whose whole name matches the regular expression."""
        found = json.loads(self.ask("GET", f"/stats?format=json&filter={pattern}"))["stats"]
        return {stat["name"]: stat["value"] for stat in found if "name" in stat}

    def flush_access_log(self) -> None:
        self.ask("POST", "/reopen_logs")

"""A local site that writes down everything that reaches it, by HTTP, by bare TCP or by UDP."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request that arrived."""

    method: str
    host: str
    path: str
    body: bytes
    headers: dict[str, str]


class Site:
    """The site: `pages` says what it answers; `received`, `connections` and `datagrams` what it got."""

    def __init__(self) -> None:
        """Take free ports, and answer from the moment that the object is entered."""
        self.pages: dict[str, tuple[int, dict[str, str], str]] = {}
        self.received: list[Received] = []
        self.connections: list[bytes] = []
        self.datagrams: list[bytes] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                split = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                site.received.append(Received(self.command, headers.get("host", ""), self.path, body, headers))
                status, more, text = site.pages.get(split.path, (200, {}, "<h1>something</h1>"))
                if split.path.startswith("/redirect/"):
                    query = parse_qs(split.query)
                    status, more = int(query.get("status", ["302"])[0]), {"location": query["to"][0], **more}
                    text = ""
                data = b"" if status in (204, 304) else text.encode()
                self.send_response(status)
                for name, value in {"content-type": "text/html; charset=utf-8", **more}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer

            def log_message(self, *_args: Any) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._second = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.port: int = self._server.server_port
        self.tcp_port: int = self._tcp.getsockname()[1]
        self.second_port: int = self._second.getsockname()[1]
        self.udp_port: int = self._udp.getsockname()[1]

    @property
    def url(self) -> str:
        """The origin of the site."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def other(self) -> str:
        """The same site under another name: another origin, and another site, to a browser."""
        return f"http://localhost:{self.port}"

    def paths(self, method: str | None = None) -> list[str]:
        """The paths that arrived, without queries."""
        return [one.path.partition("?")[0] for one in self.received if method in (None, one.method)]

    def page(self, path: str, text: str, *, status: int = 200, **headers: str) -> None:
        """Answer `path` with `text`; underscores in the names of headers are hyphens."""
        self.pages[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, text)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(1)
            try:
                self.connections.append(connection.recv(100))
            except OSError:
                self.connections.append(b"")
            connection.close()

    def _listen(self) -> None:
        while True:
            try:
                self.datagrams.append(self._udp.recv(2000))
            except OSError:
                return

    def __enter__(self) -> Site:
        """Start to listen."""
        for run in (self._server.serve_forever, self._listen):
            threading.Thread(target=run, daemon=True).start()
        for listener in (self._tcp, self._second):
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._server.server_close()
        for one in (self._tcp, self._second, self._udp):
            # A thread that waits in a call on a socket is not woken by close alone.
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
            finally:
                one.close()

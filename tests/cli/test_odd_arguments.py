"""Whatever is written on the command line: it is sent as it is, or refused in a sentence."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import override
from urllib.parse import unquote

import pytest

from cadre.cli.options import account
from cadre.cli.output import not_usable
from cadre.cli.reading import known_when
from cadre.client.services import Client, Refused, Where, path
from cadre.shared.deciding.errors import Malformed, Unavailable

BAD_BYTE = "\udcff"
"""How Python reads a byte that is no UTF-8, in an argument."""


class _Echo(BaseHTTPRequestHandler):
    """Answers with the path it was asked for; below /page with a page."""

    def do_GET(self) -> None:
        page = self.path.startswith("/page")
        told = b"<html>" if page else json.dumps(self.path).encode()
        self.send_response(409 if self.path == "/page/409" else 200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    @override
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing is told."""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    server = HTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    where = Where({"selection": f"http://127.0.0.1:{server.server_port}"}, "token")
    with Client(lambda: where) as made:
        yield made
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "odd", ["\x1b[2J", "../../metrics", "c-1?raw=true", "c-1#x", "杨/颖", "a b", "%2e", "\n"]
)
def test_what_stands_in_an_address_stands_for_itself(client: Client, odd: str) -> None:
    asked = client.get("selection", path("histories", "cadre", odd))

    *before, last = asked.split("/")
    assert before == ["", "histories", "cadre"]
    assert unquote(last) == odd


def test_a_byte_that_is_no_text_is_sent_as_it_is_or_refused(client: Client) -> None:
    assert client.get("selection", path("histories", BAD_BYTE)).endswith("/%FF")
    with pytest.raises(Malformed, match="cannot be sent"):
        client.post("selection", "/cadres/find", {"name": BAD_BYTE})
    with pytest.raises(Malformed, match="cannot be sent"):
        client.get("selection", path("histories", "a" * 100_000))


def test_who_is_no_service_is_told(client: Client) -> None:
    with pytest.raises(Unavailable, match="no service of Cadre"):
        client.get("selection", "/page")
    with pytest.raises(Refused, match="HTTP 409"):
        client.get("selection", "/page/409")


@pytest.mark.parametrize(
    "text", ["²", "0001-01-01T00:00", "9999-12-31T23:59", "9" * 5000, "-1", "", "2026-02-30"]
)
def test_what_is_no_position_and_no_time_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="neither a position nor a time"):
        known_when(text)


@pytest.mark.parametrize("name", ["李", BAD_BYTE, "a\x1b", "x" * 200])
def test_a_user_whose_name_no_protocol_takes_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("USER", name)

    with pytest.raises(Malformed, match="no account"):
        account()


def test_a_server_that_is_not_found_is_no_file() -> None:
    with pytest.raises(socket.gaierror) as found:
        socket.create_connection(("no-such-host.invalid", 1), timeout=5)
    for error in (found.value, ConnectionRefusedError(111, "Connection refused"), TimeoutError()):
        told = str(not_usable(error))
        assert "a server cannot be reached" in told
        assert "make room" not in told
    assert "make room" in str(not_usable(PermissionError(13, "Permission denied", "/x")))

"""The log under an authority of one's own."""

import asyncio
import datetime as dt
import ipaddress
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cadre.cli.installation.remote_log import remote_log
from cadre.shared.deciding.errors import Malformed, Unavailable
from cadre.shared.log.connection import Connection, connect, connect_once
from cadre.shared.log.provision import provision
from cadre.shared.running.runtime import running
from support import mini, nats_server
from support.nats_server import NatsServer

LOOPBACK = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
NOW = dt.datetime.now(dt.UTC)


@dataclass
class Authority:
    """Whoever trusts its certificate trusts what it signs."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.name)])
        # As plain as authorities of one's own are: no key usage, no identifiers.
        made = self._builder(self.subject, self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file = self._write(f"{self.name}.crt", made)

    def certify(self, name: str, *others: x509.GeneralName) -> tuple[Path, Path]:
        """A server's certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.DNSName(name), *others])
        made = self._builder(subject, key).add_extension(names, critical=False)
        file = self.folder / f"{name}.key"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return self._write(f"{name}.crt", made), file

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=1))
            .not_valid_after(NOW + dt.timedelta(days=1))
        )

    def _write(self, name: str, made: x509.CertificateBuilder) -> Path:
        file = self.folder / name
        signed = made.sign(self.key, hashes.SHA256())
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return file


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture(params=["127.0.0.1"])
def secret(
    request: pytest.FixtureRequest,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[NatsServer]:
    """A server that speaks TLS only, with the configuration that ships; the address it proves."""
    address = x509.IPAddress(ipaddress.IPv4Address(request.param))
    certificate, key = authority.certify("localhost", address)
    folder = Path(nats_server.CONFIG).parent
    shutil.copy(folder / "nats-server.conf", tmp_path)
    config = tmp_path / "tls.conf"
    config.write_text(
        f"include nats-server.conf\ntls {{ cert_file: '{certificate}', key_file: '{key}' }}\n"
    )
    monkeypatch.setattr(nats_server, "CONFIG", str(config))
    with nats_server.nats_server(tmp_path / "nats") as server:
        yield server


async def quiet(_: Exception) -> None:
    """It is raised as well."""


async def joined(server: NatsServer, ca_file: Path | None, url: str | None = None) -> Connection:
    return await connect_once(
        url or server.url,
        ca_file=ca_file,
        user="operator",
        password="poperator",
        inbox_prefix=b"_INBOX_operator",
        error_cb=quiet,
    )


async def test_a_service_comes_up_and_an_auditor_reads(
    secret: NatsServer, authority: Authority, tmp_path: Path
) -> None:
    client = await joined(secret, authority.file)
    await provision(client)
    await client.close()

    settings = mini.settings(secret.url, tmp_path, ca_file=authority.file)
    async with running(mini.service(), settings) as runtime:
        assert runtime.client.is_connected
        assert await runtime.log.last_position() == 0
    async with remote_log(
        secret.url, "subscriber", "psubscriber", "HISTORY", authority.file
    ) as log:
        assert await log.last_position() == 0


async def test_one_of_several_servers_is_enough(secret: NatsServer, authority: Authority) -> None:
    nobody = f"nats://127.0.0.1:{nats_server.free_port()}"
    client = await joined(secret, authority.file, f"{nobody},{secret.url}")

    assert client.is_connected
    await client.close()


async def test_another_authority_vouches_for_nobody(secret: NatsServer, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")

    with pytest.raises(Unavailable, match="certificate verify failed") as told:
        async with remote_log(secret.url, "subscriber", "psubscriber", "HISTORY", stranger.file):
            pass
    assert "CADRE_CA_FILE" in str(told.value)


async def test_a_certificate_that_is_mended_is_found_good(
    secret: NatsServer, authority: Authority, tmp_path: Path
) -> None:
    """Who never gives up goes on trying, and comes in once the server proves itself."""
    told: list[Exception] = []

    async def note(error: Exception) -> None:
        told.append(error)

    right = Authority(tmp_path, "right")
    coming = asyncio.create_task(
        connect(
            secret.url,
            ca_file=right.file,
            user="subscriber",
            password="psubscriber",
            inbox_prefix=b"_INBOX_subscriber",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.05,
            error_cb=note,
        )
    )
    async with asyncio.timeout(30):
        while len(told) < 3:
            await asyncio.sleep(0.05)
        assert all(isinstance(error, ssl.SSLError) for error in told)
        right.certify("localhost", LOOPBACK)
        secret.kill()
        secret.start()
        client = await coming
    assert client.is_connected
    await client.close()


@pytest.mark.parametrize("secret", ["127.0.0.2"], indirect=True)
async def test_an_address_that_is_not_in_the_certificate_is_refused(
    secret: NatsServer, authority: Authority
) -> None:
    with pytest.raises(OSError, match="certificate verify failed"):
        await joined(secret, authority.file)


async def test_who_offers_no_tls_hears_no_password(
    bare_server: NatsServer, authority: Authority
) -> None:
    with pytest.raises(nats.errors.Error, match="offers no TLS"):
        await joined(bare_server, authority.file)


async def test_a_file_without_certificates_is_named(secret: NatsServer, tmp_path: Path) -> None:
    for name in ("missing", "empty"):
        (tmp_path / "empty").write_text("")
        with pytest.raises(Malformed, match=name):
            await joined(secret, tmp_path / name)

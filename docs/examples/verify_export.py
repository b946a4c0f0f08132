"""离线核验审计包。 Verify a package written by `cadre audit export`. Needs Python 3.10 alone.

    python verify_export.py PACKAGE --key NAME+ID+KEY [--witness NAME+ID+KEY]...

KEY is the verifier key of whoever signs checkpoints, WITNESS that of somebody who must have
cosigned. Take this program and the keys from anywhere but the package. Every key named with
--witness must have cosigned. Exit status: 0 proven, 1 not proven, 2 could not be verified.
"""

# ruff: noqa: T201, PLR2004

import argparse
import json
import re
import struct
import sys
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256, sha512
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any, NamedTuple

SERVICES = ("selection", "training", "supervision", "appointment")
CHINA = timezone(timedelta(hours=8))
SIGNED = [
    "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-dataschema",
    "ce-datacontenttype", "ce-actor", "ce-persons", "ce-commandid", "ce-commandhash",
    "ce-causationid", "ce-correlationid", "ce-aggregateversion", "ce-previoushash", "ce-evidence",
    "ce-codeversion", "ce-keyid", "traceparent",
]  # fmt: skip
BYTES_MAX = 1 << 31
ENTRIES = re.compile(
    r"manifest|checkpoint|events\.jsonl|heads\.jsonl|keys|rules\.toml|code\.json|disclosure\.jsonl"
    r"|dossier\.(html|pdf)|proofs/[0-9]{12,}\.tlog-proof"
)
LINES = ["dated", "heads", "keys", "earlier", "repairs", "readings"]  # of a checkpoint


class Refuted(Exception):
    """The package does not prove what it should."""


UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, struct.error, OverflowError, RecursionError,
)  # fmt: skip
"""What may happen in reading a package that was altered."""


class Unusable(Exception):
    """There is nothing to verify, or nothing to verify it with."""


def require(holds: bool, zh: str, en: str) -> None:
    if not holds:
        raise Refuted(f"{zh} {en}")


# Ed25519 (RFC 8032). Points are X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]
ZERO: Point = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point(data: bytes) -> Point:
    """The point of 32 bytes; ValueError when they are none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if len(data) != 32 or y >= P or x * x % P != square or (x == 0 and sign):
        raise ValueError("not a point")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def encoded(p: Point) -> bytes:
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def multiples(p: Point) -> list[list[Point]]:
    """0 to 15 times the point, 0 to 15 times 16 times the point, and so on."""
    rows: list[list[Point]] = []
    for _ in range(64):
        row = list(accumulate(repeat(p, 16), add, initial=ZERO))
        rows.append(row[:16])
        p = row[16]
    return rows


def times(rows: list[list[Point]], scalar: int) -> Point:
    total = ZERO
    for row in rows:
        total, scalar = add(total, row[scalar & 15]), scalar >> 4
    return total


BASE = multiples(point((4 * pow(5, -1, P) % P).to_bytes(32, "little")))


class PublicKey:
    """Verifies many signatures of one key; what they share is computed once."""

    def __init__(self, data: bytes) -> None:
        x, y, z, t = point(data)
        self.data, self.rows = data, multiples((-x % P, y, z, -t % P))

    def verifies(self, text: bytes, signature: bytes) -> bool:
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        if len(signature) != 64 or s >= ORDER:
            return False
        k = int.from_bytes(sha512(r + self.data + text).digest(), "little") % ORDER
        return encoded(add(times(BASE, s), times(self.rows, k))) == r


# Merkle trees (RFC 6962) and notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature).


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def root_from(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root of the tree in which the leaf stands at the index, if the proof is right."""
    require(0 <= index < size, "位置超出检查点。", f"Leaf {index} is outside a tree of {size}.")
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        require(last > 0, "证明过长。", "A proof is too long.")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    require(last == 0, "证明过短。", "A proof is too short.")
    return found


def root_over(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_over(leaves[:middle]), root_over(leaves[middle:]))


def number(text: str) -> int:
    """Read strictly: one text for each number."""
    if str(int(text)) != text or int(text) < 0:
        raise ValueError(f"{text} is no number")
    return int(text)


def parsed(text: str, where: str, members: tuple[str, ...]) -> Any:
    """The object of a line, if it is written as packages write it: with each member once."""
    try:
        value = json.loads(text)
        same = text == json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise Refuted(f"内容无法读取。 {where} cannot be read: {error}") from error
    require(same, "写法不规范。", f"{where}: a member stands twice, or it is written otherwise.")
    known = " ".join(value) in members
    require(known, "含有不明内容。", f"{where} has {', '.join(value)}; known is {members[0]}.")
    return value


def base64(text: str) -> bytes:
    """Decode strictly: one text for each value."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError(f"{text} is not canonical base64")
    return data


class Verifier(NamedTuple):
    """A key of a note, or with algorithm 4 of a cosignature."""

    name: str
    key_id: bytes
    algorithm: int
    public: PublicKey

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        try:
            name, named, key = text.strip().split("+", 2)
            data = base64(key)
            found = cls(name, bytes.fromhex(named), data[0], PublicKey(data[1:]))
        except (ValueError, IndexError) as error:
            raise Unusable(f"密钥无法读取。 This key cannot be read: {text} ({error})") from error
        key_id = sha256(name.encode() + b"\n" + data).digest()[:4]
        if found.algorithm not in {1, 4} or key_id != found.key_id:
            raise Unusable(f"密钥无法读取。 This key is of another kind, or mistyped: {text}")
        return found


class Note(NamedTuple):
    text: str
    signatures: list[tuple[str, bytes, bytes]]  # name, id of the key, signature

    @classmethod
    def parse(cls, signed: str) -> "Note":
        text, _, below = signed.rpartition("\n\n")
        require(below.endswith("\n"), "签名笺不完整。", "A note does not end with a newline.")
        signatures: list[tuple[str, bytes, bytes]] = []
        for line in below.removesuffix("\n").split("\n"):
            mark, name, data = line.split(" ")
            if mark != "—":
                raise ValueError("a signature line begins with a dash")
            signatures.append((name, base64(data)[:4], base64(data)[4:]))
        return cls(text + "\n", signatures)

    def signed_by(self, key: Verifier) -> bytes | None:
        """The key's signature if there is one. Refuted if it does not hold."""
        for name, key_id, data in self.signatures:
            if (name, key_id) == (key.name, key.key_id):
                signed, signature = self.text.encode(), data
                if key.algorithm == 4:
                    seconds, signature = int.from_bytes(data[:8], "big"), data[8:]
                    signed = b"cosignature/v1\ntime %d\n" % seconds + signed
                zh, en = "签名不成立。", f"The signature of {name} does not hold."
                require(key.public.verifies(signed, signature), zh, en)
                return data
        return None


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes
    dated: str
    heads: tuple[int, bytes]
    keys: tuple[int, bytes]

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        origin, size, root, *rest = text.removesuffix("\n").split("\n")
        named = {line.split(" ")[0]: line.split(" ")[1:] for line in rest}
        ordered = [name for name in LINES if name in named]
        known = ordered[:3] == LINES[:3] and [line.split(" ")[0] for line in rest] == ordered
        require(known, "检查点含有不明内容。", f"The checkpoint says other things than {LINES}.")
        trees = (size, root), named["heads"], named["keys"]
        tree, heads, keys = ((number(count), base64(one)) for count, one in trees)
        return cls(origin, *tree, *named["dated"], heads, keys)


def unpacked(data: bytes) -> dict[str, bytes]:
    """The entries, if this is the only zip file that may hold them: stored, sorted, one date."""
    require(len(data) <= BYTES_MAX, "包过大。", f"The package has more than {BYTES_MAX} bytes.")
    entries: dict[str, bytes] = {}
    at, before, directory = 0, "", bytearray()
    while data[at : at + 4] == b"PK\3\4":
        flags, method = struct.unpack_from("<HH", data, at + 6)
        size, _, named = struct.unpack_from("<IIH", data, at + 18)
        begin = at + 30 + named
        raw, body = data[at + 30 : begin], data[begin : begin + size]
        name = raw.decode("ascii", "backslashreplace")
        known = ENTRIES.fullmatch(name) is not None
        require(known, "包内有不明条目。", f"At byte {at} there is an unknown entry: {name}")
        require(
            name > before, "条目重复或次序有误。", f"At byte {at}: {name} doubled, or out of order."
        )
        common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, zlib.crc32(body), size, size, named, 0)
        how = f"is compressed by method {method}" if method else "is encrypted or flagged"
        how = how if method or flags else "is cut short, dated otherwise or altered"
        whole = len(body) == size and data[at:begin] == b"PK\3\4" + common + raw
        require(whole, "条目不规范。", f"At byte {at}: {name} {how}.")
        directory += b"PK\1\2" + struct.pack("<BB", 20, 3) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, at) + raw
        entries[name], at, before = body, begin + size, name
    require(at > 0, "这不是审计包。", "This is no package: it does not begin with an entry.")
    count, size = len(entries), len(directory)
    directory += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, size, at, 0)
    pairs = enumerate(zip(data[at:], directory, strict=False))
    at += next((place for place, (one, other) in pairs if one != other), len(directory))
    en = f"At byte {at}: what lists the entries is not as it must be, or something follows it."
    require(at == len(data), "目录有误或包尾多余。", en)
    return entries


class Event:
    """One line of events.jsonl."""

    def __init__(self, where: str, given: Any) -> None:
        self.position = number(json.dumps(given["position"]))
        self.recorded_ns = number(json.dumps(given["recorded_ns"]))
        self.subject: str = given["subject"]
        self.headers: dict[str, str] = given["headers"]
        self.body: bytes = given["body"].encode()
        own = not any(name.startswith("Nats-") for name in self.headers)
        plain = self.subject.startswith("history.") and self.subject.count(".") == 4 and own
        require(plain, "记录含有不明内容。", f"{where} is no event, or has headers beside it.")
        self.aggregate = ".".join(self.subject.split(".")[1:-1])
        self.service, self.name = self.subject.split(".")[1], self.subject.split(".")[-1]
        parts = ["cadre-event-v1", self.subject, *(self.headers.get(name, "") for name in SIGNED)]
        data = [*(part.encode() for part in parts), self.body]
        self.signed = b"".join(struct.pack(">I", len(part)) + part for part in data)
        self.digest = sha256(self.signed).hexdigest()
        self.version = number(self.headers["ce-aggregateversion"])

    @property
    def leaf(self) -> bytes:
        headers = sorted((name.encode(), value.encode()) for name, value in self.headers.items())
        flat = [part for pair in headers for part in pair]
        count = struct.pack(">Q", len(headers))
        place = [struct.pack(">Q", self.position), struct.pack(">Q", self.recorded_ns)]
        return framed(b"cadre-leaf-v1", *place, self.subject.encode(), count, *flat, self.body)


def framed(*fields: bytes) -> bytes:
    return b"".join(struct.pack(">Q", len(field)) + field for field in fields)


class Package:
    """A package and what is known of it so far. Each check may use what those before showed."""

    def __init__(self, data: bytes, keys: list[Verifier], witnesses: list[Verifier]) -> None:
        self.data, self.keys, self.witnesses = data, keys, witnesses
        self.events: list[Event] = []
        self.heads: dict[int, dict[str, Any]] = {}  # by index
        self.about = ""

    def check_form(self) -> str:
        self.entries = unpacked(self.data)
        self.note = Note.parse(self.text("checkpoint"))
        self.checkpoint = Checkpoint.parse(self.note.text)
        return ""

    def text(self, name: str) -> str:
        require(name in self.entries, "包内缺少内容。", f"{name} is missing.")
        return self.entries[name].decode()

    def lines(self, name: str) -> list[str]:
        text = self.text(name)
        require(text[-1:] in ("", "\n"), "内容不完整。", f"{name} does not end with a newline.")
        return text[:-1].split("\n") if text else []

    def objects(self, name: str, *members: str) -> Iterator[tuple[str, Any]]:
        """Where each line is and what it says; it has one of these sets of members."""
        for count, line in enumerate(self.lines(name), 1):
            where = f"{name}, line {count}"
            yield where, parsed(line, where, members)

    def check_manifest(self) -> str:
        note = Note.parse(self.text("manifest"))
        signed = len(note.signatures) == 1 and any(note.signed_by(key) for key in self.keys)
        require(signed, "清单没有可信签名。", "No key given has signed the manifest.")
        others = sorted((name, one) for name, one in self.entries.items() if name != "manifest")
        expected = "".join(f"{sha256(one).hexdigest()} {len(one)} {name}\n" for name, one in others)
        first, origin, tree, about, listed = note.text.split("\n", 4)
        known = first == "cadre-export-v1" and about.startswith("about ")
        require(known, "清单的格式不同。", f"This is another format, not cadre-export-v1: {first}")
        require(listed == expected, "清单与内容不符。", "The entries are not those signed for.")
        checkpoint = self.checkpoint
        same = (origin, tree) == (f"origin {checkpoint.origin}", f"tree {checkpoint.size}")
        require(same, "清单属于另一检查点。", "The manifest is for another checkpoint.")
        self.about = about.removeprefix("about ")
        members = "position recorded_ns subject headers body"
        self.events = [Event(*one) for one in self.objects("events.jsonl", members)]
        return f"包内全部 {len(self.entries)} 项与签名的清单一致。 Every entry is as signed."

    def check_checkpoint(self) -> str:
        made = [key for key in self.keys if self.note.signed_by(key)]
        require(bool(made), "检查点没有可信签名。", "No key given has signed the checkpoint.")
        same = self.checkpoint.origin in {key.name for key in made}
        require(same, "检查点属于另一日志。", "The checkpoint is of another log.")
        told = f"检查点：{self.checkpoint.size} 条记录，{self.checkpoint.dated}。"
        return f"{told} The checkpoint of {self.checkpoint.size} events is signed."

    def check_witnesses(self) -> str:
        told: list[str] = []
        for witness in self.witnesses:
            made = self.note.signed_by(witness)
            require(made is not None, "缺少见证签名。", f"{witness.name} has not cosigned.")
            at = datetime.fromtimestamp(int.from_bytes((made or b"")[:8], "big"), CHINA)
            told.append(f"{witness.name} {at:%Y-%m-%d %H:%M}")
        said = f"见证方已会签：{'，'.join(told)}。 Cosigned."
        return said if told else "（未要求见证签名。 No witness was asked for.）"

    def check_keys(self) -> str:
        lines, checkpoint = self.lines("keys"), self.checkpoint
        root = root_over([leaf_hash(one.encode()) for one in lines])
        same = (len(lines), root) == checkpoint.keys
        require(same, "公钥清单与检查点不符。", "The public keys are not those signed for.")
        return f"{len(lines)} 条公钥记录与检查点一致。 The public keys are under the checkpoint."

    def check_inclusion(self) -> str:
        proofs = {f"proofs/{event.position:012}.tlog-proof" for event in self.events}
        given = {name for name in self.entries if name.startswith("proofs/")}
        ordered = [event.position for event in self.events]
        unique = proofs == given and ordered == sorted(set(ordered))
        require(unique, "记录与证明不对应。", "There is not one proof for each event.")
        for event in self.events:
            proof = self.text(f"proofs/{event.position:012}.tlog-proof")
            above, _, note = proof.partition("\n\n")
            head, index, *lines = above.split("\n")
            place = (head, index) == ("c2sp.org/tlog-proof@v1", f"index {event.position - 1}")
            place = place and note == self.text("checkpoint")
            require(place, "证明不属于此记录。", "A proof is of another event or checkpoint.")
            hashes, size = [base64(one) for one in lines], self.checkpoint.size
            root = root_from(leaf_hash(event.leaf), event.position - 1, size, hashes)
            en = f"Position {event.position} is not in the signed log."
            require(root == self.checkpoint.root, f"位置 {event.position} 不在签名日志中。", en)
        return f"{len(self.events)} 条记录逐条在签名日志之中。 Every event is in the signed log."

    def check_signatures(self) -> str:
        keys: dict[str, tuple[str, PublicKey]] = {}
        retired: dict[str, int] = {}
        for line in self.lines("keys"):
            match line.split(" "):
                case ["service", key_id, service, "ed25519", public, _]:
                    keys[key_id] = service, PublicKey(base64(public))
                case ["service", key_id, _, algorithm, *_]:
                    raise Unusable(f"本程序不识此算法。 {key_id} signs with {algorithm}.")
                case ["retired", key, _, after]:
                    retired[key] = number(after)
                case [kind, *_]:
                    known = kind == "checkpoint"
                    require(known, "公钥清单含有不明内容。", f"This is no entry of keys: {line}")
        for event in self.events:
            key_id = event.headers["ce-keyid"]
            service, public = keys[key_id]
            made = public.verifies(event.signed, base64(event.headers["ce-signature"]))
            own = service == event.service and event.position <= retired.get(key_id, event.position)
            en = f"No service's key has signed position {event.position}."
            require(made and own, f"位置 {event.position} 的服务签名不成立。", en)
        return "每条记录都由所属服务签名。 Every event is signed by its service."

    def check_chains(self) -> str:
        before: dict[str, Event] = {}
        for event in self.events:
            last = before.get(event.aggregate)
            previous = event.headers.get("ce-previoushash", "")
            follows = last is None or (event.version, previous) == (last.version + 1, last.digest)
            follows = follows and (event.version > 1 or previous == "")
            en = f"Position {event.position} does not follow from the one before."
            require(follows, f"位置 {event.position} 与前一条不衔接。", en)
            before[event.aggregate] = event
        return "同一对象的记录首尾相接。 Events of one thing follow each other."

    def check_heads(self) -> str:
        members = "aggregate version digest position index hashes"
        for where, head in self.objects("heads.jsonl", members):
            require(head["index"] not in self.heads, "证明重复。", f"{where} stands here twice.")
            names = ("version", "position", "index")
            version, position, index = (number(json.dumps(head[name])) for name in names)
            newest = struct.pack(">Q", version), bytes.fromhex(head["digest"])
            about = b"cadre-head-v1", head["aggregate"].encode()
            leaf = leaf_hash(framed(*about, *newest, struct.pack(">Q", position)))
            hashes = [bytes.fromhex(one) for one in head["hashes"]]
            size, expected = self.checkpoint.heads
            root = root_from(leaf, index, size, hashes)
            en = f"The newest event of {head['aggregate']} is not proven."
            require(root == expected, "最新记录的证明不成立。", en)
            self.heads[head["index"]] = head
        return ""

    def check_completeness(self) -> str:
        kind, _, what = self.about.partition(" ")
        if kind == "period":
            return self.check_period(what)
        known = kind in ("cadre", "motion")
        require(known, "对象类别不明。", f"This is about something unknown: {kind}")
        persons = [f"{service}.cadre.{what}" for service in SERVICES]
        wanted = persons if kind == "cadre" else self.of_motion(what)
        strays = {event.aggregate for event in self.events} - set(wanted)
        en = f"Events of {', '.join(sorted(strays))} do not belong here."
        require(not strays, "混入无关记录。", en)
        told = [self.whole(aggregate) for aggregate in wanted]
        return f"无缺漏：{'；'.join(told)}。 Complete: nothing is left out."

    def of_motion(self, motion: str) -> list[str]:
        """The motion, its post, and Appointment's history of everybody who was recommended."""
        own = f"appointment.motion.{motion}"
        wanted = {own}
        for event in (one for one in self.events if one.aggregate == own):
            if event.name == "motion-opened":
                wanted.add(f"appointment.post.{json.loads(event.body)['post_id']}")
            if event.name == "recommendation-held":
                named = json.loads(event.body)["recommended"]
                wanted.update(f"appointment.cadre.{one}" for one in named)
        return sorted(wanted)

    def whole(self, aggregate: str) -> str:
        """Show that every event of an aggregate is here, or that it has none."""
        held = [event for event in self.events if event.aggregate == aggregate]
        at = next((i for i, one in self.heads.items() if one["aggregate"] == aggregate), None)
        if at is None:
            require(not held, "缺少最新记录的证明。", f"No proof is given for {aggregate}.")
            self.check_absence(aggregate)
            return f"{aggregate} 无记录"
        head, versions = self.heads[at], [event.version for event in held]
        zh, en = f"{aggregate} 的记录有缺漏。", f"Events of {aggregate} are left out."
        require(versions == list(range(1, head["version"] + 1)), zh, en)
        newest = held[-1].digest == head["digest"] and held[-1].position == head["position"]
        require(newest, zh, en)
        return f"{aggregate} 第 1 至 {head['version']} 条"

    def check_absence(self, aggregate: str) -> None:
        """Two leaves side by side, or one at an end, leave no room for the aggregate's own."""
        name, size = aggregate.encode(), self.checkpoint.heads[0]
        names = {index: head["aggregate"].encode() for index, head in self.heads.items()}
        right = min((index for index, one in names.items() if one > name), default=size)
        left_ends = right == 0 or names.get(right - 1, name) < name
        proven = (right == size or right in names) and left_ends
        require(proven, "未证明其无记录。", f"It is not proven that {aggregate} has no events.")

    def check_period(self, what: str) -> str:
        days = [datetime.fromisoformat(day).replace(tzinfo=CHINA) for day in what.split("..")]
        plain = what == f"{days[0]:%Y-%m-%d}..{days[-1]:%Y-%m-%d}" and days[0] <= days[-1]
        require(plain, "期间无法读取。", f"This is no period: {what}")
        begin_ns = int(days[0].timestamp()) * 10**9
        end_ns = int((days[1] + timedelta(days=1)).timestamp()) * 10**9
        positions = [event.position for event in self.events]
        require(bool(positions), "没有记录。", "There are no events.")
        first, last = self.events[0], self.events[-1]
        linked = positions == list(range(first.position, last.position + 1))
        require(linked, "期间记录有缺漏。", "Positions are left out.")
        begins = first.position == 1 or first.recorded_ns < begin_ns
        require(begins, "期间开头有缺漏。", "What comes before the period is not shown.")
        ends = last.position == self.checkpoint.size or last.recorded_ns >= end_ns
        require(ends, "期间末尾有缺漏。", "What comes after the period is not shown.")
        inside = sum(begin_ns <= event.recorded_ns < end_ns for event in self.events)
        told = f"期间内 {inside} 条，位置 {first.position} 至 {last.position} 逐位相连"
        return f"无缺漏：{told}。 Complete: {inside} events of the period, no position left out."

    def check_disclosure(self) -> str:
        if "disclosure.jsonl" not in self.entries:
            return "（未附明文。 No clear texts.）"
        sealed: dict[tuple[int, str], str] = {}
        for event in self.events:
            for field, token in sealed_fields(json.loads(event.body)):
                sealed[event.position, field] = sha256(token.encode()).hexdigest()
        members = "position field sealed_sha256 "
        shapes = members + "clear", members + "forgotten"
        given = [one for _, one in self.objects("disclosure.jsonl", *shapes)]
        named = {(one["position"], one["field"]): one["sealed_sha256"] for one in given}
        same = named == sealed and len(named) == len(given)
        require(same, "明文与封存字段不对应。", "Clear texts and sealed fields differ.")
        return f"{len(given)} 个封存字段各有导出单位声明的明文。 Each sealed field has a text."


def sealed_fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and list(value) == ["sealed"]:
        yield path, value["sealed"]
    elif isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in pairs:
            yield from sealed_fields(inner, f"{path}/{name}" if path else str(name))


NOT_PROVEN = """\
未能证明 Not proven:
  所记内容属实，或发生之事均已记录。 That what was recorded is true, or that all was recorded.
  HTML、PDF 与记录一致：以 events.jsonl 为准。 That HTML and PDF say what the events say.
  rules.toml、code.json 与明文：仅有导出单位签名。 Rules and clear texts are the exporter's word.
  检查点未被整体伪造：须有见证签名或自存检查点。 That not all was forged: that takes a witness."""


def verify(data: bytes, keys: list[Verifier], witnesses: list[Verifier]) -> Iterator[str]:
    """What is proven, one line after another. Raises Refuted, Unusable."""
    package = Package(data, keys, witnesses)
    checks = (
        "form manifest checkpoint witnesses keys inclusion signatures chains heads completeness"
    )
    for name in f"{checks} disclosure".split():
        try:
            if told := str(getattr(package, f"check_{name}")()):
                yield told
        except UNREADABLE as error:
            raise Refuted(
                f"包的内容无法读取。 Unreadable, in looking at {name}: {error!r}"
            ) from error
    yield f"对象 About: {package.about}"


def say(text: str) -> None:
    """Print what may hold names from the package: nothing in them moves the cursor or hides."""
    print("".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text))


def main() -> int:
    parser = argparse.ArgumentParser(description="离线核验审计包。 Verify an export package.")
    parser.add_argument("package", type=Path)
    parser.add_argument("--key", action="append", required=True, help="NAME+ID+KEY")
    parser.add_argument("--witness", action="append", default=[], help="NAME+ID+KEY")
    given = parser.parse_args()
    print(f"核验程序 This program: SHA-256 {sha256(Path(__file__).read_bytes()).hexdigest()}")
    try:
        keys = [Verifier.parse(text) for text in given.key]
        witnesses = [Verifier.parse(text) for text in given.witness]
        with given.package.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
        print(f"审计包 The package: SHA-256 {sha256(data).hexdigest()}")
        for told in verify(data, keys, witnesses):
            say(f"  {told}")
    except (Unusable, OSError) as error:
        say(f"无法核验 Could not be verified: {error}")
        return 2
    except Refuted as error:
        say(f"核验不通过 NOT PROVEN: {error}")
        return 1
    print(NOT_PROVEN)
    print("核验通过 PROVEN")
    return 0


if __name__ == "__main__":
    sys.exit(main())

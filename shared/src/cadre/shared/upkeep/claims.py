"""A claim on a folder: a lock of the kernel that whoever has its files open holds.

It is on the folder itself: no file can be deleted to open the door, and every path to the folder
meets it. A process inherits a claim with the descriptor; so it lasts until the last process that
has it has ended, however that ends.
"""

import fcntl
import os
from pathlib import Path

from sqlalchemy import make_url

from cadre.shared.deciding.errors import CadreError, Unavailable


class Claimed(CadreError):
    """Somebody else has a claim on the folder."""

    status = 409
    code = "in-use"
    title = "另一进程正在使用 · In use by another process"


def claim(folder: Path, *, alone: bool) -> int:
    """The descriptor that holds a claim; a shared one stands beside others that are shared.

    Raises: Claimed; Unavailable where a folder cannot be claimed at all.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise Unavailable(
            f"无法打开文件夹 · the folder cannot be opened: {error.strerror}",
            where=str(folder),
            hint="文件夹须存在，且本用户可读 · it must be there, and readable for this user",
        ) from error
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Claimed(
            "另一进程正在使用此文件夹 · another process uses this folder", where=str(folder)
        ) from error
    except OSError as error:
        os.close(descriptor)
        raise Unavailable(
            f"无法锁定文件夹 · the folder cannot be locked: {error.strerror}",
            where=str(folder),
            hint="请放在本地文件系统上 · keep it on a local file system",
        ) from error
    return descriptor


def claim_databases(*urls: str) -> None:
    """Share, as long as this process lives, the folders of the SQLite files among these.

    A supervisor claims its folders alone: beside it no service can be started by hand, nor keys be
    changed under one that was. Raises: Claimed.
    """
    parsed = [make_url(url) for url in urls]
    files = [url.database for url in parsed if url.get_backend_name() == "sqlite"]
    for folder in {Path(file).absolute().parent for file in files if file and file != ":memory:"}:
        claim(folder, alone=False)

"""Workbooks that come out byte for byte the same each time."""

import re
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

EPOCH = (2025, 12, 31, 0, 0, 0)
TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def reproducible(workbook: bytes) -> bytes:
    """The same workbook without the time and the machine it was made on.

    Parts are stored, not compressed: compressors differ between versions of zlib.
    """
    packed = BytesIO()
    with ZipFile(BytesIO(workbook)) as made, ZipFile(packed, "w", ZIP_STORED) as again:
        for name in sorted(made.namelist(), key=lambda part: (part != "[Content_Types].xml", part)):
            info = ZipInfo(name, EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            content = made.read(name)
            if name == "docProps/core.xml":
                content = TIMES.sub(rb"\g<1>2025-12-31T00:00:00Z", content)
            again.writestr(info, content)
    return packed.getvalue()

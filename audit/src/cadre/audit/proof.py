"""A proof that one event is in the log, to be kept and checked without the log (C2SP tlog-proof).

The text holds the index of the leaf (the position less one), the hashes from the leaf's sibling up
to the root's child, and the signed checkpoint as it is. What is proven is a leaf as `leaf` has it.
"""

from base64 import b64encode
from collections.abc import Iterable

HEADER = "c2sp.org/tlog-proof@v1"


def proof_text(index: int, hashes: Iterable[bytes], checkpoint: str) -> str:
    """The proof for the leaf at ``index`` (from 0) under a signed checkpoint."""
    lines = [HEADER, f"index {index}", *(b64encode(one).decode() for one in hashes)]
    return "\n".join(lines) + f"\n\n{checkpoint}"

"""How a process of ours holds its memory: the interpreter's garbage, the C library's arenas."""

import ctypes
import gc

ALLOCATED, YOUNG, OLD = 50_000, 20, 100
ARENAS_MAX_OPTION = -8
"""``M_ARENA_MAX`` of glibc's malloc.h."""


def collect_rarely() -> None:
    """Look for garbage in circles less often.

    For a process that handles many objects and leaves hardly any in circles. As it is set by
    default, looking takes up to a quarter of reading a log. What was loaded so far stays: a full
    collection that looks at it halts everything for long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATED, YOUNG, OLD)


def share_one_arena() -> None:
    """Let all threads take memory from one place; call it before they start.

    Otherwise glibc gives each thread an arena of its own, and what one of them frees no other
    uses. The interpreter lets one thread run at a time, so they hardly wait for each other. Where
    the C library knows no arenas this does nothing.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(ARENAS_MAX_OPTION, 1)

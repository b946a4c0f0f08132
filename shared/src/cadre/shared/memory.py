"""How often the interpreter looks for garbage that counting references does not find."""

import gc

ALLOCATED, YOUNG, OLD = 50_000, 20, 100


def collect_rarely() -> None:
    """For a process that handles many objects and leaves hardly any in circles.

    As it is set by default, looking takes up to a quarter of reading a log. What was loaded so
    far stays: a full collection that looks at it halts everything for long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATED, YOUNG, OLD)

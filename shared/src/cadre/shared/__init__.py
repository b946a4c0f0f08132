"""What all four services stand on, in rooms; imports between them only go down.

serving > running > handling > projecting > showing > log > keys > upkeep, asking > database >
deciding. Read from below: ``deciding`` is pure and is what a mechanism is written with; ``showing``
is what a service declares; ``handling`` is the path of a command, ``projecting`` that of an event.
"""

"""Training (育): classes and credited hours, training tasks, postings and mentors.

`capabilities` is the map. `deciding` has a pure file for each mechanism: `standards` (what the
rules ask), `task`, `training_class`, `record`, `posting`, `mentorship` (whose places mentors own).
`showing` has what is shown beyond their declarations.
"""

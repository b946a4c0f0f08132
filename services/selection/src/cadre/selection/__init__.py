"""选 Selection: who enters, how they are known, and who is held in reserve.

`capabilities` is the map. `deciding` has a pure file for each mechanism: `profile` (entry and
corrections), `kin`, `observation`, `political`, `intake`, `pool` (the owner of its seats), `steps`
and `membership` (from nomination to exit, with `entry_rules` and `stays`), `reviewing` (an entry
whose evidence was corrected), `privacy`. `showing` has what is shown beyond their declarations.
`working` turns an ID number into a cadre id before anything is decided (`registration`,
`identities`), finds by name, and forgets.
"""

"""Selection (选): who enters, how they are known, and who is held in reserve.

Read `cadre` first (what is known of one person), then the decisions on it: `profile` (entry and
corrections), `identification` (observation and political quality), `membership` (nomination to
exit of a talent pool, with `entry_rules` and `seats`), `reviewing` (an entry whose evidence was
corrected). `pool` and `intake` are aggregates of their own.
`identities` and `registration` turn an ID number into a cadre id before anything is
decided. `handlers` lists every command; `read_models`, the three query modules with `stays`, and
`app` show what came of them.
"""

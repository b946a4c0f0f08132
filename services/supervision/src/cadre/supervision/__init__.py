"""管 Supervision: assesses cadres, keeps their merit points, watches, talks and sanctions.

Read in this order: `cadre` (what is known of one person), then what is decided on it: `assessment`
with `grading_rules` and `unit_year` (the owner of the 优秀 places), `merit` with `point_scheme`,
`flag`, `influence` (talks, sanctions and the periods they block). `handlers` and `reactions` are
the tables of all commands; `read_models`, `queries` and `app` show what came of them.
"""

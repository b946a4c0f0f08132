"""Appointment (用): posts and their seats, the motions that fill them, ranks, and their rules.

Read `evidence` first (what is known of a person, and what of it holds on a day), then what the
rules say of it: `bars`, `rank_rules`, `post_rules`, and `eligibility`, which asks them all. `post`,
`cadre` and `motion` (with `motion_rules`) decide; `handlers` lists every command, `reactions` opens
reviews. `tables`, `read_models`, `queries`, `promotion_report` and `app` show what came of them.
"""

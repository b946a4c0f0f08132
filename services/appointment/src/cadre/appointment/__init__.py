"""用 Appointment: posts and their seats, the motions that fill them, ranks, and their rules.

`capabilities` is the map. In `deciding` read `evidence` first (what is known of a person, and what
of it holds on a day), then what the rules say of it: `bars`, `rank_rules`, `post_rules`, and
`eligibility`, which asks them all. `post` owns the seats, `seats` says who sits there; `motion`
with `steps` and `motion_rules` is the process that fills one; `ranks`, `probation`, `promotion`
and `review` are about one person alone; `judging` judges decisions again.
"""

"""管 Supervision: assesses cadres, keeps their merit points, watches, talks and sanctions.

`capabilities` is the map. `deciding` has a pure file for each mechanism: `assessment` with
`grading` and `grading_rules`, `unit_year` (the owner of the 优秀 places), `merit` with
`point_scheme`, `flag`, `influence` (talks, sanctions and the periods they block), `off_duty`.
`showing` has what is shown beyond their declarations, `working` what notes need on their day.
"""

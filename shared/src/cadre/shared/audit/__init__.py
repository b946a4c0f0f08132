"""Evidence that nothing was altered: a Merkle tree over the log, signed checkpoints, one examination.

Read in this order: `merkle`, `leaf`, `tiles`, `note`, `checkpoint`, `heads`, `evidence` (what an
installation keeps), `differences` (what can be found), then the checks of one pass over the log
(`tree`, `signatures`, `events`, `journals`, `projections`), put together in `examination`.
"""

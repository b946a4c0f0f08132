"""Evidence that nothing was altered: a Merkle tree over the log, signed checkpoints, one pass.

Read in this order: `merkle`, `leaf`, `tiles`, `note`, `checkpoint`, `heads`; then what an
installation keeps (`public_keys`, `evidence`) and how a checkpoint is made (`stored`, `ledger`,
`checkpointing`); then what is said of each event by itself (`layout`, `signatures`, `survey`,
`surveyors`), what one pass over the log compares (`places`, `order_check`, `events`, `journals`,
`projections`, `data_keys`), what is looked at beside it (`own_evidence`, `tile_files`,
`readings`), what can be found (`differences`, `verdicts`) and the pass itself (`examination`).

How a log gets events back: `repair` chooses, `blocks` and `highway` write, `repairs` remembers.

Who signs along: `cosignature`, `consistency`, `witness_state`, `witness`; which checkpoints count
then: `counted`.
"""

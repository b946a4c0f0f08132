"""What all four services stand on.

Read in this order: messages, decider, codec, store, handling, read_models, runner, service.
"""

"""Training (育): classes and credited hours, training tasks, postings and mentors.

Read in this order: standards (what the rules ask), record, training_class, correction, posting,
mentorship; then handlers, reactions, tables, read_models, trainees, queries, app.
"""

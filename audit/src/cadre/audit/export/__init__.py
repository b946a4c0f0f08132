"""What goes into a package for people outside: events, proofs, and a file that can be read.

Read in this order: ``scopes`` (what is asked for), ``cited`` and ``disclosure`` (what is added to
the events), ``document`` (a text for people), ``dossier`` and ``motion_file`` (what it says),
``page`` and ``paper`` (as HTML and as PDF), then ``contents`` (everything in its entry).
"""

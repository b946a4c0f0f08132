"""The log into journal and tables, and reactions to it; what another branch does to both."""

"""The one log: its server, appends and reads, and an event as its bytes hold it."""

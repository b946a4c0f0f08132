"""What a process needs whatever it does: settings, memory, claims, what it tells, how it is."""

"""One running service: its connections, what it does by the calendar, what it watches."""

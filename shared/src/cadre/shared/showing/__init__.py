"""What a service declares and shows: its tables, reads of them, reports, histories."""

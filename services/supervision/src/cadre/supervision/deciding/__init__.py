"""What Supervision decides: pure, a file for each mechanism."""

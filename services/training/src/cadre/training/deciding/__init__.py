"""What Training decides: pure, a file for each mechanism."""

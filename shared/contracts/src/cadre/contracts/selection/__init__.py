"""What Selection (选) tells the others, by mechanism."""

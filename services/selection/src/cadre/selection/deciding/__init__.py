"""What Selection decides, a pure file for each mechanism."""

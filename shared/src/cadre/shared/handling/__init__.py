"""The path of a command: histories loaded, a decision taken, events appended, an outcome told."""

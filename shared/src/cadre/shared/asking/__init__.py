"""What callers may send: texts and parameters with their bounds, headers, a command's body."""

"""What Training shows beyond what follows from its declarations."""

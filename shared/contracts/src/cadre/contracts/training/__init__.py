"""What Training (育) tells the others, by mechanism."""

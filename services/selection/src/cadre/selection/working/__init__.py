"""What Selection does in the world: who is meant by an ID number, and forgetting them."""

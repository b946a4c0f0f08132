"""A fictional county and years of its cadres' lives: files to import, a script to play."""

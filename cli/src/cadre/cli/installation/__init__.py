"""An installation: its directory or its servers, what runs there, what keeps it; no terminal."""

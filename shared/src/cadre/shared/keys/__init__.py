"""The keys of persons: the master key, the store of data keys, sealing and opening."""

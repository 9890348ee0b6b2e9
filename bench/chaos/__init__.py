"""The fault catalogue: what goes wrong in the middle of a send, done to real processes, and what must hold afterwards."""

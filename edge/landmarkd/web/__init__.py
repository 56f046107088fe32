"""Web pages of a stream, a recording and a profile."""

"""Pages: what a browser shows of a stream, a recording and a profile."""

"""Writes what is made from the schema: the C header, its printer, the dissector and the tables of docs/wire.md."""

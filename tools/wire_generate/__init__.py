"""Generates files from the schema: C header, dissector, JSON schema, tables of docs/wire.md."""

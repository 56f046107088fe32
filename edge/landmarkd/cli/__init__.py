"""The command line: typer commands, and the only place that prints."""

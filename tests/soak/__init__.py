"""The soak: a million frames at full speed through the pipeline, with lost faces and reconnects."""

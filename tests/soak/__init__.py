"""The soak: a million frames at full speed through the whole pipeline, with faces lost and everything reconnected."""

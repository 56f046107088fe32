"""The settings: models of the configuration, validated when they are built."""

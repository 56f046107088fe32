"""What can be set: the models of the configuration, validated where they are built."""

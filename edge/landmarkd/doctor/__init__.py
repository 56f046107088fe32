"""What can be wrong with a machine that runs landmarkd: checks with the command that fixes it."""

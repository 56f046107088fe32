"""What can be wrong with a machine that runs landmarkd: small checks, each with its remedy."""

"""The representative set for int8 quantisation."""

"""From PyTorch to int8 TFLite."""

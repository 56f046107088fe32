"""Models that look at one part of the face closely: the mouth, the brows."""

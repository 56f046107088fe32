"""Programs for the development of landmarkd; nothing here is installed."""

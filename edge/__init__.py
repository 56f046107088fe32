"""landmarkd: gpsd for faces."""

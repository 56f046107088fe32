"""The page of `landmarkd view`: what a device elsewhere sends, drawn in a browser on this machine."""

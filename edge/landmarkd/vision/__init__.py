"""From a frame to landmarks: interpreter, detector, landmark model, crop geometry, tracker."""

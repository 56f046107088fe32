"""Appearance of synthetic faces: skins, masks, backgrounds, image-space occluders and the camera.

Every function takes a `numpy.random.Generator` and depends on nothing else, so a crop can be made
again from its seed. What is expensive to make is kept in banks, built once per process from fixed
seeds. Colours are linear RGB float32, 1.0 being a white diffuse surface, until `camera.develop`
makes a picture.
"""

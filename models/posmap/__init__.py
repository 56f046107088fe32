"""UV position maps: where in the image each texel of the head's texture lies."""

from models.posmap.folder import Pair, read_folder, write_pair
from models.posmap.map import PositionMap
from models.posmap.sample import ReferenceSampler, Sampler

__all__ = ["Pair", "PositionMap", "ReferenceSampler", "Sampler", "read_folder", "write_pair"]

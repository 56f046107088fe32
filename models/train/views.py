"""Augmentation of a whole batch on the training device: the same steps as `augment` for one crop.

Every stored crop gives two views that differ as two frames of a video do: a slightly different
region, other noise, another phase of the compression. `loss.restlessness` compares the outputs of a
network for the two.
"""

import math
import random
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from models.train.augment import DENSE, Jitter, Shake
from models.train.jpeg import compress
from models.train.mirror import mirror_nearest, mirror_weights


class Views:
    """Makes batches of views on one device.

    Args:
        jitter: As for single crops.
        shake: Between the two views of a crop.
        device: Where everything happens.
        seed: Of all that is random.
    """

    def __init__(self, jitter: Jitter, shake: Shake, device: torch.device, seed: int) -> None:
        self.jitter, self.shake, self.device = jitter, shake, device
        self.generator = torch.Generator(device).manual_seed(seed)
        self.random = random.Random(seed)
        neighbours, weights = mirror_weights()
        self.neighbours = torch.from_numpy(neighbours).to(device)
        self.mixture = torch.from_numpy(weights).float().to(device)
        self.nearest = torch.from_numpy(mirror_nearest()).to(device)
        self.places = torch.arange(jitter.side, device=device, dtype=torch.float32)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform random numbers."""
        return torch.rand(shape, generator=self.generator, device=self.device) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        """Normal random numbers."""
        return torch.randn(shape, generator=self.generator, device=self.device)

    def chance(self, share: float, *shape: int) -> Tensor:
        """True with this probability."""
        return torch.rand(shape, generator=self.generator, device=self.device) < share

    def make(
        self, images: Tensor, points: Tensor, visible: Tensor, face: Tensor, roll_deg: Tensor
    ) -> dict[str, Tensor]:
        """Two views of each crop.

        Args:
            images: (N, S, S, 3) uint8 RGB.
            points: (N, 562, 3) pixels, NaN where nobody knows.
            visible: (N, 562) bool.
            face: (N,) bool.
            roll_deg: (N,), NaN where it is not known.

        Returns:
            "images" (2N, 3, side, side) as the network takes them, "points", "visible", "face" of
            them as in `data.Samples`, and "back" (2N, 2, 3), see `loss.restlessness`.
        """
        count, width = len(images), images.shape[1]
        mirrored = self.chance(0.5, count)
        reflected = points * points.new_tensor([-1, 1, 1]) + points.new_tensor([width - 1, 0, 0])
        reflected = (reflected[:, self.neighbours] * self.mixture[..., None]).sum(2)
        points = torch.where(mirrored[:, None, None], reflected, points)
        visible = torch.where(mirrored[:, None], visible[:, self.nearest], visible)
        roll_deg = torch.where(mirrored, -roll_deg, roll_deg)

        matrices = self._matrices(points, face, roll_deg, width)
        pictures = self._sample(images, matrices, mirrored, width)
        twice = points.repeat_interleave(2, 0)
        moved = torch.cat(
            [
                twice[..., :2] @ matrices[..., :2].mT + matrices[:, None, :, 2],
                twice[..., 2:] * _scale(matrices),
            ],
            2,
        )
        back = _then(_inverse(matrices), matrices[::2].repeat_interleave(2, 0))
        pictures = self._disturb(pictures)
        return {
            "images": ((pictures - 128) / 127.5).contiguous(memory_format=torch.channels_last),
            "points": moved,
            "visible": visible.repeat_interleave(2, 0),
            "face": face.repeat_interleave(2, 0),
            "back": back,
        }

    def _matrices(self, points: Tensor, face: Tensor, roll_deg: Tensor, width: int) -> Tensor:
        """Affines (2N, 2, 3) from pixels of the stored crops, mirrored or not, to view pixels."""
        jitter, shake, count = self.jitter, self.shake, len(points)
        turn = self.normal(count) * jitter.turn_deg
        kind = self.uniform(0, 1, count)
        wild = kind < jitter.wild
        upright = ~wild & (kind < jitter.wild + jitter.upright)
        turn = torch.where(upright, turn + torch.nan_to_num(roll_deg), turn)
        turn = torch.where(wild, self.uniform(-jitter.wild_deg, jitter.wild_deg, count), turn)
        axes = _axes(turn)
        turned = points[:, :DENSE, :2] @ axes.mT
        middle = axes @ points.new_full((2,), width / 2)
        low = torch.where(
            face[:, None], torch.nan_to_num(turned, nan=1e9).amin(1), middle - width * 0.28
        )
        high = torch.where(
            face[:, None], torch.nan_to_num(turned, nan=-1e9).amax(1), middle + width * 0.28
        )
        longer = (high - low).amax(1)
        usual, far_off = (
            torch.exp(self.uniform(math.log(scale[0]), math.log(scale[1]), count))
            for scale in (jitter.scale, jitter.wild_scale)
        )
        span = jitter.margin * longer * torch.where(wild, far_off, usual)
        shift = torch.where(wild, jitter.wild_shift, jitter.shift) * longer
        centre = (low + high) / 2 + self.normal(count, 2) * shift[:, None]
        centre = (axes.mT @ centre[..., None])[..., 0]

        far = torch.where(self.chance(shake.far_share, count), shake.far, 1.0)
        turns = torch.stack([turn, turn + self.normal(count) * shake.turn_deg * far], 1).flatten()
        spans = torch.stack(
            [span, span * torch.exp(self.normal(count) * shake.scale * far)], 1
        ).flatten()
        shift = self.normal(count, 2) * (shake.shift * far * longer)[:, None]
        centres = torch.stack([centre, centre + shift], 1).flatten(0, 1)
        linear = _axes(turns) * (jitter.side / spans)[:, None, None]
        offset = (jitter.side - 1) / 2 - (linear @ centres[..., None])
        return torch.cat([linear, offset], 2)

    def _sample(self, images: Tensor, matrices: Tensor, mirrored: Tensor, width: int) -> Tensor:
        """Bilinear pictures (2N, 3, side, side), 0 to 255; the border is repeated or one colour."""
        side, count = self.jitter.side, len(images)
        inverse = _inverse(matrices)
        x = inverse[:, :, 0, None, None] * self.places + inverse[:, :, 2, None, None]
        grid = x + inverse[:, :, 1, None, None] * self.places[:, None]
        grid = grid.unflatten(0, (count, 2))  # (N, 2, 2, side, side): crop, view, axis
        flipped = torch.where(
            mirrored[:, None, None, None], width - 1 - grid[:, :, 0], grid[:, :, 0]
        )
        grid = torch.stack([flipped, grid[:, :, 1]], -1).flatten(1, 2)
        replicate = self.chance(0.4, count)[:, None, None, None]
        grid = torch.where(replicate, grid.clamp(0, width - 1), grid) * (2 / (width - 1)) - 1
        fill = self.uniform(0, 255, count, 3) * self.chance(0.5, count)[:, None]
        source = images.permute(0, 3, 1, 2).float() - fill[:, :, None, None]
        pictures = functional.grid_sample(source, grid, align_corners=True) + fill[:, :, None, None]
        return pictures.unflatten(2, (2, side)).transpose(1, 2).flatten(0, 1)

    def _disturb(self, pictures: Tensor) -> Tensor:
        """Change colours and sharpness, add covers, noise and JPEG; the last two differ by view."""
        count = len(pictures) // 2

        def both(value: Tensor) -> Tensor:
            return value.repeat_interleave(2, 0)

        kind = both(self.uniform(0, 1, count))[:, None, None, None]
        grey = (pictures * pictures.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(
            1, keepdim=True
        )
        order = torch.rand(count, 3, generator=self.generator, device=self.device).argsort(1)
        exchanged = pictures.gather(1, both(order)[:, :, None, None].expand_as(pictures))
        pictures = torch.where(kind < 0.12, grey, torch.where(kind < 0.2, exchanged, pictures))
        pictures = self._soften(pictures)
        pictures = self._tone(pictures, both)
        pictures = self._cover(pictures, both)
        sigma = torch.exp(self.uniform(0, math.log(14), count)) * self.chance(0.35, count)
        pictures = pictures + self.normal(*pictures.shape) * both(sigma)[:, None, None, None]
        pictures = pictures.clamp(0, 255)
        written = compress(pictures, both(self.uniform(20, 90, count)))
        chosen = both(self.chance(0.25, count))[:, None, None, None]
        return torch.where(chosen, written, pictures).clamp(0, 255).round()

    def _soften(self, pictures: Tensor) -> Tensor:
        """Downscale 8 of 100 pictures and blur 8 others; neighbours in the batch share it."""
        side, part = pictures.shape[-1], max(2, len(pictures) // 50 // 2 * 2)
        done = []
        for number in range(8):
            chunk = pictures[number * part : (number + 1) * part]
            if not len(chunk):
                continue
            if number < 4:
                small = int(self.random.uniform(28, 90))
                chunk = functional.interpolate(
                    chunk, (small, small), mode="bilinear", antialias=True
                )
                chunk = functional.interpolate(chunk, (side, side), mode="bilinear")
            else:
                sigma = self.random.uniform(0.4, 1.8)
                kernel = torch.exp(
                    -0.5 * (torch.arange(-5.0, 6.0, device=self.device) / sigma) ** 2
                )
                kernel = (kernel / kernel.sum()).repeat(3, 1)
                chunk = functional.pad(chunk, (5, 5, 5, 5), mode="reflect")
                chunk = functional.conv2d(chunk, kernel[:, None, None, :], groups=3)
                chunk = functional.conv2d(chunk, kernel[:, None, :, None], groups=3)
            done.append(chunk)
        return torch.cat([*done, pictures[sum(map(len, done)) :]])

    def _tone(self, pictures: Tensor, both: Callable[[Tensor], Tensor]) -> Tensor:
        """Gamma, brightness, colour cast and contrast; views differ by 1 % in brightness."""
        count = len(pictures) // 2
        gamma = torch.exp(self.normal(count) * 0.2)
        gain = torch.exp(self.normal(count) * 0.18)[:, None] * torch.exp(
            self.normal(count, 3) * 0.06
        )
        middle = (gain.mean(1) / (gamma + 1))[:, None, None, None]
        contrast = self.uniform(0.7, 1.25, count)[:, None, None, None]
        offset = self.normal(count)[:, None, None, None] * 0.05
        flicker = 1 + 0.01 * self.normal(2 * count)[:, None, None, None]
        curved = (pictures.clamp(0, 255) / 255) ** both(gamma)[:, None, None, None] * both(gain)[
            :, :, None, None
        ]
        middle = both(middle)
        curved = ((curved * flicker - middle) * both(contrast) + middle + both(offset)).clamp(
            0, 1
        ) * 255
        return torch.where(both(self.chance(0.7, count))[:, None, None, None], curved, pictures)

    def _cover(self, pictures: Tensor, both: Callable[[Tensor], Tensor]) -> Tensor:
        """One or two rectangles in a fifth of the pictures, of one colour or of another picture."""
        count, side = len(pictures) // 2, pictures.shape[-1]
        chosen = self.chance(0.2, count)
        for second in (False, True):
            here = chosen & self.chance(0.5, count) if second else chosen
            size = self.uniform(0.08, 0.35, count, 2) * side
            start = self.uniform(0, 1, count, 2) * (side - size)
            inside = (self.places >= start[..., None]) & (
                self.places < (start + size)[..., None]
            )  # (N, 2, side)
            mask = both(
                (inside[:, 0, :, None] & inside[:, 1, None, :] & here[:, None, None])[:, None]
            )
            colour = both(self.uniform(0, 255, count, 3))[:, :, None, None]
            other = both(self.chance(0.4, count))[:, None, None, None]
            pictures = torch.where(mask, torch.where(other, pictures.roll(2, 0), colour), pictures)
        return pictures


def _axes(turn_deg: Tensor) -> Tensor:
    """(N, 2, 2) that turn by the angle, counter-clockwise in the image."""
    angle = torch.deg2rad(turn_deg)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return torch.stack([torch.stack([cosine, sine], 1), torch.stack([-sine, cosine], 1)], 1)


def _scale(matrices: Tensor) -> Tensor:
    """(N, 1, 1) by how much similarities enlarge."""
    return matrices[:, :, 0].norm(dim=1)[:, None, None]


def _inverse(matrices: Tensor) -> Tensor:
    """(N, 2, 3) that undo similarities."""
    linear = matrices[..., :2].mT / _scale(matrices) ** 2
    return torch.cat([linear, -linear @ matrices[..., 2:]], 2)


def _then(first: Tensor, second: Tensor) -> Tensor:
    """(N, 2, 3) that do one after the other."""
    linear = second[..., :2] @ first[..., :2]
    return torch.cat([linear, second[..., :2] @ first[..., 2:] + second[..., 2:]], 2)

"""What tells persons apart is learnt from pictures of the same persons in several conditions."""

import numpy as np
import pytest

pytest.importorskip("numba")

from models.persons import CONDITIONS, DIMENSIONS, discriminant, distances


def test_what_changes_with_the_conditions_does_not_tell_persons_apart():
    rng = np.random.default_rng(5)
    people, size = 40, 60
    own = rng.normal(0, 1, (people, size)) * (np.arange(size) < 15)
    # Far more than what differs between persons, but elsewhere.
    smiles = rng.normal(0, 5, (len(CONDITIONS), size)) * (np.arange(size) >= 30)
    shapes = {
        (person, condition): own[person] + smiles[n] * rng.uniform(0, 1) + rng.normal(0, 0.1, size)
        for person in range(people)
        for n, condition in enumerate(CONDITIONS)
    }
    known = {key: shape for key, shape in shapes.items() if key[0] % 4}
    matrix = discriminant(known)
    assert matrix.shape == (size, DIMENSIONS)
    found = distances({key: shapes[key] for key in shapes if key not in known}, matrix)
    others = found.pop("other persons")
    assert max(values.max() for values in found.values()) < 0.5 * np.percentile(others, 5)

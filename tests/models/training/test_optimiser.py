"""Two optimisers with the interface of one."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="needs the training extras: make venv-models")

from models.train.network import LandmarkNet  # noqa: E402
from models.training.optimiser import Optimiser, between_features  # noqa: E402


@pytest.fixture(params=[torch.channels_last, torch.contiguous_format])
def network(request: pytest.FixtureRequest) -> LandmarkNet:
    torch.manual_seed(3)
    return LandmarkNet(widths=(8, 12), hidden=((), (6,))).to(memory_format=request.param)


def optimiser_of(network: LandmarkNet, weight_decay: float) -> Optimiser:
    return Optimiser(network, weight_decay, between_features(network))


def changes(network: LandmarkNet, optimiser: Optimiser, rate: float) -> dict[str, torch.Tensor]:
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    optimiser.step(rate)
    return {name: value.detach() - before[name] for name, value in network.named_parameters()}


def give_gradients(network: LandmarkNet) -> None:
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter) * torch.logspace(
            -3, 0, parameter.shape[0]
        ).view(-1, *[1] * (parameter.ndim - 1))


def test_weights_between_features_change_equally_in_all_directions(network: LandmarkNet) -> None:
    give_gradients(network)
    change = changes(network, optimiser_of(network, 0.0), 0.01)
    kernel = change["stages.1.4.squeeze.0.weight"]
    values = torch.linalg.svdvals(kernel.flatten(1))
    given = torch.linalg.svdvals(network.stages[1][4].squeeze[0].weight.grad.flatten(1))
    assert given[0] / given[-1] > 100
    assert values[0] / values[-1] < 3
    # As large as a step of AdamW, which is about the learning rate in each weight.
    assert kernel.square().mean().sqrt() == pytest.approx(0.2 * 0.01, rel=0.3)


def test_everything_else_changes_by_the_learning_rate(network: LandmarkNet) -> None:
    give_gradients(network)
    change = changes(network, optimiser_of(network, 0.0), 0.01)
    for name in (
        "stem.0.weight",
        "stages.0.1.weight",
        "pool.weight",
        "points.weight",
        "log_sigma.bias",
    ):
        assert change[name].abs().mean() == pytest.approx(0.01, rel=0.05), name


def test_what_has_no_gradient_stays(network: LandmarkNet) -> None:
    give_gradients(network)
    network.stages[1][4].squeeze[0].weight.grad = None
    network.points.weight.grad = None
    change = changes(network, optimiser_of(network, 0.1), 0.01)
    assert not change["stages.1.4.squeeze.0.weight"].any()
    assert not change["points.weight"].any()
    assert change["stages.1.4.spread.0.weight"].any()


def test_one_goes_on_from_the_state_of_another(network: LandmarkNet) -> None:
    first = optimiser_of(network, 1e-3)
    give_gradients(network)
    first.step(0.01)
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    state = copy.deepcopy(first.state_dict())
    expected = changes(network, first, 0.02)
    network.load_state_dict(weights)
    second = optimiser_of(network, 1e-3)
    second.load_state_dict(state)
    again = changes(network, second, 0.02)
    assert all(torch.equal(again[name], expected[name]) for name in expected)


def test_weights_that_are_not_contiguous_are_refused() -> None:
    kernel = torch.nn.Parameter(torch.zeros(4, 6, 3, 3).transpose(0, 1))
    layer = torch.nn.Conv2d(4, 6, 3)
    layer.weight = kernel
    with pytest.raises(ValueError, match="contiguous in memory"):
        Optimiser(layer, 0.0, [kernel])


def test_what_reads_pixels_or_single_channels_is_no_matrix_between_features() -> None:
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3),
        torch.nn.Conv2d(8, 8, 3),
        torch.nn.Conv2d(8, 8, 3, groups=8),
        torch.nn.Conv2d(8, 4, 1),
    )
    assert [id(p) for p in between_features(network)] == [id(network[1].weight)]

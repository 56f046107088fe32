"""Several processes that train one network together, as torchrun starts them."""

import os
import signal

import cv2
import torch
from torch import Tensor, nn


class Processes:
    """The rank of this process among those that train together; without torchrun it is alone.

    Attributes:
        rank: Rank of this process, 0 for the one that writes.
        world: How many processes there are.
        device: Where this process trains.
    """

    def __init__(self, device: str = "auto") -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        if self.device.type == "cuda":
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(self.device)
            torch.backends.cudnn.benchmark = True
        if self.world > 1 and not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if device == "cuda" else "gloo")

    def share(self, forward: nn.Module) -> nn.Module:
        """Make the processes share a network's gradients."""
        return nn.parallel.DistributedDataParallel(forward) if self.world > 1 else forward

    def agree(self, value: float) -> float:
        """Return the first process's value, so that all of them stop and save together."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(shared, 0)
        return float(shared)

    def agree_on_names(self, value: list[str]) -> list[str]:
        """Return the first process's list."""
        if self.world == 1:
            return value
        shared = [value]
        torch.distributed.broadcast_object_list(shared, 0)
        return shared[0]

    def place_network(self, network: nn.Module) -> None:
        """Move a network to this process's device, channels last in memory, set to training."""
        network.to(self.device).train()
        # torch declares this argument for tensors only.
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def place(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return a batch on this process's device."""
        return {name: value.to(self.device, non_blocking=True) for name, value in batch.items()}


def begin_worker(_: int) -> None:
    """Prepare a process that makes batches: one thread, and only the trainer handles SIGTERM.

    The trainer writes its checkpoint first and then ends its workers.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)

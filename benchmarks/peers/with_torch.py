"""PyTorch as its users write it: a Sequential of Linear and Tanh, an optimizer of torch.optim, gathered batches."""

from __future__ import annotations

from itertools import pairwise

import torch
from problem import BATCH, INPUTS, RATES, TRAIN, WIDTHS, Curves, Job, Run, arrays, initial, orders
from torch import nn

VARIANTS = {"torch": {"fused": False}, "torch fused": {"fused": True}}
FUSED = ("adagrad", "adam", "gd", "sgd")  # torch's RMSprop has no fused form


def prepare(job: Job, *, fused: bool, seed: int = 0) -> Run:
    torch.set_num_threads(1)
    x, y = (torch.from_numpy(array) for array in arrays(job.dtype))
    return lambda: _train(job, x, y, fused=fused, seed=seed)


def _train(job: Job, x: torch.Tensor, y: torch.Tensor, *, fused: bool, seed: int) -> Curves:
    network = _network(job, x.dtype, seed)
    optimizer = _optimizer(job.optimizer, network, fused=fused)
    x_train, y_train, y_others = x[:TRAIN], y[:TRAIN], y[TRAIN:] > 0
    losses, accuracies = [], []
    for order in torch.from_numpy(orders(job.epochs, seed)):
        for rows in [None] if job.optimizer == "gd" else order.split(BATCH):
            x_batch, y_batch = (x_train, y_train) if rows is None else (x_train[rows], y_train[rows])
            optimizer.zero_grad()
            loss = 0.5 * nn.functional.mse_loss(network(x_batch).squeeze(1), y_batch)
            loss.backward()
            optimizer.step()
        with torch.inference_mode():
            outputs = network(x).squeeze(1)
            losses.append(nn.functional.mse_loss(outputs[:TRAIN], y_train).item())
            accuracies.append(((outputs[TRAIN:] > 0) == y_others).double().mean().item())
    return losses, accuracies


def _network(job: Job, dtype: torch.dtype, seed: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in pairwise((INPUTS, *WIDTHS[job.architecture], 1)):
        layers += [nn.Linear(*size, bias=False, dtype=dtype), nn.Tanh()]
    network = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter, w in zip(network.parameters(), initial(job.architecture, seed), strict=True):
            parameter.copy_(torch.from_numpy(w.T))
    return network


def _optimizer(name: str, network: nn.Module, *, fused: bool) -> torch.optim.Optimizer:
    weights, lr = network.parameters(), RATES[name]
    if name == "rmsprop":
        return torch.optim.RMSprop(weights, lr)
    kind = {"adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam, "gd": torch.optim.SGD, "sgd": torch.optim.SGD}[name]
    return kind(weights, lr, fused=fused or None)

"""The same network in PyTorch, on a GPU where there is one, and there in mixed precision if asked:
products of matrices in half precision (autocast), the loss scaled so that small gradients do not
become zero (GradScaler). Mixed precision has not run on a GPU yet, for want of one."""
import contextlib

import torch

from network_numpy import first_weights

NAME = "torch"


class Network:
    """Interface and first weights of network_numpy.Network."""

    def __init__(self, inputs, hidden, classes, rate, seed, precision="float32"):
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.mixed = precision == "mixed"
        if self.mixed and self.device == "cpu":
            raise SystemExit("train: mixed precision needs a GPU")
        self.scaler = torch.cuda.amp.GradScaler(enabled=self.mixed)
        self.layers = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.ReLU(),
                                          torch.nn.Linear(hidden, classes))
        parameters = list(self.layers.parameters())
        with torch.no_grad():
            for parameter, first in zip(parameters, first_weights(inputs, hidden, classes, seed)):
                parameter.copy_(torch.from_numpy(first.T.copy() if first.ndim == 2 else first))
        self.layers.to(self.device)
        self.optimizer = torch.optim.Adam(self.layers.parameters(), lr=rate)
        self.rate = rate

    @property
    def scale(self):
        return self.scaler.get_scale()

    def put(self, array):
        return torch.from_numpy(array).to(self.device)

    def autocast(self):
        return torch.autocast("cuda", torch.float16) if self.mixed else contextlib.nullcontext()

    def logits(self, x):
        with torch.no_grad(), self.autocast():
            return self.layers(self.put(x)).float().cpu().numpy()

    def step(self, x, labels, weights):
        labels, weights = self.put(labels), self.put(weights)
        with self.autocast():
            logits = self.layers(self.put(x))
        losses = torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        gradient = length(p.grad for p in self.layers.parameters())
        before = [p.detach().clone() for p in self.layers.parameters()]
        self.scaler.step(self.optimizer)  # left out where a scaled gradient is not finite
        self.scaler.update()
        moved = length(p.detach() - b for p, b in zip(self.layers.parameters(), before))
        hits = int((logits.argmax(1) == labels).sum())
        return float(loss.detach()), hits, gradient, moved

    def weight_length(self):
        return length(p.detach() for p in self.layers.parameters())


def length(tensors):
    return float(sum(float((t.float() ** 2).sum()) for t in tensors)) ** 0.5

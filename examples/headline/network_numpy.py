"""The network in NumPy: one hidden layer, cross-entropy, Adam, all in float32.

Made for machines without PyTorch; network_torch.py is the same network with the same interface, first
weights and order of arithmetic, so that both give the same curves up to rounding."""
import numpy

NAME = "numpy"


def first_weights(inputs, hidden, classes, seed):
    """He et al. 2015: normal, deviation sqrt(2 / inputs of the layer); biases 0."""
    draw = numpy.random.default_rng(seed)
    return [(draw.standard_normal((inputs, hidden)) * numpy.sqrt(2 / inputs)).astype(numpy.float32),
            numpy.zeros(hidden, numpy.float32),
            (draw.standard_normal((hidden, classes)) * numpy.sqrt(2 / hidden)).astype(numpy.float32),
            numpy.zeros(classes, numpy.float32)]


def probabilities(logits):
    shifted = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


class Network:
    """step() learns from one minibatch; logits() of pictures it has or has not seen."""

    def __init__(self, inputs, hidden, classes, rate, seed, precision="float32"):
        if precision != "float32":
            raise SystemExit("train: mixed precision needs PyTorch and a GPU")
        self.weights = first_weights(inputs, hidden, classes, seed)
        self.means = [numpy.zeros_like(w) for w in self.weights]
        self.squares = [numpy.zeros_like(w) for w in self.weights]
        self.rate, self.steps = rate, 0
        self.scale = 1.0  # of the loss: only mixed precision changes it

    def logits(self, x):
        w1, b1, w2, b2 = self.weights
        return numpy.maximum(x @ w1 + b1, 0) @ w2 + b2

    def step(self, x, labels, weights):
        """Mean loss before the step, hits, length of the gradient and of the step."""
        w1, b1, w2, b2 = self.weights
        hidden = numpy.maximum(x @ w1 + b1, 0)
        given = probabilities(hidden @ w2 + b2)
        rows, share = numpy.arange(len(labels)), weights / weights.sum()
        loss = -(share * numpy.log(numpy.maximum(given[rows, labels], 1e-30))).sum()
        hits = int((given.argmax(axis=1) == labels).sum())
        given[rows, labels] -= 1
        back = given * share[:, None].astype(numpy.float32)
        through = (back @ w2.T) * (hidden > 0)
        gradients = [x.T @ through, through.sum(axis=0), hidden.T @ back, back.sum(axis=0)]
        return float(loss), hits, length(gradients), self.adam(gradients)

    def adam(self, gradients):
        """Kingma and Ba 2015 with their constants; gives back the length of the step."""
        self.steps += 1
        moved = 0.0
        for w, m, v, g in zip(self.weights, self.means, self.squares, gradients):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            step = self.rate * (m / (1 - 0.9 ** self.steps)) / \
                (numpy.sqrt(v / (1 - 0.999 ** self.steps)) + 1e-8)
            step = step.astype(numpy.float32)
            w -= step
            moved += float(numpy.vdot(step, step))
        return moved ** 0.5

    def weight_length(self):
        return length(self.weights)


def length(arrays):
    return float(sum(float(numpy.vdot(a, a)) for a in arrays)) ** 0.5

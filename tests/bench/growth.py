"""compare.py --grow: what our own commands cost when the input grows."""

import math

import compare


def exponent(sizes, costs):
    """The slope of a line through the logarithms: cost ~ size ^ exponent."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y)) / sum((a - middle) ** 2 for a in x)


def at_size(options, name, size, folder):
    work, bench = compare.load(name), compare.Bench(options, folder)
    bench.size = size
    contestants = [c for c in compare.chosen(bench, work, options) if compare.ours(c)]
    return contestants, compare.measure([(bench, c) for c in contestants], options.runs)[0]


def show(name, sizes, runs):
    print(f"\n#### {name}\n\n| size | wall s | CPU s | resident MiB | anonymous MiB |\n|---|---|---|---|---|")
    for size, one in zip(sizes, runs):
        cells = [f"{compare.median(one, key):.{digits}f}" for key, digits in
                 (("wall", 2), ("cpu", 2), ("resident_mib", 0), ("anonymous_mib", 0))]
        print(f"| {size} | {' | '.join(cells)} |")
    cost = exponent(sizes, [compare.median(one, "cpu") for one in runs])
    memory = [compare.median(one, "anonymous_mib") for one in runs]
    print(f"\nCPU ~ size^{cost:.2f}; anonymous memory at the largest size is {memory[-1] / memory[0]:.2f} times "
          "that at the smallest.", flush=True)
    return {"exponent": cost, "memory": memory}


def grow(options, name, size, folder):
    """`size` is the smallest; by default a sixteenth of the work's own."""
    work = compare.load(name)
    base = size or max(1, work.SIZE // 16)
    sizes = [base * int(factor) for factor in options.grow.split(",")]
    print(f"\n### {name}: {work.TITLE.format(size='as many as the table says')}")
    found, names = [], []
    for one in sizes:
        contestants, runs = at_size(options, name, one, folder)
        names = [c.name for c in contestants]
        found.append(runs)
    return {"sizes": sizes, "contestants": {n: show(n, sizes, [runs[n] for runs in found]) for n in names}}

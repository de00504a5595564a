"""compare.py --grow: what our own commands cost when the input grows."""

import math

import compare

MOST = 1.05


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
        print(f"| {size} | {' | '.join(cells)} |", flush=True)
    costs = [max(1e-3, compare.median(one, "cpu")) for one in runs]
    return {"exponent": exponent(sizes, costs), "last": exponent(sizes[-2:], costs[-2:]), "cpu": costs,
            "memory": [compare.median(one, "anonymous_mib") for one in runs]}


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
        compare.clear(options, folder)
    return {"sizes": sizes, "contestants": {n: show(n, sizes, [runs[n] for runs in found]) for n in names}}


def finish(results):
    """The fit over all sizes hides a small size's fixed cost; the last step does not."""
    print(f"\n## Summary: CPU ~ size ^ exponent, at most {MOST}; anonymous memory\n\n| work | | exponent | of the last step | "
          "linear | MiB at each size | last / one before |\n|---|---|---|---|---|---|---|")
    worst = 0
    for work, found in results["works"].items():
        for name, one in found["contestants"].items():
            met = one["exponent"] <= MOST and one["last"] <= MOST
            worst |= 0 if met else 3
            memory = one["memory"]
            print(f"| {work} | {name} | {one['exponent']:.2f} | {one['last']:.2f} | {'yes' if met else 'no'} | "
                  f"{', '.join(f'{mib:.0f}' for mib in memory)} | {memory[-1] / max(1, memory[-2]):.2f} |")
    return worst

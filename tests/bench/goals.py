"""The goals of the works, and how near a run came to them.

A goal is a figure of one run: of ours (the first contestant), of ours to the best peer, or of ours to a
limit that the same run measured. What was not there (a peer, a limit) leaves the goal open."""

import statistics

import compare

GB = 1024  # MiB


class Goal:
    """`figure` of a Race is to be at most (or, `least`, at least) `bound`."""

    def __init__(self, text, bound, figure, least=False):
        self.text, self.bound, self.figure, self.least = text, bound, figure, least

    def judge(self, race):
        """(figure, met); (None, None) where a contestant is not there."""
        found = self.figure(race)
        if found is None:
            return None, None
        return found, found >= self.bound if self.least else found <= self.bound


class Race:
    """The runs of one work, by contestant."""

    def __init__(self, contestants, runs):
        self.runs = {c.name: runs[c.name] for c in contestants if runs.get(c.name)}
        self.ours = next((c.name for c in contestants if compare.ours(c) and c.name in self.runs), None)
        self.peers = [c.name for c in contestants if compare.whole(c) and c.name in self.runs]

    def median(self, name, key):
        return compare.median(self.runs[name], key)

    def best(self, key):
        return min((self.median(name, key) for name in self.peers), default=None)

    def named(self, words):
        return next((name for name in self.runs if words in name), None)

    def measured(self, words, key):
        """What the program named so measured itself."""
        name = self.named(words)
        values = [one["figures"][key] for one in self.runs.get(name, ()) if key in one.get("figures", {})]
        return statistics.median(values) if values else None


def ratio(a, b):
    return None if a is None or b is None else a / max(b, 1e-9)


def to_best(key):
    return lambda race: ratio(race.median(race.ours, key), race.best(key))


def to_limit(words, key):
    def figure(race):
        name = race.named(words)
        return None if name is None else ratio(race.median(race.ours, key), race.median(name, key))
    return figure


def own(key):
    return lambda race: race.median(race.ours, key)


def own_figure(words, key):
    return lambda race: race.measured(words, key)


def beside_best(bound):
    return [Goal("wall / best peer", bound, to_best("wall")), Goal("CPU / best peer", bound, to_best("cpu"))]


def at_most_memory(mib):
    return Goal("anonymous MiB", mib, own("anonymous_mib"))


GOALS = {
    "csv_numbers": [*beside_best(0.45), at_most_memory(64),
                    Goal("wall / plain C with zstd", 1.25, to_limit("with zstd", "wall")),
                    Goal("CPU / plain C with zstd", 1.25, to_limit("with zstd", "cpu"))],
    "csv_text": [*beside_best(0.5), at_most_memory(64)],
    "jsonl": beside_best(0.6),
    "clean_chain": [*beside_best(0.35), at_most_memory(GB)],
    "tensors": beside_best(0.5),
    "point_in_time": beside_best(0.4),
    "lookup": [Goal("p50 µs", 1, lambda race: ratio(race.measured("tamis", "p50_ns"), 1000)),
               Goal("p99 µs", 5, lambda race: ratio(race.measured("tamis", "p99_ns"), 1000))],
    "zscore": [Goal("numpy in place / our kernels", 6,
                    lambda race: ratio(race.measured("numpy", "kernel_ms"), race.measured("kernels", "kernel_ms")), True),
               Goal("share of the memory's scale bandwidth", 0.8, own_figure("kernels", "share"), True)],
    "picture_hashes": beside_best(0.4),
    "documents": beside_best(0.5),
    "near_documents": [Goal("numpy's CPU / ours", 20,
                            lambda race: ratio(race.named("numpy") and race.median("numpy", "cpu"),
                                               race.median(race.ours, "cpu")), True),
                       Goal("numpy's wall / ours", 20,
                            lambda race: ratio(race.named("numpy") and race.median("numpy", "wall"),
                                               race.median(race.ours, "wall")), True)],
}


def judge(name, race):
    """What is kept as JSON and shown: [{goal, bound, least, figure, met}]."""
    found = []
    for goal in GOALS.get(name, ()) if race.ours else ():
        figure, met = goal.judge(race)
        found.append({"goal": goal.text, "bound": goal.bound, "least": goal.least, "figure": figure, "met": met})
    return found


def verdict(one):
    if one["met"] is None:
        return "not measured"
    if one["met"]:
        return "met"
    far = one["bound"] / one["figure"] if one["least"] else one["figure"] / one["bound"]
    return f"missed by {100 * (far - 1):.0f} %"


def show(judged):
    if not judged:
        return
    print("\n| goal | bound | reached | |\n|---|---|---|---|")
    for one in judged:
        reached = "-" if one["figure"] is None else f"{one['figure']:.2f}"
        print(f"| {one['goal']} | {'≥' if one['least'] else '≤'} {one['bound']} | {reached} | {verdict(one)} |")


def line(name, result, race):
    """One row of the summary."""
    peers = [race.best(key) for key in ("wall", "cpu")]
    limit = min((n for n in race.runs if n.startswith("limit")), key=lambda n: -race.median(n, "cpu"), default=None)
    cells = [name, f"{race.median(race.ours, 'wall'):.2f} / {race.median(race.ours, 'cpu'):.2f}",
             f"{race.median(race.ours, 'anonymous_mib'):.0f}"]
    cells.append("-" if None in peers else f"{peers[0]:.2f} / {peers[1]:.2f}")
    cells.append("-" if None in peers else f"{to_best('wall')(race):.2f} / {to_best('cpu')(race):.2f}")
    cells.append("-" if limit is None else f"{race.median(limit, 'wall'):.2f} / {race.median(limit, 'cpu'):.2f}")
    cells.append("; ".join(f"{g['goal']} {'≥' if g['least'] else '≤'} {g['bound']}: "
                           f"{'-' if g['figure'] is None else format(g['figure'], '.2f')}, {verdict(g)}"
                           for g in result["goals"]) or "none set")
    return f"| {' | '.join(cells)} |"


def summary(results, races):
    print("\n## Summary\n\n| work | ours: wall / CPU s | anonymous MiB | best peer: wall / CPU s | ratio: wall / CPU | "
          "limit: wall / CPU s | goals |\n|---|---|---|---|---|---|---|")
    for name, race in races.items():
        if race.ours:
            print(line(name, results["works"][name], race))
    judged = [goal for name in races for goal in results["works"][name]["goals"]]
    met, known = sum(bool(goal["met"]) for goal in judged), sum(goal["met"] is not None for goal in judged)
    print(f"\n{met} of {known} goals measured are met, {len(judged) - known} could not be measured.", flush=True)

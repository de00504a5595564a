"""Charts as inline SVG. Colors are classes of the page's style, so that they follow light and dark."""
import html
import math

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 78, 26, 36


def ticks(low, high, most=5):
    """Round numbers that cover low ... high."""
    rough = (high - low) / most or 1
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def number(value):
    return f"{value:.4g}"


class Axes:
    def __init__(self, points, low=None):
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        self.x0, self.x1 = min(xs), max(xs)
        self.y0, self.y1 = (min(ys) if low is None else low), max(ys)
        room = (self.y1 - self.y0 or 1) * 0.06
        self.y1 += room
        self.y0 -= room if low is None else 0

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.x0) / (self.x1 - self.x0 or 1)

    def y(self, value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.y0) / (self.y1 - self.y0)

    def draw(self, title, across, text):
        out = [f'<text class="chart-title" x="{LEFT}" y="15">{html.escape(title)}</text>']
        for value in ticks(self.y0, self.y1):
            y = self.y(value)
            out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                       f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                       f"{text(value)}</text>")
        for value in ticks(self.x0, self.x1):
            out.append(f'<text class="tick" x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 15}" '
                       f'text-anchor="middle">{number(value)}</text>')
        out.append(f'<text class="tick" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 5}" '
                   f'text-anchor="middle">{html.escape(across)}</text>')
        return out


def path(axes, points):
    return "M" + " L".join(f"{axes.x(x):.1f} {axes.y(y):.1f}" for x, y in points)


def mean_of(runs):
    """The mean curve of runs with the same places."""
    return [(points[0][0], sum(y for _, y in points) / len(points)) for points in zip(*runs)]


def end_labels(axes, ends):
    """Names at the ends of the curves, moved apart where they would touch."""
    out, last = [], -99.0
    for name, (_, value), text in sorted(ends, key=lambda end: axes.y(end[1][1])):
        y = max(axes.y(value) + 4, last + 26)
        last = y
        x = WIDTH - RIGHT + 6
        out.append(f'<text class="name {name}" x="{x}" y="{y:.1f}">{name}</text>'
                   f'<text class="tick" x="{x}" y="{y + 12:.1f}">{text}</text>')
    return out


def curves(title, across, arms, text=number, level=None, marks=(), low=None):
    """arms: name -> runs, each a list of (x, y). Thin lines are runs, the thick one their mean.
    level: (y, words) of a line across; marks: (name, x) of a line down from it."""
    points = [p for runs in arms.values() for run in runs for p in run]
    if level:
        points.append((points[0][0], level[0]))
    axes = Axes(points, low)
    out = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'aria-label="{html.escape(title)}">'] + axes.draw(title, across, text)
    ends = []
    for name, runs in arms.items():
        out += [f'<path class="run {name}" d="{path(axes, run)}"/>' for run in runs]
        mean = mean_of(runs)
        out.append(f'<path class="mean {name}" d="{path(axes, mean)}"/>')
        ends.append((name, mean[-1], text(mean[-1][1])))
    if level:
        y = axes.y(level[0])
        out.append(f'<line class="level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                   f'<text class="tick" x="{WIDTH - RIGHT}" y="{y + 22:.1f}" text-anchor="end">'
                   f"{html.escape(level[1])}</text>")
        for name, x in marks:
            at = axes.x(x)
            out.append(f'<line class="mark {name}" x1="{at:.1f}" x2="{at:.1f}" y1="{y:.1f}" '
                       f'y2="{HEIGHT - BOTTOM}"/><text class="name {name}" x="{at + 4:.1f}" '
                       f'y="{HEIGHT - BOTTOM - 5}">{x:.3g}</text>')
    return "".join(out + end_labels(axes, ends) + ["</svg>"])


def ladder(rows, text):
    """rows: (words, class, values of the runs). A bar to the mean, a dot a run, and the change from
    the row above, in points of a hundred. HTML around small SVGs: it also fits a phone."""
    most = max(max(values) for _, _, values in rows)
    low = max(0.0, min(min(values) for _, _, values in rows) - 0.35 * most)
    out, before = [], None
    for words, kind, values in rows:
        mean = sum(values) / len(values)
        change = "" if before is None else f"{(mean - before) * 100:+.1f}".replace("-", "\u2212")
        dots = "".join(f'<line class="dot" x1="{place:.2f}" x2="{place:.2f}" y1="2" y2="8"/>'
                       for place in (100 * (value - low) / (most - low) for value in values))
        out.append(f'<div class="rung"><span>{html.escape(words)}</span><svg viewBox="0 0 100 10" '
                   f'preserveAspectRatio="none" role="img" aria-label="{text(mean)}"><rect '
                   f'class="bar {kind}" width="{100 * (mean - low) / (most - low):.2f}" height="10"/>'
                   f"{dots}</svg><b>{text(mean)}</b><i>{change}</i></div>")
        before = mean
    return "".join(out)

"""The results of compare.py as a picture: for each work, CPU seconds of every contestant beside the best peer's."""

from xml.sax.saxutils import escape

BAR, GAP, LEFT, WIDTH = 16, 6, 250, 460


def median(runs, key):
    values = sorted(one[key] for one in runs)
    return values[len(values) // 2]


def kind(name):
    return "ours" if name.startswith("tamis") else "limit" if name.startswith("limit") else "peer"


def bars(work, y):
    """One group: (svg, height)."""
    costs = {name: median(runs, "cpu") for name, runs in work["runs"].items()}
    peers = [cost for name, cost in costs.items() if kind(name) == "peer"]
    unit = min(peers) if peers else max(costs.values())
    most = max(3.0, *(cost / unit for name, cost in costs.items() if kind(name) != "peer"))
    out = [f'<text x="8" y="{y + 12}" class="title">{escape(work["title"])}</text>']
    y += 22
    for name, cost in sorted(costs.items(), key=lambda item: item[1]):
        share = cost / unit
        beyond = " \u2192" if share > most else ""
        width = max(1.0, min(share, most) / most * WIDTH)
        out.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>'
                   f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" class="{kind(name)}"/>'
                   f'<text x="{LEFT + width + 6:.1f}" y="{y + 12}">{share:.2f}{beyond}'
                   f' ({cost:.2f} s)</text>')
        y += BAR + GAP
    return "\n".join(out), y + 14


def ratios(results):
    parts, y = [], 40
    for work in results["works"].values():
        if "runs" in work and work["runs"]:
            svg, y = bars(work, y)
            parts.append(svg)
    style = ("text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.ours{fill:#1f6f5c}.peer{fill:#b9c0c7}"
             ".limit{fill:#e0b354}@media(prefers-color-scheme:dark){text{fill:#ddd}svg{background:#161a1d}}")
    width = LEFT + WIDTH + 130
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" height="{y}">'
            f"<style>{style}</style><text x=\"8\" y=\"18\">CPU seconds, best peer = 1; {escape(results['machine'])}</text>\n"
            + "\n".join(parts) + "\n</svg>\n")

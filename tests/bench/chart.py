"""A chart of what a message costs: one bar a row, its CPU by who used it."""

from collections.abc import Mapping
from html import escape

from tests.bench.figures import Sample

PARTS = (("server", "hub"), ("database", "database"), ("redis", "Redis"))
_WIDTH, _LEFT, _RIGHT = 760, 120, 70
_TOP, _STEP, _BAR, _FOOT = 56, 34, 20, 14
_ROOM = _WIDTH - _LEFT - _RIGHT
_SPACE = 'xmlns="http://www.w3.org/2000/svg"'
_ROLE = 'role="img" aria-labelledby="title desc"'
_STYLE = """
    svg { --ink: #1c2333; --soft: #5d6779; --paper: #ffffff; }
    svg { --server: #4a6fe3; --database: #d9822b; --redis: #1f9d68; }
    @media (prefers-color-scheme: dark) {
      svg { --ink: #e8ebf2; --soft: #a3adbf; --paper: #161b26; }
      svg { --server: #7d9bff; --database: #f0a653; --redis: #4fd39b; }
    }
    text { font: 500 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    text { fill: var(--ink); }
    .name { text-anchor: end; }
    .soft { fill: var(--soft); }
    .paper { fill: var(--paper); }
    .server { fill: var(--server); }
    .database { fill: var(--database); }
    .redis { fill: var(--redis); }
"""


def draw(rows: Mapping[str, Sample]) -> str:
    """Return an SVG of the rows under load, for light and dark pages."""
    loaded = {name: one for name, one in rows.items() if one.loaded}
    height = _TOP + _STEP * len(loaded) + _FOOT
    most = max(one.total for one in loaded.values())
    told = "; ".join(f"{name}: {one.total:.0f}" for name, one in loaded.items())
    return "\n".join(
        [
            f'<svg {_SPACE} viewBox="0 0 {_WIDTH} {height}" {_ROLE}>',
            '  <title id="title">Microseconds of CPU per request</title>',
            f'  <desc id="desc">{escape(told)}</desc>',
            f"  <style>{_STYLE}  </style>",
            f'  <rect class="paper" width="{_WIDTH}" height="{height}"/>',
            *_legend(),
            *(
                line
                for position, (name, one) in enumerate(loaded.items())
                for line in _bar(name, one, _TOP + _STEP * position, _ROOM / most)
            ),
            "</svg>",
            "",
        ]
    )


def _legend() -> list[str]:
    lines = [f'  <text class="soft" x="{_WIDTH - 16}" y="28" text-anchor="end">µs of CPU</text>']
    for position, (part, word) in enumerate(PARTS):
        x = _LEFT + 110 * position
        lines.append(f'  <rect class="{part}" x="{x}" y="18" width="12" height="12" rx="2"/>')
        lines.append(f'  <text x="{x + 18}" y="28">{word}</text>')
    return lines


def _bar(name: str, one: Sample, y: int, scale: float) -> list[str]:
    middle = y + _BAR - 6
    lines = [f'  <text class="name" x="{_LEFT - 10}" y="{middle}">{escape(name)}</text>']
    x = float(_LEFT)
    for part, _ in PARTS:
        width = getattr(one, part) * scale
        if width:
            lines.append(
                f'  <rect class="{part}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}"/>'
            )
        x += width
    lines.append(f'  <text class="soft" x="{x + 8:.1f}" y="{middle}">{one.total:.0f}</text>')
    return lines

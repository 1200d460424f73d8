"""Markdown tables of figures."""

from collections.abc import Iterable, Sequence

NOTHING = "·"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> str:
    """Return a Markdown table: so many columns of text, then figures to the right."""
    ruler = ["---" if column < texts else "--:" for column in range(len(heads))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ruler, *rows)) + "\n"


def figure(value: float | None) -> str:
    """Return a figure with the digits that it deserves; a dot when there is none."""
    if value is None:
        return NOTHING
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

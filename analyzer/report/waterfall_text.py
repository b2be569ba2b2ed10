"""One request's way over all proxies for a terminal: a line a log line, with a bar where it lies in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..trace.spans import Span
from ..trace.waterfall import Step

WIDE = 24
"""Characters of a bar that takes as long as the whole request."""
HEAD = ("proxy and call", "version", "start", "took", "code")


def lines(steps: Sequence[Step], spans: Sequence[Span] = ()) -> Iterator[str]:
    """Text only, flush columns; with spans, how long each took by its own clock stands beside."""
    whole = max((step.offset + (step.duration or 0) for step in steps), default=0.0) or 1.0
    by_line = {span.line: span for span in spans if span.line is not None}
    head = (*HEAD, *(("span",) if spans else ()))
    rows = [
        _row(step, by_line.get(at) if spans else None, spans=bool(spans)) for at, step in enumerate(steps)
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    yield _flush(head, widths)
    for step, row in zip(steps, rows, strict=True):
        yield f"{_flush(row, widths)}  {_bar(step, whole)}  {_remark(step)}".rstrip()
    for span in spans:
        if span.line is None:
            told = (f"{span.service} {span.name}", f"{span.duration:.3f} ms", span.code)
            yield f"span without a line: {', '.join(filter(None, told))}"


def what(step: Step) -> str:
    """``productpage → reviews`` for a call, ``at reviews`` for its arrival."""
    return f"{step.app} → {step.destination}" if step.outbound else f"at {step.proxy}"


def _row(step: Step, span: Span | None, *, spans: bool) -> tuple[str, ...]:
    took = "–" if step.duration is None else f"{step.duration} ms"
    beside = ("–" if span is None else f"{span.duration:.3f} ms",) if spans else ()
    return (
        "  " * step.depth + what(step),
        step.version,
        f"+{step.offset:g} ms",
        took,
        str(step.code),
        *beside,
    )


def _flush(row: Sequence[str], widths: Sequence[int]) -> str:
    first, version, *numbers = zip(row, widths, strict=True)
    cells = [first[0].ljust(first[1]), version[0].ljust(version[1])]
    return "  ".join([*cells, *(cell.rjust(width) for cell, width in numbers)])


def _bar(step: Step, whole: float) -> str:
    begin = min(int(WIDE * step.offset / whole), WIDE - 1)
    size = max(round(WIDE * (step.duration or 0) / whole), 1)
    return (" " * begin + "█" * min(size, WIDE - begin)).ljust(WIDE)


def _remark(step: Step) -> str:
    told = (
        f"try {step.attempt}" if step.attempt else "",
        "a mirror's copy" if step.copy else "",
        f"{step.flags}: {step.meaning}" if step.flags else step.note,
    )
    return "; ".join(filter(None, told))

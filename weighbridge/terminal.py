"""Rich, for text from anywhere: loaded where somebody looks on, since it takes a while."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from analyzer import harmless

from .console import nobody_reads


class Harmless(Console):
    """Text may come from anywhere: no terminal obeys it, and rich takes none of it for markup."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, soft_wrap=True, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich makes of it; styles and cursor movements are rich's own, the text is not."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=harmless.text(segment.text))

    def on_broken_pipe(self) -> None:
        """Rich would exit with 1 where nobody reads any more, which is the code of a refuted claim."""
        nobody_reads(self.file)

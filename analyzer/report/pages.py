"""How a page is made of its template: whatever comes from elsewhere is escaped, and nothing is left out."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from .. import harmless
from . import figures

PAGES = Environment(
    loader=PackageLoader("analyzer.report"),
    autoescape=True,  # names, errors and documents come from elsewhere
    undefined=StrictUndefined,
    finalize=lambda value: harmless.text(value) if type(value) is str else value,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {
    "count": figures.count,
    "percent": figures.percent,
    "size": figures.size,
    "zip": zip,
}

"""What ``istioctl x precheck`` finds in the way of an installation, from its text and from its JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .istioctl import Istioctl, IstioctlError

_JSON_SINCE = 20
_LINE = re.compile(r"^(Error|Warning|Info) \[(IST\d{4})\] \((.*?)\) (.*)$")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in the way: ``level`` is Error, Warning or Info; ``origin`` the object it is about."""

    level: str
    code: str
    origin: str
    message: str

    def __str__(self) -> str:
        return f"{self.level} {self.code} ({self.origin}): {self.message}"


def precheck(istioctl: Istioctl) -> Sequence[Finding]:
    """Ask the cluster; raises IstioctlError where the check itself fails."""
    form = ("-o", "json") if istioctl.version.since(_JSON_SINCE) else ()
    arguments = ("x", "precheck", *form)
    answer = istioctl.ask(*arguments)
    found = findings(answer.out)
    if answer.code and not found:
        raise IstioctlError(
            f"istioctl x precheck failed: {answer.reason}", f"try it by hand: {istioctl.shown(*arguments)}"
        )
    return found


def blocking(found: Sequence[Finding]) -> Sequence[Finding]:
    """Those that an installation must not pass over; a warning is for people to judge."""
    return [finding for finding in found if finding.level == "Error"]


def findings(out: str) -> Sequence[Finding]:
    """From what it prints on stdout: JSON since Istio 1.20, text before; nothing, where all is well."""
    text = out.strip()
    if text.startswith("["):
        try:
            return [_of_json(one) for one in json.loads(text)]
        except (ValueError, AttributeError) as error:
            raise IstioctlError(f"istioctl x precheck printed no JSON: {error}") from error
    matches = (_LINE.match(line.strip()) for line in text.splitlines())
    return [Finding(match[1], match[2], match[3], match[4]) for match in matches if match]


def refuse(found: Sequence[Finding], istioctl: Istioctl) -> None:
    """Raise MeshError for the first error; the hint says how to see them all."""
    for finding in blocking(found):
        raise IstioctlError(
            f"the cluster is not ready for Istio {istioctl.version}: {finding.message} ({finding.code})",
            f"see all with: {istioctl.shown('x', 'precheck')}",
        )


def _of_json(one: dict[str, object]) -> Finding:
    level, code, origin, message = (str(one.get(key, "")) for key in ("level", "code", "origin", "message"))
    return Finding(level, code, origin, message)

"""Between a load behind Locust's page and the mesh: what the page shows, and what it asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from analyzer import bounded
from analyzer.errors import ExplainedError
from analyzer.live import Answer, Wish
from analyzer.records import Weights
from analyzer.run.folder import Earlier, Promise, Run, RunFolder
from setup import documents, redaction, routes
from setup.mesh import Mesh

from . import published
from .watch import Watch


class LiveDesk:
    """Writes live.json, reads wish.json, and keeps the run's record of what was promised when."""

    def __init__(self, folder: RunFolder, mesh: Mesh, promised: Callable[[Weights], Promise]) -> None:
        """``promised`` makes the promise for new weights; it raises InputError where none can be kept."""
        self._folder = folder
        self._mesh = mesh
        self._promised = promised
        self._answer = Answer(wish=0)

    def begin(self, run: Run, watch: Watch) -> None:
        """Called before the load starts: whoever finds live.json knows that somebody judges."""
        self.run = run
        self._watch = watch
        self._about = published.about(run)
        self._publish()

    def look(self) -> bool:
        """Called after each look of the watch; says whether the routes were touched."""
        wish = self._wish()
        asked = wish is not None and wish.number != self._answer.wish
        if wish and asked:
            try:
                self._reroute(Weights.parse(wish.weights))
            except ExplainedError as error:
                self._answer = Answer(
                    wish=wish.number, trouble="; ".join(filter(None, (str(error), error.hint)))
                )
            else:
                self._answer = Answer(wish=wish.number)
        self._publish()
        return asked

    def _reroute(self, weights: Weights) -> None:
        promise, before = self._promised(weights), self.run
        applied = time.time()
        live = self._mesh.route(routes.split(weights, namespace=self._mesh.namespace))
        earlier = Earlier(before.promise, before.applied, before.live, ended=applied)
        self.run = replace(
            before,
            promise=promise,
            applied=applied,
            live=live,
            documents=documents.dump(redaction.recorded(self._mesh.documents())),
            earlier=(*before.earlier, earlier),
        )
        self._folder.write(self.run)
        self._watch.split.reroute(promise, applied, live)

    def _wish(self) -> Wish | None:
        try:
            return Wish.parse(bounded.read_within(self._folder.path, self._folder.wish))
        except OSError:
            return None

    def _publish(self) -> None:
        pace = self._watch.pace.per_second
        state = self._watch.split.state(self._about, time.time(), pace, self._answer)
        published.publish(self._folder, self._mesh, state)

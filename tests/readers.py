"""Readers of a real mesh that leave behind a run like any other, for what a load of ours never does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import requests as http

from analyzer import tag
from analyzer.pages import stars
from analyzer.records import Request
from analyzer.run import requests
from analyzer.run.folder import Promise, Run, RunFolder, RunPod
from setup import documents
from setup.local.mesh import LocalMesh


def reader(mesh: LocalMesh, name: str | None = None) -> http.Session:
    """A reader with a connection of their own, logged in where they have a name."""
    session = http.Session()
    if name:
        session.post(f"{mesh.url}/login", data={"username": name}, allow_redirects=False, timeout=10)
    return session


def ask(mesh: LocalMesh, run: str, session: http.Session, seq: int) -> Request:
    start = time.time()
    agent = tag.user_agent(tag.Tag(run, 0, seq))
    answer = session.get(f"{mesh.url}/productpage", headers={"User-Agent": agent}, timeout=10)
    took, page, size = 1000 * (time.time() - start), stars.page(answer.content), len(answer.content)
    shown = (page.version, page.pod, page.trouble, page.doubt, page.details_trouble)
    return Request(0, seq, start, start, took, answer.status_code, *shown, size, None)


def begun(mesh: LocalMesh, run: str, promise: Promise) -> Run:
    pods = tuple(RunPod(pod.name, pod.namespace, dict(pod.labels), pod.ip) for pod in mesh.pods())
    now = time.time()
    return Run(run, promise, mesh.url, mesh.describe(), pods, "", {}, now, None, None)


def ended(mesh: LocalMesh, folder: RunFolder, run: Run, rows: Sequence[Request]) -> None:
    """Leave rows and run.json in the folder, where the proxies' logs are already."""
    folder.requests.mkdir()
    requests.write(rows, requests.chunk(folder.requests, 1))
    folder.write(replace(run, ended=time.time(), documents=documents.dump(mesh.documents())))

"""Bookinfo as one asyncio process: every service and pod, the real paths, bodies, errors and pages."""

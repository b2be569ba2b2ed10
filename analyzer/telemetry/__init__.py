"""What a mesh's own telemetry says of a run, and how that differs from what we counted."""

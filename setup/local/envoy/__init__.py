"""Istio documents become Envoy configuration here; pure, nothing is started or written."""

"""The embedded mesh: one real Envoy per Bookinfo pod and one gateway, on loopback, without root."""

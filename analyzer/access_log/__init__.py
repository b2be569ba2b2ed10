"""What istio-proxy access logs say: every line read exactly or refused, never guessed."""

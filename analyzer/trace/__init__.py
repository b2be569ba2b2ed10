"""One request over all proxies: its lines found in a run's logs, and laid out in the order of its way."""

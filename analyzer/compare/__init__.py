"""Several configurations, each run several times: what differs between them, and how sure that is."""

"""The mesh: deploys mesh, application and routes, and hands out their access logs. Acts, never judges."""

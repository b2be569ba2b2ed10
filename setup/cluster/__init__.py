"""The mesh on a Kubernetes cluster: one module a step of the tutorial, all behind the mesh protocol."""

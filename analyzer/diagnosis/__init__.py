"""Why a mesh does not split as its weights say: causes tested against documents, pods, lines and counts."""

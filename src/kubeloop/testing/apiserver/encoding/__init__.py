"""Objects on their way in and out: formats, versions, lists, Tables, watch frames, and the checks of bodies."""

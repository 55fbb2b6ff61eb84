"""The generators of the example film's pictures, narration and music."""

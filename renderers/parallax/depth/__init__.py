"""A still's depth: from a depth map, its alpha, a depth model, a person's matte, or a guess."""

"""Paths and names of files, atomic writes, and protection of inputs."""

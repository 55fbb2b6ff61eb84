"""The renderers that generate video with diffusers, and their shared machinery."""

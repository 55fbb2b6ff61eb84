"""The renderers that generate video with diffusers, and what they share."""

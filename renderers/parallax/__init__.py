"""The `parallax` renderer: a camera that moves through a still in depth."""

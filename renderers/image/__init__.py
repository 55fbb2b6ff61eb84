"""Stills and planes: decode, resample, dither, saliency, compiled kernels."""

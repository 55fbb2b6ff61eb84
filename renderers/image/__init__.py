"""Stills and planes: decoding, resampling, dither, saliency, the compiled kernels."""

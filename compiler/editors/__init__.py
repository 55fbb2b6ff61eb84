"""Other people's programs: what is written for them, and what comes back from them."""

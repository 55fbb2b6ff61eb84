"""The script's own words placed in time on the recorded narration."""

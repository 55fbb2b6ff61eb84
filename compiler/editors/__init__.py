"""Editors: export, reimport and comparison of timelines; drafts of scripts."""

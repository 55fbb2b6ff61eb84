"""Write CapCut drafts."""

"""Systems that this one is not: what they lack, and how their names and files behave."""

"""Watch: a page in the browser that follows a script while it is written."""

"""What the commands do, as functions: a module for each, beside `driver` for `compile`."""

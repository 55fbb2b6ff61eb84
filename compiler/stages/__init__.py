"""Steps that several commands share, a module each."""

"""The script and the configuration: YAML, schema, typed data, checks."""

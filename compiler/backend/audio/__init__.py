"""The audio of a timeline: read, mixed, ducked, limited, brought to a loudness."""

"""What the code means: names, values, control flow, connections. Holds no opinions."""

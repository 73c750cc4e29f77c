"""Reports: the records of a project at one moment in, one frozen snapshot of figures out."""

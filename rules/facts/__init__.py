"""The words and the arithmetic of client projects. In: values. Out: values. No I/O, no clock, no randomness."""

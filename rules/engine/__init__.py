"""An event, the state of things and a rule set in; verdicts and planned actions out, by `evaluate.evaluate`."""

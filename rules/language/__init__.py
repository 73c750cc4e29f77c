"""The rules language: YAML and text files in, an immutable `RuleSet` or a list of `Problem`s out."""

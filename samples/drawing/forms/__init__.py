"""The forms: each function takes the cast and a look and returns a finished paper."""

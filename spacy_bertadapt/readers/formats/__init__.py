"""Formats whose rows have keys: each is a function that yields the number and the values of every row of a file.

What annotation tools nest is laid flat, under the same keys for all of them: `text`, `label` (a string, or a list of
all that hold), `spans` (`[{"start", "end", "label"}]`, in characters) and `answer` ("reject" or "ignore" for a row that
an annotator refused).
"""

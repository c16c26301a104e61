"""Rows as Python's csv module reads them: takes a JSON list of [text, delimiter], gives a JSON list of lists of rows.
"""

import csv
import io
import json
import sys

csv.field_size_limit(2**30)
answers = []
for text, delimiter in json.load(sys.stdin):
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    answers.append([row for row in rows if row])
json.dump(answers, sys.stdout)

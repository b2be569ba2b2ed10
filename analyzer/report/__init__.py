"""One judgement as text, Markdown, HTML and JUnit: every format is a function that returns a string."""

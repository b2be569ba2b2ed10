"""The judgement: what a run left behind goes in, a verdict with stated error rates comes out.

Pure: it imports nothing else of the project and never touches a network or a process.
"""

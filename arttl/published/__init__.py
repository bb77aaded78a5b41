"""The studies' published numbers and settings, as data: every module is a table and its look-up, and imports no other
part of arttl but what says that something is wrong."""

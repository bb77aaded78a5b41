"""What is read from the tables of Chapter 2."""

from report_tickets import write_ticket


def cells_of(table, *texts):
    """The Cells of the one row of a Table that begins with these, by (group, name) of their column."""
    (row,) = [row for row in table.rows if [cell.text for cell in row[: len(texts)]] == list(texts)]
    return dict(zip(table.columns, row, strict=True))


def texts_of(table, *texts):
    return {column: cell.text for column, cell in cells_of(table, *texts).items()}


def write_rounds(root, rounds, **options):
    """Two seeds of each round; `rounds` is a dict of round to (right of seed 1, of seed 2, validation accuracy)."""
    for number, (first, second, val) in rounds.items():
        write_ticket(root, number=number, right=first, seed=1, val=(val, 1.0), **options)
        write_ticket(root, number=number, right=second, seed=2, val=(val, 1.0), **options)

"""Server-rendered pages for the people who review, supervise and administer."""

"""What was decided about people and rooms, as a log of acts and what follows from it. Pure."""

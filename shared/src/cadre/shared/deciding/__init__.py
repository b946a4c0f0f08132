"""Pure: commands, folds, decisions, reactions, the rule book, the calendar and the errors."""

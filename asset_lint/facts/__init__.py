"""What the model knows of a project, as tables: for ``graph``, for ``query`` and for rules written in SQL."""

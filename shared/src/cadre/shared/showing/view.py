"""What one slice of a service shows: its tables, its questions and its reports."""

from cadre.shared.showing.read_models import Tables
from cadre.shared.showing.reports import Report
from cadre.shared.showing.routes import Routes


class View(Tables):
    """Tables with the routes and reports that read them."""

    def __init__(self) -> None:
        super().__init__()
        self.routes = Routes.of()
        self.reports: list[Report] = []

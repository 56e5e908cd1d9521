"""The Timers port as a list: what was set lies here in order; it can be down."""

from helpdesk.errors import OutsideError


class Alarms:
    """Keeps what was set, and never calls back."""

    def __init__(self):
        self.kept = []
        self.down = False

    def set(self, timer):
        if self.down:
            raise OutsideError("the timers are down")
        if timer.name not in {each.name for each in self.kept}:
            self.kept.append(timer)

    def cancel(self, name):
        self.kept = [each for each in self.kept if each.name != name]

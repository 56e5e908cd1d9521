"""The demo accounts: one of each role, and moderators who know different things."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from api.accounts import public_side
from api.desk import Desk
from api.passwords import Passwords
from helpdesk.ports import Clock, Ids
from helpdesk.user import Role, User
from helpdesk.users import Users

PASSWORD = "demopassword"  # noqa: S105 - public on purpose; these accounts exist on one machine
CAPACITY = 500  # a demo files more in a minute than a person gets in a month


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is there from the start."""

    email: str
    name: str
    role: Role
    skills: tuple[str, ...] = ()

    def as_user(self, user_id: str, *, now: datetime) -> User:
        """Return the public side of this person's account."""
        return User(
            id=user_id,
            email=self.email,
            name=self.name,
            created_at=now,
            role=self.role,
            skills=self.skills,
            capacity=CAPACITY,
        )


PEOPLE = (
    Person("admin@demo.com", "Ada Admin", Role.ADMIN),
    Person("viewer@demo.com", "Vic Viewer", Role.USER),
    Person(
        "moderator@demo.com", "Mona Front-End", Role.MODERATOR,
        ("React", "JavaScript", "TypeScript", "CSS", "HTML", "Browsers", "Accessibility",
         "Angular", "Vue.js", "jQuery", "AJAX", "i18n"),
    ),
    Person(
        "ines@demo.com", "Ines Databases", Role.MODERATOR,
        ("SQL", "Database", "Derby", "MySQL", "PostgreSQL", "Oracle Database", "SQLite",
         "SQL Server", "MongoDB", "Redis", "Performance"),
    ),
    Person(
        "kofi@demo.com", "Kofi Java", Role.MODERATOR,
        ("Java", "Maven", "Spring", "Wicket", "Tomcat", "Integration", "Build Tools", "XML",
         "Eclipse", "Hibernate", "Servlets", "Swing", "Multithreading", "Testing"),
    ),
    Person(
        "lena@demo.com", "Lena Data", Role.MODERATOR,
        ("Hadoop", "Ambari", "Kafka", "Linux", "Monitoring", "Elasticsearch", "Python",
         "Machine Learning", "Logging", "Reporting"),
    ),
    Person(
        "omar@demo.com", "Omar Cloud", Role.MODERATOR,
        ("AWS", "Google Cloud", "Azure", "Docker", "Kubernetes", "Terraform", "CI/CD", "Git",
         "Linux", "Shell", "Nginx", "Node.js", "Express", "REST", "HTTP"),
    ),
    Person(
        "priya@demo.com", "Priya Access", Role.MODERATOR,
        ("Authentication", "Authorization", "SSO", "OAuth", "LDAP", "Security", "TLS", "JWT",
         "SSH"),
    ),
    Person(
        "sam@demo.com", "Sam Billing", Role.MODERATOR,
        ("Payments", "Stripe", "Billing", "Email", "SMTP", "Webhooks", "Excel", "Documentation"),
    ),
    Person(
        "tomas@demo.com", "Tomas Desk", Role.MODERATOR,
        ("Hardware", "Printing", "Windows", "macOS", "IT Support", "Office Software", "VPN",
         "Networking", "DNS", "iOS", "Android", "Mobile"),
    ),
)  # fmt: skip


class House(Protocol):
    """What a house has that people move into."""

    @property
    def desk(self) -> Desk:
        """Return what the routes work with."""

    @property
    def users(self) -> Users:
        """Return everybody's public side."""

    @property
    def passwords(self) -> Passwords:
        """Return what hashes passwords."""

    @property
    def clock(self) -> Clock:
        """Return the time."""

    @property
    def ids(self) -> Ids:
        """Return what makes ids."""


def seed(house: House) -> bool:
    """Make of the demo accounts what is not there, and say whether anything was made.

    An earlier start may have been stopped between any two of them, or between the two sides of one:
    the profile comes last, so whoever has one is whole.
    """
    ids = house.desk.accounts.ids_of([person.email for person in PEOPLE])
    profiles = house.users.get_many([each for each in ids if each])
    whole = {user.id for user in profiles if user}
    missing = [each for each in zip(PEOPLE, ids, strict=True) if each[1] not in whole]
    if not missing:
        return False
    # One hash for all: the password is public, and a second each would be felt at the first start.
    password_hash = house.passwords.hashed(PASSWORD)
    for person, user_id in missing:
        user = person.as_user(user_id or house.ids.unique_id(), now=house.clock.now())
        if user_id:
            account = house.desk.accounts.get(user_id)
            # Somebody else may have signed up with the address: then they are who they are.
            ours = account.role is person.role
            house.users.add(user if ours else public_side(account))
        else:
            house.desk.accounts.add(user, password_hash, greet=False)
    return True

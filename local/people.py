"""The demo accounts: one of each role, and moderators who know different things."""

from dataclasses import dataclass

from api.accounts import TakenError
from helpdesk.user import Role, User
from local.house import House

PASSWORD = "demopassword"  # noqa: S105 - public on purpose; these accounts exist on one machine
CAPACITY = 500  # a demo files more in a minute than a person gets in a month


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is there from the start."""

    email: str
    name: str
    role: Role
    skills: tuple[str, ...] = ()


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


def seed(house: House) -> bool:
    """Make the demo accounts unless they are there, and say whether any was made."""
    if house.accounts.knows(PEOPLE[-1].email):
        return False
    # One hash for all: the password is public, and a second each would be felt at the first start.
    password_hash = house.passwords.hashed(PASSWORD)
    for person in PEOPLE:
        user = User(
            id=house.ids.unique_id(),
            email=person.email,
            name=person.name,
            created_at=house.clock.now(),
            role=person.role,
            skills=person.skills,
            capacity=CAPACITY,
        )
        try:
            house.accounts.add(user, password_hash, greet=False)
        except TakenError:
            continue  # an earlier start was stopped half-way
    return True

"""The catalogue of skills: what a name means, what may be in it, how it is kept and remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import AlreadyExistsError, ConflictError, InvalidInputError, OutsideError
from helpdesk.skills import (
    ALIASES_MOST,
    CATALOGUE,
    CATALOGUE_MOST,
    DESCRIPTION_MOST,
    Catalogue,
    Skill,
    Skills,
    checked_catalogue,
    shipped,
)
from helpdesk.user import SKILL_MOST, SKILLS_MOST
from tests.stands import Faulty

SOME = Catalogue((Skill(name="Node.js", aliases=("Node",), description="Servers."),))
OTHER = Catalogue((Skill(name="Go"),))
NAMES = [skill.name for skill in shipped().skills]


class Read(Faulty):
    """The Documents port over another one that counts what is read."""

    reads = 0

    def get(self, path):
        self.reads += 1
        return super().get(path)


@pytest.fixture
def store(documents):
    return Read(documents)


@pytest.fixture
def skills(store, clock):
    return Skills(documents=store, clock=clock)


def refused(asked):
    with pytest.raises(InvalidInputError) as refusal:
        asked()
    return refusal.value


# What a name means.


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SQL", "SQL"), ("sql", "SQL"), (" Office\n software ", "Office Software"),
        ("Node", "Node.js"), ("NODEJS", "Node.js"), ("node.js", "Node.js"), (".NET", ".NET"),
        ("dotnet", ".NET"), ("C", "C"), ("c++", "C++"), ("C#", "C#"), ("csharp", "C#"),
        ("Go", "Go"), ("golang", "Go"), ("mongo", "MongoDB"), ("JS", "JavaScript"), ("R", "R"),
        ("k8s", "Kubernetes"), ("Postgres", "PostgreSQL"), ("VB.NET", "VB.NET"),
    ],
)  # fmt: skip
def test_a_name_an_alias_and_another_case_mean_the_skill(name, meant):
    assert shipped().normalised([name]) == ((meant,), ())


@pytest.mark.parametrize(
    "name", ["C+", "C+++", "Jav", "Java 8 Script", "Mong", "MongoDB Go", "Node.js 20", "", "NET"]
)
def test_a_part_of_a_name_and_more_than_a_name_mean_nothing(name):
    assert shipped().normalised([name]) == ((), (name,))


def test_what_means_the_same_is_named_once_and_in_the_order_asked_for():
    known, unknown = shipped().normalised(
        ["Mongo", "Cobol", "sql", "MongoDB", "COBOL", "SQL", "Fortran"]
    )

    assert known == ("MongoDB", "SQL")
    assert unknown == ("Cobol", "Fortran")


@given(st.lists(st.sampled_from(NAMES), unique=True))
def test_names_of_the_catalogue_stay_as_they_are(names):
    assert shipped().normalised(names) == (tuple(names), ())


def test_the_nearest_names_are_told_for_what_is_mistyped():
    assert shipped().near("pythn")[0] == "Python"
    assert shipped().near("Postgresql-") == ["PostgreSQL"]
    assert shipped().near("xyzzy") == shipped().near("nope") == []


# What may be in it.


def test_what_ships_keeps_its_own_rules():
    assert checked_catalogue(shipped().skills) == shipped()
    assert len(NAMES) == 148
    assert all(skill.description.endswith(".") for skill in shipped().skills)


def test_texts_are_kept_trimmed_and_on_one_line():
    given_ = Skill(name=" Vue.js\n", aliases=(" Vue  3 ", "vue 3", "VUE.JS"), description="A\n b ")

    kept = checked_catalogue([given_])

    assert kept.skills == (Skill(name="Vue.js", aliases=("Vue 3",), description="A b"),)


def test_so_much_may_be_in_it_and_no_more():
    full = Skill(
        name="n" * SKILL_MOST,
        aliases=tuple(f"{n:050}" for n in range(ALIASES_MOST)),
        description="d" * DESCRIPTION_MOST,
    )
    many = [Skill(name=f"skill {n}") for n in range(CATALOGUE_MOST)]

    assert checked_catalogue([full]).skills == (full,)
    assert len(checked_catalogue(many).skills) == CATALOGUE_MOST
    assert refused(lambda: checked_catalogue([*many, Skill(name="one more")])).field == "skills"
    assert refused(lambda: checked_catalogue([])).field == "skills"


@pytest.mark.parametrize(
    ("skill", "field"),
    [
        (Skill(name=""), "name"),
        (Skill(name=" \t"), "name"),
        (Skill(name="n" * (SKILL_MOST + 1)), "name"),
        (Skill(name="nul\0"), "name"),
        (Skill(name="\u202ekcatta"), "name"),
        (Skill(name="SQL"), "name"),
        (Skill(name=" sql "), "name"),
        (Skill(name="structured"), "name"),
        (Skill(name="A", aliases=("b", "")), "aliases.1"),
        (Skill(name="A", aliases=("b", "a" * (SKILL_MOST + 1))), "aliases.1"),
        (Skill(name="A", aliases=("sQl",)), "aliases.0"),
        (Skill(name="A", aliases=("b", "c", "STRUCTURED")), "aliases.2"),
        (Skill(name="A", aliases=tuple(f"{n}" for n in range(ALIASES_MOST + 1))), "aliases"),
        (Skill(name="A", description="d" * (DESCRIPTION_MOST + 1)), "description"),
        (Skill(name="A", description="nul\0"), "description"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_the_name_of_its_field(skill, field):
    first = Skill(name="SQL", aliases=("Structured",))

    refusal = refused(lambda: checked_catalogue([first, skill]))

    assert refusal.field == f"skills.1.{field}"


def test_a_name_that_is_another_skills_is_refused_with_whose_it_is():
    both = [Skill(name="JavaScript", aliases=("JS",)), Skill(name="js")]

    assert str(refused(lambda: checked_catalogue(both))) == '"js" is JavaScript already'


def test_two_catalogues_that_say_the_same_have_one_tag():
    again = checked_catalogue(SOME.skills)
    renamed = checked_catalogue([Skill(name="Node.js", aliases=("Node",), description="Others.")])

    assert again.tag == SOME.tag
    assert len({SOME.tag, OTHER.tag, renamed.tag, shipped().tag}) == 4


# How it is kept.


def test_until_somebody_replaces_it_it_is_what_ships(skills, documents):
    assert skills.get() == shipped()
    assert documents.get(CATALOGUE) is None


def test_a_catalogue_is_read_as_it_was_kept(skills, documents):
    skills.replace(SOME)

    kept = skills.read()

    assert kept.skills == SOME.skills
    assert kept.version == documents.get(CATALOGUE).version
    assert kept.tag == SOME.tag


def test_replacing_leaves_nothing_of_what_was_there(skills, documents):
    skills.replace(SOME)

    skills.replace(OTHER, before=skills.read())

    assert skills.read().skills == OTHER.skills
    assert list(documents.get(CATALOGUE).data) == ["skills"]


@pytest.mark.parametrize("first", [None, OTHER], ids=["what ships", "a kept one"])
def test_of_two_who_saw_the_same_one_is_told_of_the_other(store, clock, first):
    one, other = Skills(documents=store, clock=clock), Skills(documents=store, clock=clock)
    if first:
        one.replace(first)
    seen = [one.read(), other.read()]

    one.replace(SOME, before=seen[0])
    with pytest.raises(ConflictError):
        other.replace(Catalogue((Skill(name="Rust"),)), before=seen[1])

    assert other.read().skills == SOME.skills


def test_who_asks_for_no_version_replaces_whatever_is_there(skills):
    skills.replace(SOME)
    skills.replace(OTHER)

    assert skills.read().skills == OTHER.skills


class Twice(Read):
    """A store that loses its first answer to a commit, so that its client sends it once more."""

    def commit(self, writes):
        super().commit(writes)
        return super().commit(writes)


@pytest.mark.parametrize("first", [None, OTHER], ids=["what ships", "a kept one"])
def test_a_commit_that_was_sent_twice_by_itself_is_no_conflict(documents, clock, first):
    if first:
        Skills(documents=documents, clock=clock).replace(first)
    skills = Skills(documents=Twice(documents), clock=clock)

    skills.replace(SOME, before=skills.read())

    assert skills.read().skills == SOME.skills


def test_a_store_that_is_down_is_no_conflict(skills, store):
    store.arm("before", 1)

    with pytest.raises(OutsideError):
        skills.replace(SOME)

    assert skills.read() == shipped()


def test_what_others_make_meanwhile_is_a_conflict_not_a_duplicate(skills, store, clock):
    before = skills.read()
    other = Skills(documents=store, clock=clock)
    store.interrupt(lambda: other.replace(OTHER, before=before))

    with pytest.raises(ConflictError) as refusal:
        skills.replace(SOME, before=before)

    assert isinstance(refusal.value.__cause__, AlreadyExistsError)


# How it is remembered.


def test_it_is_read_once_a_minute(skills, store, clock):
    for _ in range(5):
        skills.get()
    assert store.reads == 1

    clock.tick(seconds=59)
    skills.get()
    assert store.reads == 1

    clock.tick(seconds=1)
    skills.get()
    assert store.reads == 2


def test_whoever_replaces_it_sees_it_at_once_and_others_within_a_minute(skills, store, clock):
    other = Skills(documents=store, clock=clock)
    other.get()
    skills.get()

    skills.replace(SOME)

    assert skills.get().skills == SOME.skills
    assert other.get() == shipped()
    clock.tick(seconds=60)
    assert other.get().skills == SOME.skills


# The skills of somebody.


def test_names_are_checked_without_a_read_where_the_catalogue_is_known(skills, store):
    skills.get()

    assert skills.checked([" sql ", "Node", "nodejs"]) == ("SQL", "Node.js")
    assert skills.checked([]) == ()
    assert store.reads == 1


def test_a_skill_that_is_new_elsewhere_is_known_at_once(skills, store, clock):
    skills.get()
    Skills(documents=store, clock=clock).replace(Catalogue((Skill(name="Cobol"),)))

    assert skills.checked(["cobol"]) == ("Cobol",)


@pytest.mark.parametrize(
    ("names", "detail"),
    [
        (["SQL", "Pythn"], 'there is no skill "Pythn" (did you mean Python?)'),
        (["xyzzy"], 'there is no skill "xyzzy"'),
        (
            ["xyzzy", "Pythn", "q q q", "zzzz", "Java", "wwww"],
            'there is no skill "xyzzy", "Pythn" (did you mean Python?), "q q q" and 2 more',
        ),
    ],
)
def test_unknown_skills_are_refused_by_name_with_the_nearest(skills, names, detail):
    refusal = refused(lambda: skills.checked(names))

    assert str(refusal) == detail
    assert refusal.field == "skills"


@pytest.mark.parametrize("names", [["a\0"], ["x" * 51], [f"s{n}" for n in range(SKILLS_MOST + 1)]])
def test_what_is_no_name_is_refused_before_it_is_looked_for(skills, store, names):
    assert refused(lambda: skills.checked(names)).field == "skills"
    assert store.reads == 0

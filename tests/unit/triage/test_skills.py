"""Reading skills off tickets."""

from itertools import chain

import pytest

from helpdesk.skills import shipped
from triage.passage import BREAK, Passage
from triage.skills import SKILLS_MOST, Skill, SkillReader, judged_skills, load_lexicon

READER = SkillReader(load_lexicon())


def skills_of(title, description=""):
    findings = READER.read(Passage.of(title), Passage.of(description))
    return {finding.skill for finding in findings}


@pytest.mark.parametrize(
    ("title", "there", "absent"),
    [
        ("C++ template error", {"C++"}, {"C", "React", "C#"}),
        ("C# delegate question", {"C#"}, {"C", "C++"}),
        ("Pointer arithmetic in C with gcc", {"C"}, {"C++", "C#"}),
        ("Please replace drive C:\\ today", set(), {"C", "C++", "C#"}),
        ("USB-C cable is broken", {"Hardware"}, {"C"}),
        ("C-level people are waiting", set(), {"C"}),
        ("MongoDB writes fail", {"MongoDB"}, {"Go"}),
        ("Please go to the settings page", set(), {"Go", "MongoDB"}),
        ("We go there and it is gone", set(), {"Go"}),
        ("Go service panics on start", {"Go"}, {"MongoDB"}),
        ("The service written in Go stopped", {"Go"}, set()),
        ("Ready for Go-live on Monday", set(), {"Go"}),
        ("golang build", {"Go"}, set()),
        ("JavaScript event listener", {"JavaScript"}, {"Java"}),
        ("Java heap is full", {"Java"}, {"JavaScript"}),
        ("Docker build stops", {"Docker"}, {"R"}),
        ("R & D budget", set(), {"R"}),
        ("Plot a data frame in R", {"R"}, set()),
        (".NET runtime is missing", {".NET"}, {"Kubernetes"}),
        ("Kubernetes ingress", {"Kubernetes"}, {".NET"}),
        ("mail to example.net bounces", set(), {".NET"}),
        ("ASP.NET view state", {"ASP.NET"}, {".NET"}),
        ("c#.NET question", {"C#", ".NET"}, set()),
        ("nodejs process exits", {"Node.js"}, set()),
        ("Node.js process exits", {"Node.js"}, set()),
        ("Node 22 upgrade", {"Node.js"}, set()),
        ("A cluster node is lost", set(), {"Node.js"}),
        ("Express your opinion in the survey", set(), {"Express"}),
        ("American Express is declined", set(), {"Express"}),
        ("Middleware order in Express", {"Express"}, set()),
        ("Express API answers 500", {"Express", "Node.js"}, set()),
        ("Spring 2024 campaign page", set(), {"Spring"}),
        ("We want to move in Spring", set(), {"Spring"}),
        ("Spring context fails", {"Spring"}, set()),
        ("Bean is missing since we use Spring", {"Spring"}, set()),
        ("React 18 renders twice", {"React"}, set()),
        ("Users react badly", set(), {"React"}),
        ("React to complaints faster", set(), {"React"}),
        ("React Native build", {"React Native"}, set()),
        ("SWIFT transfer to our bank", set(), {"Swift"}),
        ("A swift answer please", set(), {"Swift"}),
        ("Optional binding in Swift", {"Swift"}, set()),
        ("There is rust on the rack", set(), {"Rust"}),
        ("Borrow error in Rust", {"Rust"}, set()),
        ("A flask was broken in the lab", set(), {"Flask"}),
        ("dash through the list", set(), {"Dash"}),
        ("Dockerが動かない", {"Docker"}, set()),
        ("Python3 import", {"Python"}, set()),
        ("SQL Server login", {"SQL Server"}, {"SQL"}),
        ("[", set(), set(load_lexicon())),
        ("", set(), set(load_lexicon())),
    ],
)
def test_names_are_told_from_words_that_look_alike(title, there, absent):
    skills = skills_of(title)

    assert there <= skills
    assert not absent & skills


def test_company_may_stand_anywhere_in_the_ticket():
    assert "Express" in skills_of("Express is slow", "We run nodejs and npm.")


def test_a_single_cue_is_not_enough():
    reader = SkillReader([Skill(name="A", aliases=("alpha",), cues=("x1", "y1"))])

    assert reader.read(Passage.of("x1"), Passage.of("x1")) == ()
    assert len(reader.read(Passage.of("x1"), Passage.of("y1"))) == 1


def test_a_name_in_the_title_outweighs_one_in_the_description():
    findings = READER.read(Passage.of("Redis is full"), Passage.of("MySQL too"))

    assert [finding.skill for finding in findings][:2] == ["Redis", "MySQL"]


def test_no_more_than_five_skills_are_returned():
    findings = READER.read(
        Passage.of("Redis MySQL Docker Kafka Python Java"), Passage.of("Terraform")
    )

    assert len(findings) == SKILLS_MOST


@pytest.mark.parametrize(
    ("title", "description", "confidence", "quote"),
    [
        ("", "", 0.2, ""),
        ("Redis", "", 0.9, "Redis"),
        ("", "use redis", 0.8, "redis"),
        ("", "many pixels in the footer", 0.45, "pixels"),
    ],
)
def test_confidence_tells_names_from_cues(title, description, confidence, quote):
    lexicon = [
        Skill(name="Redis", aliases=("redis",)),
        Skill(name="CSS", aliases=("css",), cues=("pixels", "footer")),
    ]

    judged = judged_skills(SkillReader(lexicon).read(Passage.of(title), Passage.of(description)))

    assert (judged.confidence, judged.evidence) == (confidence, quote)


def test_no_name_belongs_to_two_skills():
    names = [
        (
            Passage.of(phrase).raw
            if phrase in skill.cased + skill.words
            else Passage.of(phrase).words
        )
        for skill in load_lexicon()
        for phrase in {*skill.aliases, *skill.cased, *skill.words}
    ]

    assert len(names) == len(set(names))


def test_every_phrase_of_the_lexicon_can_be_found():
    for skill in load_lexicon():
        rows = chain(skill.aliases, skill.cased, skill.words, skill.near, skill.cues, skill.never)
        words = [Passage.of(phrase).words for phrase in rows]

        assert all(row and BREAK not in row for row in words), skill.name


def test_the_lexicon_reads_every_skill_that_ships_and_implies_known_ones():
    lexicon = load_lexicon()
    names = [skill.name for skill in lexicon]

    assert names == [skill.name for skill in shipped().skills]
    assert {name for skill in lexicon for name in skill.implies} <= set(names)


def test_no_phrase_of_a_skill_is_what_the_catalogue_calls_another_one():
    for skill in load_lexicon():
        known, _ = shipped().normalised([*skill.aliases, *skill.cased, *skill.words])

        assert set(known) <= {skill.name}


def test_every_skill_is_found_by_each_of_its_names():
    for skill in load_lexicon():
        for alias in skill.aliases:
            assert skill.name in skills_of(alias), (skill.name, alias)

"""The catalogue of skills over HTTP, and what it makes of the skills of users."""

import json

import pytest

from api.http import BODY_MOST
from api.skill_schemas import CatalogueView, SkillView, catalogue_view
from helpdesk.skills import CATALOGUE, Skill, checked_catalogue, shipped
from tests.unit.api.changes import USERS, WAYS, kept
from tests.unit.api.desk import is_problem
from tests.unit.api.test_openapi import documented

SKILLS = "/api/skills"
NODE = {"name": "Node.js", "aliases": ["Node"], "description": "Servers."}
GO = {"name": "Go", "aliases": [], "description": ""}


def put(who, *skills, headers=None):
    return who.client.put(SKILLS, json={"skills": list(skills)}, headers=who.headers(headers))


def tag_of(who):
    return who.get(SKILLS).headers["ETag"]


def test_everybody_who_is_logged_in_reads_the_catalogue(ada, mona, chief):
    answers = [each.get(SKILLS) for each in (ada, mona, chief)]

    assert {each.status_code for each in answers} == {200}
    assert [each["name"] for each in answers[0].json["skills"]] == [
        each.name for each in shipped().skills
    ]
    assert len({each.data for each in answers}) == 1
    assert set(answers[0].json["skills"][0]) == set(SkillView.model_fields)
    assert set(answers[0].json) == set(CatalogueView.model_fields)


def test_who_has_it_already_is_told_so(ada, chief):
    tag = tag_of(ada)

    unchanged = ada.get(SKILLS, {"If-None-Match": tag})
    put(chief, NODE)
    changed = ada.get(SKILLS, {"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", tag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_to_read_it_costs_two_documents(counter, ada):
    read = counter.documents.read + counter.auth.read

    ada.get(SKILLS)

    assert counter.documents.read + counter.auth.read - read == 2


def test_an_admin_replaces_the_whole_of_it(counter, chief, ada, lines):
    answer = put(chief, {**NODE, "name": " Node.js\n"}, {"name": "Go"})

    assert answer.status_code == 200
    assert answer.json == {"skills": [NODE, GO]}
    assert ada.get(SKILLS).json == answer.json
    assert tag_of(ada) == answer.headers["ETag"]
    [told] = [each for each in lines() if each["message"] == "skills replaced"]
    assert (told["user_id"], told["count"]) == (chief.user.id, 2)


def test_what_ships_can_be_sent_back_as_it_was_read(chief):
    read = chief.get(SKILLS)

    answer = put(chief, *read.json["skills"])

    assert answer.json == read.json
    assert answer.headers["ETag"] == read.headers["ETag"]
    assert len(json.dumps(read.json)) < BODY_MOST / 2


@pytest.mark.parametrize("who", ["ada", "mona"])
def test_nobody_else_does(request, counter, who):
    asker = request.getfixturevalue(who)
    before = kept(counter)

    assert is_problem(put(asker, NODE), 403)
    assert kept(counter) == before


# Two admins at it.


def test_what_another_admin_has_changed_is_not_lost(chief, counter):
    seen = tag_of(chief)
    theirs = put(chief, GO, headers={"If-Match": seen})
    before = kept(counter)

    late = put(chief, NODE, headers={"If-Match": seen})

    assert theirs.status_code == 200
    assert is_problem(late, 412)
    assert kept(counter) == before
    assert put(chief, NODE, headers={"If-Match": tag_of(chief)}).status_code == 200


@pytest.mark.parametrize("first", [(), (GO,)], ids=["what ships", "a kept one"])
def test_nor_what_another_one_changes_just_now(counter, chief, first):
    if first:
        put(chief, *first)
    acts = [lambda: put(chief, {"name": "Rust"})]

    def meanwhile(name, _asked):
        if name == "commit" and acts:
            acts.pop()()
        return False

    seen = tag_of(chief)
    counter.documents.fails = meanwhile

    assert is_problem(put(chief, NODE, headers={"If-Match": seen}), 412)
    assert [each["name"] for each in chief.get(SKILLS).json["skills"]] == ["Rust"]


def test_without_a_version_the_last_one_is_right(chief):
    assert put(chief, GO).status_code == put(chief, NODE).status_code == 200
    assert chief.get(SKILLS).json == {"skills": [NODE]}


def test_any_version_is_meant_by_a_star_and_none_by_a_weak_one(chief):
    weak = f"W/{tag_of(chief)}"

    assert is_problem(put(chief, NODE, headers={"If-Match": weak}), 412)
    assert is_problem(put(chief, NODE, headers={"If-Match": ""}), 412)
    assert put(chief, NODE, headers={"If-Match": "*"}).status_code == 200


def test_who_lost_the_answer_may_ask_again(chief):
    seen = tag_of(chief)

    answers = [put(chief, NODE, headers={"If-Match": seen}) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]


# What is refused.


@pytest.mark.parametrize(
    ("skills", "field"),
    [
        ([], "skills"),
        ([GO] * 501, "skills"),
        ([GO, {"name": ""}], "skills.1.name"),
        ([GO, {"name": "x" * 51}], "skills.1.name"),
        ([GO, {"name": "go"}], "skills.1.name"),
        ([GO, {"aliases": []}], "skills.1.name"),
        ([GO, {"name": 1}], "skills.1.name"),
        ([GO, {**NODE, "aliases": ["a", "GO"]}], "skills.1.aliases.1"),
        ([GO, {**NODE, "aliases": ["a", "nul\0"]}], "skills.1.aliases.1"),
        ([GO, {**NODE, "aliases": ["a"] * 21}], "skills.1.aliases"),
        ([GO, {**NODE, "description": "x" * 301}], "skills.1.description"),
        ([GO, {**NODE, "version": "1"}], "skills.1.version"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_the_name_of_its_field(counter, chief, skills, field):
    before = kept(counter)

    answer = put(chief, *skills)

    assert is_problem(answer, 422)
    assert [each["field"] for each in answer.json["errors"]] == [field]
    assert kept(counter) == before


def test_what_is_answered_is_what_is_documented(counter, chief, ada):
    tag = tag_of(chief)
    asked = [
        ("GET", ada.get(SKILLS)),
        ("GET", ada.get(SKILLS, {"If-None-Match": tag})),
        ("GET", counter.visitor().get(SKILLS)),
        ("PUT", put(chief, NODE)),
        ("PUT", put(chief, GO, headers={"If-Match": tag})),
        ("PUT", put(ada, NODE)),
        ("PUT", put(chief)),
    ]

    assert [documented(method, SKILLS, answer) for method, answer in asked] == [[]] * len(asked)


def test_a_catalogue_is_written_in_the_shape_of_its_model():
    written = catalogue_view(checked_catalogue([Skill(name="Go", aliases=("Golang",))]))

    assert CatalogueView.model_validate(written).skills[0].aliases == ["Golang"]


# The skills of users.


@WAYS
def test_the_skills_of_a_user_are_those_of_the_catalogue(chief, mona, change):
    answer = change(chief, mona.user, skills=["node", "dotnet", "C++", "Node.js"])

    assert answer.status_code == 200
    assert answer.json["skills"] == ["Node.js", ".NET", "C++"]


@WAYS
def test_a_skill_that_nobody_knows_is_refused_with_the_nearest(counter, chief, mona, change):
    before = kept(counter)

    answer = change(chief, mona.user, skills=["SQL", "Pythn"], name="New")

    assert is_problem(answer, 422)
    said = 'there is no skill "Pythn" (did you mean Python?)'
    assert answer.json["errors"] == [{"field": "skills", "detail": said}]
    assert kept(counter) == before


def test_a_new_skill_can_be_given_at_once_and_one_that_is_gone_no_more(counter, chief, mona):
    put(chief, NODE)

    given = chief.patch(f"{USERS}/{mona.user.id}", {"skills": ["node"]})
    gone = chief.patch(f"{USERS}/{mona.user.id}", {"skills": ["SQL"]})

    assert given.json["skills"] == ["Node.js"]
    assert is_problem(gone, 422)
    assert counter.house.documents.get(CATALOGUE) is not None


def test_what_a_user_had_before_stays_until_somebody_changes_it(chief, mona):
    put(chief, NODE)

    answer = chief.patch(f"{USERS}/{mona.user.id}", {"capacity": 3})

    assert answer.json["skills"] == ["SQL"]

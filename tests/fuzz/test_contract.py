"""The contract: whatever Schemathesis makes of the OpenAPI document, the answers keep to it."""

import pytest
import schemathesis
from schemathesis.engine import Status, events, from_schema

from helpdesk.settings import SignUp
from helpdesk.user import Role
from tests.fuzz.insider import Insider
from tests.fuzz.plan import linked, plan

LEAST = 3000  # requests of each role
CLOUD = {"proxies": 1, "sign_up": SignUp.CONFIRMED}  # as anybody finds the house there


@pytest.fixture(params=[None, *Role], ids=["anybody", *Role])
def insider(request, tmp_path):
    made = Insider(tmp_path / "house", request.param, **({} if request.param else CLOUD))
    yield made
    made.close()


@pytest.fixture
def described(insider):
    return insider.app.test_client().get("/api/openapi.json").json


def faults(schema):
    """Run every phase; yield what is wrong, each fault of an operation once."""
    seen = set()
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                for fault in _of_scenario(event.recorder):
                    if fault[:2] not in seen:
                        seen.add(fault[:2])
                        yield "\n".join(fault)
            case events.NonFatalError():
                yield f"{event.label}: {event.value!r}"
            case events.FatalError():
                yield repr(event.exception)
            case events.EngineFinished():
                yield from (failure.message for failure in event.failures)
            case _:
                pass


def _of_scenario(recorder):
    for case_id, checks in recorder.checks.items():
        case = recorder.cases[case_id].value
        for check in checks:
            if check.status is Status.FAILURE:
                failure = check.failure_info.failure
                asked = f"{case.method} {case.formatted_path} {case.query} {case.headers}"[:500]
                answer = recorder.interactions[case_id].response
                yield (
                    f"{case.operation.label}: {check.name}, {failure.title}", failure.message,
                    f"asked: {asked} {str(case.body)[:500]}",
                    f"answered: {answer.status_code} {answer.content[:500]!r}",
                )  # fmt: skip


@pytest.mark.parametrize("insider", [None], indirect=True)
def test_the_document_is_as_the_openapi_initiative_wants_it(described):
    schemathesis.openapi.from_dict(described).validate()


def test_every_answer_keeps_to_the_contract(insider, described, seed):
    schema = schemathesis.openapi.from_dict(linked(described), config=plan(insider, seed=seed))
    schema.app = insider

    found = list(faults(schema))

    answered = insider.answered
    print(f"{insider.role or 'anybody'}: {answered.total()} requests, seed {seed}")
    operations = {f"{each.method} {each.path}" for each in insider.routes}
    assert not found, "\n\n".join(found)
    assert not insider.told_of_inside
    assert {operation for operation, _ in answered} == operations | {None}
    assert {op for op, status in answered if op and status < 400} == insider.allowed
    assert insider.role is None or answered.total() >= LEAST

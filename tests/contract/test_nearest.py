"""What the Documents port promises of nearness, over every adapter."""

from helpdesk.documents import Filter, Nearest, Op, Vector
from tests.contract.things import fill

# nearness


def test_nearest_ranks_by_the_angle_between_vectors(documents):
    fill(
        documents,
        same={"v": Vector((2.0, 0.0)), "color": "red"},
        near={"v": Vector((1.0, 0.1)), "color": "red"},
        across={"v": Vector((0.0, 3.0)), "color": "blue"},
        opposite={"v": Vector((-1.0, 0.0)), "color": "red"},
        without={"color": "red"},
    )

    found = documents.nearest(Nearest("things", "v", Vector((1.0, 0.0)), limit=4))

    assert [n.document.id for n in found] == ["same", "near", "across", "opposite"]
    assert [round(n.distance, 2) for n in found] == [0.0, 0.0, 1.0, 2.0]


def test_nearest_takes_filters_and_a_limit(documents):
    fill(
        documents,
        a={"v": Vector((1.0, 0.0)), "color": "red"},
        b={"v": Vector((1.0, 0.5)), "color": "blue"},
        c={"v": Vector((1.0, 0.9)), "color": "blue"},
    )
    blue = (Filter("color", Op.EQ, "blue"),)

    found = documents.nearest(Nearest("things", "v", Vector((1.0, 0.0)), limit=1, filters=blue))

    assert [n.document.id for n in found] == ["b"]


def test_vectors_of_another_length_take_no_part(documents):
    fill(documents, a={"v": Vector((1.0, 0.0))}, b={"v": Vector((1.0,))})

    found = documents.nearest(Nearest("things", "v", Vector((1.0,))))

    assert [n.document.id for n in found] == ["b"]

"""Keys are found among keys, whichever way is taken."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.store.packing import id_texts, key_array, places_of

SAME_START = st.integers(0, 2**16).map(lambda n: UUID(int=n))
IDS = st.lists(st.one_of(st.uuids(), SAME_START), max_size=20, unique=True)


@settings(max_examples=60, deadline=None)
@given(IDS, IDS)
def test_each_key_is_found_where_it_stands(known: list[UUID], others: list[UUID]) -> None:
    known.sort()
    wanted = others + known[::-1]
    found = places_of(key_array(wanted), key_array(known))
    place = {id_: i for i, id_ in enumerate(known)}
    assert found.tolist() == [place.get(id_, -1) for id_ in wanted]
    assert [text.decode() for text in id_texts(key_array(known)).tolist()] == list(map(str, known))

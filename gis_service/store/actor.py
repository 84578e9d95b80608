"""Who makes the changes of a transaction, told to the triggers that write history."""

from __future__ import annotations

from sqlalchemy import Connection, text

from gis_service.model.audience import Actor

_TELL = text(
    "SELECT set_config('gis.person_id', :person_id, true), "
    "set_config('gis.request_id', :request_id, true)"
)


def set_actor(connection: Connection, actor: Actor) -> None:
    """Name the actor of the running transaction; it is forgotten at its end."""
    connection.execute(
        _TELL, {"person_id": actor.person_id or "", "request_id": actor.request_id or ""}
    )

"""The edits of one transaction, one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Connection

from gis_service.errors import Conflict, InvalidInput, NotAllowed, NotFound, PreconditionFailed
from gis_service.model.audience import Principal, visible_fields
from gis_service.model.edits import Condition, Edit, Edited
from gis_service.model.fields import Collection, FieldType
from gis_service.model.merging import merged
from gis_service.model.queries import CRS84
from gis_service.model.rights import Operation, reads_history, sets_visibility
from gis_service.services.edited_feature import (
    chosen_id,
    feature_of,
    is_same,
    keep_id,
    properties_of,
)
from gis_service.services.edited_values import EditedValues, Network, fault, uuid_or_none
from gis_service.services.load_networks import network_extent
from gis_service.store import edits as statements
from gis_service.store.edits import refusals
from gis_service.store.items import item_statement
from gis_service.validation.columns import loadable_fields

_COUNTED = ("version", "updated_at")


@dataclass(frozen=True, slots=True)
class Made:
    """An edit that was made in a transaction which has not ended."""

    edit: Edit
    id: UUID
    changed: bool = True


@dataclass(frozen=True, slots=True)
class _Standing:
    """An item as it stands, held until the end of the transaction."""

    feature: dict[str, Any]
    key: str
    network_id: UUID | None

    @property
    def properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = self.feature["properties"]
        return properties


class EditTransaction:
    """
    Makes edits on a connection whose transaction somebody else ends.

    Parameters
    ----------
    edits
        All that are to come: they may name items that others of them make.
    """

    def __init__(
        self,
        connection: Connection,
        principal: Principal,
        edits: Sequence[Edit],
        *,
        max_vertices: int,
    ) -> None:
        self._connection = connection
        self._principal = principal
        self._values = EditedValues(
            connection, coming=_coming(edits), max_vertices=max_vertices
        )
        self._deleted: dict[Collection, set[UUID]] = defaultdict(set)
        self._networks: list[Network] | None = None

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A part of the transaction that can fail alone."""
        with refusals(), self._connection.begin_nested():
            yield

    def make(self, edit: Edit) -> Made:
        """
        Make one edit.

        Raises
        ------
        NotFound, PreconditionFailed, Conflict
            The item is not there, or not as the edit expects it.
        EditRejected, InvalidInput, NotAllowed
            The item as it would be breaks rules.
        """
        if edit.operation is Operation.CREATE:
            return self._create(edit)
        if edit.operation is Operation.DELETE:
            return self._delete(edit)
        return self._change(edit)

    def standing(self, collection: Collection, id_: UUID) -> Mapping[str, Any]:
        """
        An item as its editor sees it, a GeoJSON Feature; it stays so until the end.

        Raises
        ------
        NotFound
            There is none.
        """
        return self._standing(Edit(Operation.UPDATE, collection, id_)).feature

    def finish(self) -> None:
        """
        Look at what the edits leave together.

        Raises
        ------
        Conflict
            Something names an item that was deleted.
        """
        for collection, ids in self._deleted.items():
            gone = ids - set(self._connection.scalars(statements.present(collection, ids)))
            naming = []
            for other, counting in statements.naming(collection, gone) if gone else ():
                if count := self._connection.scalar(counting):
                    naming.append(f"{other.id} ({count})")
            if naming:
                raise Conflict(
                    f"Items of other collections name what was to be deleted from "
                    f"{collection.id}: {', '.join(naming)}. Change or delete those first; "
                    "nothing was changed."
                )

    def seen(self, made: Made) -> Edited:
        """What became of an edit, as its editor sees it."""
        feature = self._feature(made.edit.collection, made.id)
        if feature is None:
            return Edited(made.edit, made.id, None, None, None)
        properties = orjson.loads(feature)["properties"]
        return Edited(
            made.edit,
            made.id,
            feature,
            properties["version"],
            datetime.fromisoformat(properties["updated_at"]),
            made.changed,
        )

    def _create(self, edit: Edit) -> Made:
        collection = edit.collection
        feature = feature_of(edit)
        chosen = edit.id or chosen_id(feature)
        id_ = chosen or uuid4()
        given = properties_of(feature)
        network, faults = self._network(collection, given.pop("network", None))
        _refuse_read_only(network)
        row = {name: given.get(name) for name in loadable_fields(collection)}
        if "external_id" in row and row["external_id"] is None:
            row["external_id"] = str(id_)
        self._decide_visibility(row, standing="public")
        if edit.withheld:
            row["visibility"] = "staff"
        shown = {field.name for field in visible_fields(collection, self._principal.audience)}
        for name in sorted(set(given) - set(row) - {"visibility"}):
            if given[name] is not None or name not in shown:
                faults.append(self._values.not_writable(collection, name))
        checked = self._values.checked(edit, row, feature.get("geometry"), network, faults)
        values = {"id": id_} | checked
        if network is not None:
            values["network_id"] = network.id
        for field in collection.fields:
            if field.type is FieldType.PERSON and self._principal.person_id is not None:
                values[field.name] = UUID(self._principal.person_id)
        if chosen is not None and reads_history(self._principal.audience):
            # An item that comes back goes on counting: nobody holds its next versions yet.
            last = self._connection.scalar(statements.last_version(collection, id_))
            values["version"] = 1 if last is None else last + 1
        self._connection.execute(statements.insertion(collection, _without_default(values)))
        return Made(edit, id_)

    def _delete(self, edit: Edit) -> Made:
        id_ = _id_of(edit)
        _refuse_read_only(self._network_of(self._standing(edit)))
        self._connection.execute(statements.deletion(edit.collection, id_))
        self._deleted[edit.collection].add(id_)
        return Made(edit, id_)

    def _change(self, edit: Edit) -> Made:
        collection, id_ = edit.collection, _id_of(edit)
        standing = self._standing(edit)
        _refuse_read_only(self._network_of(standing))
        feature = feature_of(edit)
        patches = edit.operation is Operation.UPDATE
        if patches:
            keep_id(feature, id_)
            given = {
                name: merged(standing.properties.get(name), value)
                for name, value in properties_of(feature).items()
            }
            row = dict(given)
        else:
            given = properties_of(feature)
            row = dict.fromkeys(loadable_fields(collection)) | given
            for kept in {collection.key, "visibility"} - set(given):
                del row[kept]
        faults = []
        for name in [n for n in row if n not in loadable_fields(collection)]:
            value = row.pop(name)
            if name in standing.properties and is_same(value, standing.properties[name]):
                continue
            if name in _COUNTED:
                raise Conflict(
                    f"Another change came first: {name} is {standing.properties[name]} by now. "
                    "Load the item again; nothing was changed."
                )
            faults.append(self._values.not_writable(collection, name))
        self._decide_visibility(row, standing=standing.properties["visibility"])
        shape = _SAME
        if "geometry" in feature or not patches:
            shape = feature.get("geometry")
            if patches and isinstance(shape, dict):
                shape = merged(standing.feature["geometry"], shape)
            if edit.crs == CRS84 and shape == standing.feature["geometry"]:
                shape = _SAME
        checked = self._values.checked(
            edit,
            {collection.key: standing.key} | row,
            None if shape is _SAME else shape,
            self._network_of(standing),
            faults,
            with_geometry=shape is not _SAME,
        )
        values = _kept(checked, row, with_geometry=shape is not _SAME)
        if not values:
            return Made(edit, id_, changed=False)
        result = self._connection.execute(statements.change(collection, id_, values))
        return Made(edit, id_, changed=result.rowcount > 0)

    def _standing(self, edit: Edit) -> _Standing:
        """
        The item, held until the end.

        Raises
        ------
        NotFound, PreconditionFailed
            It is not there, or not as expected.
        """
        collection, id_ = edit.collection, _id_of(edit)
        row = self._connection.execute(statements.locked(collection, id_)).one_or_none()
        feature = None if row is None else self._feature(collection, id_)
        if row is None or feature is None:
            if edit.condition.exists:
                raise PreconditionFailed(f"{collection.id} has no item {id_}, in no version.")
            raise NotFound(f"{collection.id} has no item {id_}.")
        _check(edit.condition, row.version, row.updated_at)
        network_id = row.network_id if collection.networked else None
        return _Standing(orjson.loads(feature), row.key, network_id)

    def _feature(self, collection: Collection, id_: UUID) -> bytes | None:
        text: str | None = self._connection.scalar(
            item_statement(collection, id_, self._principal.audience)
        )
        return None if text is None else text.encode()

    def _decide_visibility(self, row: dict[str, Any], *, standing: str) -> None:
        """Leave it out unless it is to change, which not everyone may do."""
        wanted = row.get("visibility")
        if wanted is None or wanted == standing:
            row.pop("visibility", None)
        elif not sets_visibility(self._principal.audience):
            raise NotAllowed(
                "Only planners decide who may see an item (visibility); nothing was changed."
            )

    def _known_networks(self) -> list[Network]:
        if self._networks is None:
            self._networks = [
                Network(
                    row.id, row.external_id, network_extent(row.external_id, row.extent),
                    row.read_only,
                )
                for row in self._connection.execute(statements.networks())
            ]
        return self._networks

    def _network_of(self, standing: _Standing) -> Network | None:
        return next((n for n in self._known_networks() if n.id == standing.network_id), None)

    def _network(
        self, collection: Collection, named: object
    ) -> tuple[Network | None, list[Any]]:
        """The network of a new item: the one that is named, or the only one there is."""
        if not collection.networked:
            unknown = [] if named is None else [self._values.not_writable(collection, "network")]
            return None, unknown
        self._networks = None  # one that this transaction has made counts too
        known = self._known_networks()
        if named is None and len(known) == 1:
            return known[0], []
        for network in known:
            if isinstance(named, str) and named.lower() in (str(network.id), network.external_id):
                return network, []
        listed = ", ".join(n.external_id for n in known) or "none yet"
        if named is None:
            message = f"Name the network that it belongs to. There are: {listed}."
            return None, [fault("network", "required", None, message)]
        message = f"There is no such network. There are: {listed}."
        return None, [fault("network", "unknown-reference", named, message)]


_SAME: Any = object()
"""Stands for a geometry that stays as it is."""


def _refuse_read_only(network: Network | None) -> None:
    """What another owner publishes is changed by that owner."""
    if network is not None and network.read_only:
        raise NotAllowed(
            f"The network {network.external_id!r} is another owner's: it is kept as its package "
            "says, and only read here. Ask the owner to correct it and load the next package; "
            "nothing was changed."
        )


def _coming(edits: Sequence[Edit]) -> Mapping[str, frozenset[UUID]]:
    """Ids that edits will make, by collection."""
    ids: dict[str, set[UUID]] = defaultdict(set)
    for edit in edits:
        if edit.operation is Operation.CREATE and isinstance(edit.feature, dict):
            id_ = edit.id or uuid_or_none(edit.feature.get("id"))
            if id_ is not None:
                ids[edit.collection.id].add(id_)
    return {name: frozenset(some) for name, some in ids.items()}


def _id_of(edit: Edit) -> UUID:
    if edit.id is None:
        raise InvalidInput(f"To {edit.operation} an item, its id is needed.")
    return edit.id


def _check(condition: Condition, version: int, updated_at: datetime) -> None:
    if condition.absent:
        raise PreconditionFailed("There is such an item already; nothing was changed.")
    if version in condition.not_versions:
        raise PreconditionFailed(
            f"The item is still as its version {version} is; nothing was changed."
        )
    if condition.versions is not None and version not in condition.versions:
        raise PreconditionFailed(
            f"The item has changed meanwhile: its version is {version}. "
            "Load it again; nothing was changed."
        )
    since = condition.unmodified_since
    if since is not None and updated_at.replace(microsecond=0) > since:
        raise PreconditionFailed(
            f"The item has changed meanwhile, at {updated_at.isoformat(timespec='seconds')}. "
            "Load it again; nothing was changed."
        )


def _kept(
    checked: Mapping[str, Any], row: Mapping[str, Any], *, with_geometry: bool
) -> dict[str, Any]:
    """Values of what was given; the key went along so that the row had a name."""
    return {
        name: value
        for name, value in checked.items()
        if name in row or (with_geometry and name == "geom")
    }


def _without_default(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without an empty `visibility`, which the table fills."""
    return {n: v for n, v in values.items() if n != "visibility" or v is not None}

"""
OFDS in GeoJSON: nodes and spans as features, and the network in a file beside them.

The standard's GeoJSON loses organisations and phases that nothing names, and the
order of the others. So `network.json` holds the package without nodes and spans,
and `kept.jsonl` every node and span that its feature would not bring back.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

from gis_service.errors import UnreadableFile
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_archive import entries, entry_named, text_of
from gis_service.formats.ofds_json import parse_package
from gis_service.formats.ofds_mapping import GEOMETRIES
from gis_service.formats.ofds_package import Json, objects_of
from gis_service.formats.ofds_writing import NetworkSource, PackageSource, dumped, write_json

KEPT_FILE = "kept.jsonl"
PACKAGE_FILE = "network.json"
_OWN = ("featureType", "network")
_PHASE = ("phase",)
_ONE = ("physicalInfrastructureProvider", "transmissionMediumOwner", "supplier")
_MANY = ("networkProviders",)
_ENDS = ("start", "end")
_LEFT_OUT = ("nodes", "spans", "phases", "organisations")


def write_geojson(package: PackageSource, out: IO[bytes]) -> None:
    """The package as a zip archive: nodes, spans, the network, and what features cannot say."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for array in GEOMETRIES:
            with archive.open(entry_named(f"{array}.geojson"), "w", force_zip64=True) as file:
                _write_features(package, array, file)
        with archive.open(entry_named(PACKAGE_FILE), "w", force_zip64=True) as file:
            write_json(_without_features(package), file)
        with archive.open(entry_named(KEPT_FILE), "w") as file:
            for place, network in enumerate(package.networks):
                for each in _kept(place, network):
                    file.write(dumped(each).encode() + b"\n")


def read_geojson_package(path: Path, limits: ReadLimits) -> Json:
    """
    The package in such an archive; without `network.json` as far as its features tell.

    Raises
    ------
    UnreadableFile
        The archive is damaged or hostile, or its files hold no package.
    """
    features: dict[str, list[Json]] = {}
    kept: list[Json] = []
    document: Json | None = None
    with zipfile.ZipFile(path) as archive:
        for name, content in entries(archive, limits, suffixes=(".geojson", ".json", ".jsonl")):
            if name == PACKAGE_FILE:
                document, _ = parse_package(content)
            elif name == KEPT_FILE:
                lines = text_of(name, content).split("\n")
                kept = [_loaded(name, each) for each in lines if each]
            else:
                for each in _features(name, _loaded(name, text_of(name, content))):
                    features.setdefault(each["properties"]["featureType"], []).append(each)
    if document is None:
        document = _told(features)
    for place, network in enumerate(document["networks"]):
        _fill(network, features, alone=len(document["networks"]) == 1)
        _put_back(network, [each for each in kept if each.get("network") == place])
    return document


def feature_of(array: str, object_: Json, about: Mapping[str, Any], found: _Found) -> Json:
    """A node or span as a feature, with what it names in full."""
    name = GEOMETRIES[array]
    properties = {key: value for key, value in object_.items() if key != name}
    for key in _PHASE:
        if key in properties:
            properties[key] = found.phase(properties[key])
    for key in _ONE:
        if key in properties:
            properties[key] = found.organisation(properties[key])
    for key in _MANY:
        if isinstance(properties.get(key), list):
            properties[key] = [found.organisation(each) for each in properties[key]]
    for key in _ENDS if array == "spans" else ():
        if key in properties:
            properties[key] = found.node(properties[key])
    properties |= {"featureType": array[:-1], "network": about}
    geometry = object_.get(name)
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def object_of(array: str, feature: Json) -> Json:
    """The node or span that a feature is, with references in place of what they name."""
    made = {k: v for k, v in feature["properties"].items() if k not in _OWN}
    for key in (*_PHASE, *_ONE):
        if key in made:
            made[key] = _reference(made[key])
    for key in _MANY:
        if isinstance(made.get(key), list):
            made[key] = [_reference(each) for each in made[key]]
    for key in _ENDS if array == "spans" else ():
        if isinstance(made.get(key), dict):
            made[key] = made[key].get("id")
    if feature.get("geometry") is not None:
        made[GEOMETRIES[array]] = feature["geometry"]
    return made


class _Found:
    """What a network's nodes and spans may name, by id."""

    def __init__(self, objects: Callable[[str], Iterable[Any]]) -> None:
        self._organisations = _by_id(objects("organisations"))
        self._phases = _by_id(objects("phases"))
        self._names = {
            each["id"]: each["name"]
            for each in objects("nodes")
            if isinstance(each, dict) and isinstance(each.get("id"), str)
            and isinstance(each.get("name"), str)
        }

    def organisation(self, reference: Any) -> Any:
        return self._whole(reference, self._organisations)

    def phase(self, reference: Any) -> Any:
        whole = self._whole(reference, self._phases)
        if isinstance(whole, dict) and isinstance(whole.get("funders"), list):
            return {**whole, "funders": [self.organisation(each) for each in whole["funders"]]}
        return whole

    def node(self, id_: Any) -> Any:
        """A span's end; its id and name stand for the node, which is a feature itself."""
        if not isinstance(id_, str):
            return id_
        name = self._names.get(id_)
        return {"id": id_, "name": name} if name else {"id": id_}

    def _whole(self, reference: Any, known: Mapping[str, Json]) -> Any:
        id_ = reference.get("id") if isinstance(reference, dict) else None
        return known.get(id_, reference) if isinstance(id_, str) else reference


def _by_id(objects: Iterable[Any]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for each in objects:
        if isinstance(each, dict) and isinstance(each.get("id"), str):
            found.setdefault(each["id"], each)
    return found


def _reference(whole: Any) -> Any:
    if not isinstance(whole, dict):
        return whole
    return {key: whole[key] for key in ("id", "name") if key in whole}


def _about(network: NetworkSource) -> Json:
    """A network as each of its features repeats it."""
    about = {name: value for name, value in network.head.items() if name not in _LEFT_OUT}
    for array in ("contracts", "wayleaves"):
        if array in about and (members := list(network.objects(array))):
            about[array] = members
    return about


def _write_features(package: PackageSource, array: str, file: IO[bytes]) -> None:
    file.write(b'{"type":"FeatureCollection","features":[')
    first = True
    for network in package.networks:
        about, found = _about(network), _Found(network.objects)
        for each in network.objects(array):
            if isinstance(each, dict):
                file.write(b"\n" if first else b",\n")
                file.write(dumped(feature_of(array, each, about, found)).encode())
                first = False
    file.write(b"\n]}\n")


def _without_features(package: PackageSource) -> PackageSource:
    return PackageSource(
        package.around,
        [
            NetworkSource(network.head, network.version, _Few(network))
            for network in package.networks
        ],
    )


class _Few:
    """The objects of a network, nodes and spans left out."""

    def __init__(self, network: NetworkSource) -> None:
        self._network = network

    def __call__(self, array: str) -> Iterator[Any]:
        return iter(()) if array in GEOMETRIES else self._network.objects(array)


def _kept(place: int, network: NetworkSource) -> Iterator[Json]:
    about, found = _about(network), _Found(network.objects)
    for array in GEOMETRIES:
        for position, each in enumerate(network.objects(array)):
            is_feature = isinstance(each, dict)
            if is_feature and object_of(array, feature_of(array, each, about, found)) == each:
                continue
            yield {
                "network": place, "array": array, "position": position, "object": each,
                "row": is_feature,
            }


def _features(name: str, content: Any) -> Iterator[Json]:
    members = content.get("features") if isinstance(content, dict) else None
    if not isinstance(members, list):
        raise UnreadableFile(f"{name} is no GeoJSON FeatureCollection.")
    for number, each in enumerate(members, 1):
        properties = each.get("properties") if isinstance(each, dict) else None
        kind = properties.get("featureType") if isinstance(properties, dict) else None
        if not isinstance(properties, dict) or kind not in {"node", "span", None}:
            raise UnreadableFile(f"Feature {number} of {name} is neither a node nor a span.")
        if kind is None:  # until 0.2 the file's name alone said it
            kind = "span" if "spans" in name else "node"
        yield {**each, "properties": {**properties, "featureType": kind}}


def _told(features: Mapping[str, list[Json]]) -> Json:
    """The networks as their features tell them, with organisations and phases that are named."""
    networks: dict[str, Json] = {}
    for members in features.values():
        for each in members:
            about = each["properties"].get("network")
            if not isinstance(about, dict):
                raise UnreadableFile(
                    "The features do not say their network, and there is no network.json."
                )
            network = networks.setdefault(str(about.get("id")), dict(about))
            for key in _PHASE:
                _collect(network, "phases", each["properties"].get(key))
            for key in _ONE:
                _collect(network, "organisations", each["properties"].get(key))
            for one in each["properties"].get("networkProviders") or ():
                _collect(network, "organisations", one)
    return {"networks": list(networks.values())}


def _collect(network: Json, array: str, whole: Any) -> None:
    if not isinstance(whole, dict) or "id" not in whole:
        return
    if array == "phases" and isinstance(whole.get("funders"), list):
        for each in whole["funders"]:
            _collect(network, "organisations", each)
        whole = {**whole, "funders": [_reference(each) for each in whole["funders"]]}
    members = network.setdefault(array, [])
    if all(each["id"] != whole["id"] for each in members):
        members.append(whole)


def _fill(network: Json, features: Mapping[str, list[Json]], *, alone: bool) -> None:
    for array in GEOMETRIES:
        mine = [
            object_of(array, each)
            for each in features.get(array[:-1], ())
            if alone or _network_id(each) == network.get("id")
        ]
        if mine:
            network[array] = mine


def _network_id(feature: Json) -> Any:
    about = feature["properties"].get("network")
    return about.get("id") if isinstance(about, dict) else None


def _put_back(network: Json, kept: Iterable[Json]) -> None:
    """What features could not say; a feature that was edited meanwhile wins."""
    if not (kept := list(kept)):
        return
    found = _Found(partial(objects_of, network))
    for each in kept:
        try:
            array, position, object_ = each["array"], each["position"], each["object"]
            members = network.setdefault(array, [])
            if not each["row"]:
                members.insert(position, object_)
            elif position < len(members):
                seen = object_of(array, feature_of(array, object_, {}, found))
                if members[position] == seen:
                    members[position] = object_
        except (KeyError, TypeError):
            raise UnreadableFile(
                f"{KEPT_FILE} is damaged; take it out to read the features alone."
            ) from None


def _loaded(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise UnreadableFile(f"{name} is no JSON.") from None

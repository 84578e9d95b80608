"""
What QGIS reads of a collection, as JSON; run by the Python that QGIS is installed for.

Arguments: the service's address, a collection, and a property filter that QGIS
can push down.
"""

import json
import sys

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsFeatureRequest,
    QgsRectangle,
    QgsVectorLayer,
)


def read(address, collection, condition):  # type: ignore[no-untyped-def]
    """Everything, what lies in a box, what fulfils a condition, and both."""
    source = f"url='{address}' typename='{collection}' pageSize='10' restrictToRequestBBOX='1'"
    layer = QgsVectorLayer(source, collection, "OAPIF")
    if not layer.isValid():
        return {"error": layer.error().message()}
    extent = layer.extent()
    centre = extent.center()
    part = QgsRectangle(extent.xMinimum(), extent.yMinimum(), centre.x(), centre.y())
    in_part = QgsFeatureRequest().setFilterRect(part)
    found = {
        "count": layer.featureCount(),
        "fields": [field.name() for field in layer.fields()],
        "crs": layer.crs().authid(),
        "geometry": layer.wkbType(),
        "ids": ids(layer),
        "part": [part.xMinimum(), part.yMinimum(), part.xMaximum(), part.yMaximum()],
        "in_part": ids(layer, in_part),
    }
    if not layer.setSubsetString(condition):
        return {"error": f"QGIS does not take {condition}"}
    return found | {"subset": ids(layer), "subset_in_part": ids(layer, in_part)}


def ids(layer, request=None):  # type: ignore[no-untyped-def]
    """Ids of the features, sorted."""
    return sorted(f["id"] for f in layer.getFeatures(request or QgsFeatureRequest()))


QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
print(json.dumps(read(*sys.argv[1:4])))
application.exitQgis()

/* Items of a large layer out of a file beside the page, where no service answers. */
"use strict";
(function (gisMap) {
  const KEPT = 40;
  const archives = new Map();

  function archiveOf(address) {
    if (!archives.has(address)) {
      archives.set(address, {
        file: new globalThis.TileArchive(new URL(address, location.href).href), tiles: new Map(),
      });
    }
    return archives.get(address);
  }

  function featuresOf({ file, tiles }, zoom, column, row) {
    const key = `${zoom}/${column}/${row}`;
    const made = tiles.get(key) || file.tile(zoom, column, row).then(
      (bytes) => (bytes ? JSON.parse(new TextDecoder().decode(bytes)).features : []));
    made.catch(() => tiles.delete(key));
    tiles.delete(key);
    tiles.set(key, made);
    if (tiles.size > KEPT) {
      tiles.delete(tiles.keys().next().value);
    }
    return made;
  }

  /** What meets the tiles of a `bbox`, or the item with an `id` if a tile that was read has it. */
  gisMap.fromArchive = async function (config, { bbox, id }) {
    const archive = archiveOf(config.items);
    let asked = [...archive.tiles.values()];
    if (bbox) {
      const [west, south, east, north] = bbox.split(",").map(Number);
      const zoom = config.itemsZoom;
      const count = 2 ** zoom;
      const column = (longitude) => Math.floor(((longitude + 180) / 360) * count);
      const row = (latitude) => Math.floor(
        ((1 - Math.asinh(Math.tan((latitude * Math.PI) / 180)) / Math.PI) / 2) * count);
      asked = [];
      for (let x = column(west); x <= column(east); x += 1) {
        for (let y = row(north); y <= row(south); y += 1) {
          asked.push(featuresOf(archive, zoom, x, y));
        }
      }
    }
    const found = await Promise.all(asked).catch(() => null);
    if (!found) {
      return null;
    }
    const features = new Map(found.flat().map((feature) => [feature.id, feature]));
    return { features: id ? [features.get(id)].filter(Boolean) : [...features.values()] };
  };
})(globalThis.gisMap);

// What @camptocamp/ogc-client finds at an address, as JSON.
import { pathToFileURL } from 'node:url'

const [library, address, collection] = process.argv.slice(2)
const { OgcApiEndpoint } = await import(pathToFileURL(library))
const endpoint = new OgcApiEndpoint(address)
const box = [34.7, -0.8, 34.8, -0.7]
const items = await endpoint.getCollectionItems(collection, 3, 2)
const chosen = await endpoint.getCollectionItems(
  collection, 1000, 0, true, ['-name'], box, ['name'])
const described = await endpoint.getCollectionInfo(collection)
const addressOf = (options) => endpoint.getCollectionItemsUrl(collection, options)
console.log(JSON.stringify({
  info: await endpoint.info,
  conformance: await endpoint.conformanceClasses,
  collections: await endpoint.featureCollections,
  hasFeatures: await endpoint.hasFeatures,
  hasTiles: await endpoint.hasTiles,
  tileCollections: await endpoint.vectorTileCollections,
  tileMatrixSets: await endpoint.tileMatrixSets,
  hasStyles: await endpoint.hasStyles,
  styles: (await endpoint.hasStyles) ? await endpoint.allStyles() : [],
  described,
  items,
  item: await endpoint.getCollectionItem(collection, items[0].id),
  chosen,
  metric: await addressOf({ asJson: true, limit: 1, outputCrs: 'EPSG:3857', extent: box }),
  file: await addressOf({ outputFormat: 'application/geopackage+sqlite3' }),
}))

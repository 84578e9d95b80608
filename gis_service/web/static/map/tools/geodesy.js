/* Lengths and areas on the ellipsoid of WGS84; positions are [longitude, latitude] in degrees. */
"use strict";
(function (gisMap) {
  const A = 6378137;
  const F = 1 / 298.257223563;
  const B = A * (1 - F);
  const E = Math.sqrt(F * (2 - F));
  const MOST_ROUNDS = 200;
  const radians = (degrees) => (degrees * Math.PI) / 180;

  /** Metres between two positions (Vincenty 1975, inverse); NaN for nearly opposite ones. */
  function distance([lon1, lat1], [lon2, lat2]) {
    const [u1, u2] = [lat1, lat2].map((lat) => Math.atan((1 - F) * Math.tan(radians(lat))));
    const [sin1, cos1, sin2, cos2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
    const l = radians(lon2 - lon1);
    let lambda = l;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
      const sinS = Math.hypot(cos2 * sinL, cos1 * sin2 - sin1 * cos2 * cosL);
      if (sinS === 0) {
        return 0;
      }
      const cosS = sin1 * sin2 + cos1 * cos2 * cosL;
      const sigma = Math.atan2(sinS, cosS);
      const sinA = (cos1 * cos2 * sinL) / sinS;
      const cosA2 = 1 - sinA ** 2;
      const cosM = cosA2 === 0 ? 0 : cosS - (2 * sin1 * sin2) / cosA2;
      const c = (F / 16) * cosA2 * (4 + F * (4 - 3 * cosA2));
      const last = lambda;
      lambda = l + (1 - c) * F * sinA * (sigma + c * sinS * (cosM + c * cosS * (2 * cosM ** 2 - 1)));
      if (Math.abs(lambda - last) < 1e-12) {
        const u = (cosA2 * (A ** 2 - B ** 2)) / B ** 2;
        const big = 1 + (u / 16384) * (4096 + u * (u * (320 - 175 * u) - 768));
        const small = (u / 1024) * (256 + u * (u * (74 - 47 * u) - 128));
        const change = small * sinS * (cosM + (small / 4) * (cosS * (2 * cosM ** 2 - 1)
          - (small / 6) * cosM * (4 * sinS ** 2 - 3) * (4 * cosM ** 2 - 3)));
        return B * big * (sigma - change);
      }
    }
    return NaN;
  }

  const length = (line) => line.slice(1).reduce((sum, at, i) => sum + distance(line[i], at), 0);

  const q = (sin) => (1 - E ** 2) * (sin / (1 - (E * sin) ** 2) - Math.log((1 - E * sin) / (1 + E * sin)) / (2 * E));
  const POLE = q(1);

  /** Square metres within a ring that is not closed, on the sphere of equal area. */
  function area(ring) {
    const half = ring.map(([, lat]) => Math.tan(Math.asin(q(Math.sin(radians(lat))) / POLE) / 2));
    const excess = ring.reduce((sum, [lon], i) => {
      const next = (i + 1) % ring.length;
      const step = Math.tan(radians(ring[next][0] - lon) / 2);
      return sum + 2 * Math.atan2(step * (half[i] + half[next]), 1 + half[i] * half[next]);
    }, 0);
    return (Math.abs(excess) * A ** 2 * POLE) / 2;
  }

  gisMap.geodesy = { distance, length, area };
})(globalThis.gisMap);

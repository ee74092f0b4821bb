const width = 760;
const left = 190;
const right = 80;
const top = 64;
const rowHeight = 50;
const bottom = 40;

/**
 * A chart with one row per thing and a logarithmic scale, as SVG. `rows`: `{ label, marks }`, a mark being
 * `{ kind: 'bar' | 'dot' | 'tick' | 'range', from?, to, series, text?, line? }`; `line` (0 or 1) is the upper or lower
 * half of a row. `series`: names with their colours, which the legend shows.
 */
export function logChart({ title, unit, rows, series }) {
  const values = rows.flatMap(({ marks }) => marks.flatMap(({ from, to }) => (from === undefined ? [to] : [from, to])));
  const scale = logScale(values);
  const height = top + rows.length * rowHeight + bottom;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="12" y="22" font-size="15" font-weight="bold">${escape(title)}</text>`,
    ...legend(series),
    ...axis(scale, height, unit),
    ...rows.flatMap((row, index) => rowOf(row, top + index * rowHeight, { scale, series })),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** From a power of ten well below all values to the one above. */
function logScale(values) {
  const positive = values.filter((value) => value > 0);
  // Room for a number in the shortest bar.
  const low = Math.floor(Math.log10(Math.min(...positive) / 2));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive))));
  const x = (value) => left + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (width - left - right);
  return { low, high, x: (value) => Math.round(x(value) * 10) / 10 };
}

function legend(series) {
  return Object.entries(series).flatMap(([name, colour], index) => {
    const x = 12 + index * 150;
    return [
      `<rect x="${x}" y="34" width="12" height="12" fill="${colour}"/>`,
      `<text x="${x + 17}" y="44">${escape(name)}</text>`,
    ];
  });
}

function axis({ low, high, x }, height, unit) {
  const powers = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return [
    ...powers.flatMap((value) => [
      `<line x1="${x(value)}" x2="${x(value)}" y1="${top - 4}" y2="${height - bottom + 4}" stroke="#ddd"/>`,
      `<text x="${x(value)}" y="${height - bottom + 18}" text-anchor="middle" fill="#555">${readable(value)}</text>`,
    ]),
    `<text x="${width - right}" y="${height - 6}" text-anchor="end" fill="#555">${escape(unit)}, logarithmic</text>`,
  ];
}

function rowOf({ label, marks }, y, { scale, series }) {
  const drawn = marks.map((mark) =>
    draw(mark, y + 8 + (mark.line ?? 0) * 18, { x: scale.x, colour: series[mark.series] }),
  );
  return [`<text x="${left - 10}" y="${y + 26}" text-anchor="end">${escape(label)}</text>`, ...drawn];
}

function draw({ kind, from, to, text }, y, { x, colour }) {
  const said =
    text === undefined ? '' : `<text x="${x(to) + 6}" y="${y + 11}" fill="#333" font-size="11">${escape(text)}</text>`;
  const inside =
    text === undefined ? '' : `<text x="${left + 6}" y="${y + 11}" fill="white" font-size="11">${escape(text)}</text>`;
  switch (kind) {
    case 'bar':
      return `<rect x="${left}" y="${y}" width="${Math.round(x(to) - left)}" height="14" fill="${colour}"/>${inside}`;
    case 'range':
      return `<rect x="${x(from)}" y="${y + 4}" width="${Math.max(2, Math.round(x(to) - x(from)))}" height="6" fill="${colour}"/>${said}`;
    case 'dot':
      return `<circle cx="${x(to)}" cy="${y + 7}" r="3" fill="${colour}" stroke="white"/>${said}`;
    case 'tick':
      return `<line x1="${x(to)}" x2="${x(to)}" y1="${y - 4}" y2="${y + 36}" stroke="${colour}" stroke-width="2"/>${said}`;
    default:
      throw new Error(`There is no mark ${kind}`);
  }
}

/** 1200 as 1,200. */
export function readable(value) {
  const rounded = value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
  return rounded.toLocaleString('en-US');
}

function escape(text) {
  return text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);
}

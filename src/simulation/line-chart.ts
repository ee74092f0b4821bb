/** Lines over time on one scale. */
export interface LineChart {
  title: string;
  /** What the vertical scale counts. */
  unit: string;
  /** Days. */
  times: readonly number[];
  lines: readonly { name: string; values: readonly number[] }[];
}

const size = { width: 760, height: 360, left: 70, right: 190, top: 40, bottom: 40 };
const colours = ['#2b6cb0', '#c05621', '#2f855a', '#805ad5', '#b83280', '#718096', '#b7791f', '#2c7a7b', '#e53e3e'];

/** The chart as SVG. */
export function lineChart({ title, unit, times, lines }: LineChart): string {
  const { width, height, left, right, top, bottom } = size;
  const most = niceCeiling(Math.max(1, ...lines.map(({ values }) => values.reduce((a, b) => Math.max(a, b), 0))));
  const [from, to] = [times[0] ?? 0, Math.max((times[0] ?? 0) + 1e-9, times.at(-1) ?? 1)];
  const x = (time: number): number => round(left + ((time - from) / (to - from)) * (width - left - right));
  const y = (value: number): number => round(height - bottom - (value / most) * (height - top - bottom));
  const levels = [0, 0.25, 0.5, 0.75, 1].map((part) => part * most);
  const days = [0, 0.25, 0.5, 0.75, 1].map((part) => from + part * (to - from));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="12" y="22" font-size="15" font-weight="bold">${escape(title)}</text>`,
    ...levels.flatMap((level) => [
      `<line x1="${left}" x2="${width - right}" y1="${y(level)}" y2="${y(level)}" stroke="#ddd"/>`,
      `<text x="${left - 6}" y="${y(level) + 4}" text-anchor="end" fill="#555">${readable(level)}</text>`,
    ]),
    ...days.map(
      (time) =>
        `<text x="${x(time)}" y="${height - bottom + 18}" text-anchor="middle" fill="#555">${round(time)}</text>`,
    ),
    `<text x="${width - right}" y="${height - 6}" text-anchor="end" fill="#555">days; ${escape(unit)}</text>`,
    ...lines.flatMap(({ name, values }, at) => {
      const colour = colours[at % colours.length] ?? '#000';
      const points = values.map((value, index) => `${x(times[index] ?? 0)},${y(value)}`).join(' ');
      const place = top + at * 18;
      return [
        `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
        `<rect x="${width - right + 14}" y="${place}" width="12" height="3" fill="${colour}"/>`,
        `<text x="${width - right + 32}" y="${place + 5}">${escape(name)}</text>`,
      ];
    }),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 8, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

function readable(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);
}

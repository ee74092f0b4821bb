import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { logChart, readable } from './chart.mjs';
import { goals } from './goals.mjs';
import { pathNames } from './options.mjs';

const usage = `node bench/plot.mjs [--out FOLDER] FILE…

Draws what \`npm run --silent bench -- --json … > FILE\` has written: rates beside the goals and the baseline, and
latencies, as performance-rates.svg and performance-latencies.svg in FOLDER (docs). Of a path that several files hold
the median run counts; the others are dots. Runs with --https are drawn below those without.`;

const colours = { HTTP: '#2b6cb0', HTTPS: '#805ad5', 'bare statements': '#a0aec0', goal: '#c53030' };

/** The runs of each path, the median by rate first: `{ claim: { HTTP: [run, …], HTTPS: [] }, … }`. */
export function collect(results) {
  const paths = {};
  for (const { machine, ...measured } of results) {
    for (const name of pathNames.filter((known) => measured[known] !== undefined)) {
      paths[name] ??= { HTTP: [], HTTPS: [] };
      paths[name][machine.https ? 'HTTPS' : 'HTTP'].push(measured[name]);
    }
  }
  for (const kinds of Object.values(paths))
    for (const kind of Object.keys(kinds)) kinds[kind] = medianFirst(kinds[kind]);
  return paths;
}

function medianFirst(runs) {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond);
  return [...sorted.splice(Math.floor(sorted.length / 2), 1), ...sorted];
}

/** Both charts of these results, by the names of their files. */
export function draw(results) {
  const paths = Object.entries(collect(results)).toSorted(([a], [b]) => pathNames.indexOf(a) - pathNames.indexOf(b));
  const rates = paths.map(([name, kinds]) => ({ label: `${name} (${unitOf(kinds)})`, marks: ratesOf(name, kinds) }));
  const latencies = paths.map(([name, kinds]) => ({ label: name, marks: latenciesOf(kinds) }));
  const { HTTP, HTTPS } = colours;
  return {
    'performance-rates.svg': logChart({
      title: 'Operations per second',
      unit: 'per second',
      rows: rates,
      series: colours,
    }),
    'performance-latencies.svg': logChart({
      title: 'Latency of a saturated server: p50 to p99',
      unit: 'milliseconds',
      rows: latencies,
      series: { HTTP, HTTPS },
    }),
  };
}

const unitOf = ({ HTTP, HTTPS }) => [...HTTP, ...HTTPS][0].unit;

function eachKind(kinds, marksOf) {
  return ['HTTP', 'HTTPS'].flatMap((series, line) => {
    const [median, ...others] = kinds[series];
    return median === undefined ? [] : marksOf(median, { others, series, line });
  });
}

function ratesOf(name, kinds) {
  const measured = eachKind(kinds, ({ perSecond, rawPerSecond }, { others, series, line }) => [
    { kind: 'bar', to: perSecond, series, line, text: readable(perSecond) },
    ...others.map((other) => ({ kind: 'dot', to: other.perSecond, series, line })),
    ...(line === 0
      ? [{ kind: 'dot', to: rawPerSecond, series: 'bare statements', line, text: readable(rawPerSecond) }]
      : []),
  ]);
  return goals[name] === undefined ? measured : [...measured, { kind: 'tick', to: goals[name], series: 'goal' }];
}

function latenciesOf(kinds) {
  return eachKind(kinds, ({ p50Ms, p99Ms }, { series, line }) => [
    { kind: 'range', from: p50Ms, to: p99Ms, series, line, text: `${readable(p50Ms)} to ${readable(p99Ms)}` },
  ]);
}

function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: 'docs' }, help: { type: 'boolean', default: false } },
  });
  if (values.help || positionals.length === 0) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const results = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  mkdirSync(values.out, { recursive: true });
  for (const [name, svg] of Object.entries(draw(results))) {
    writeFileSync(join(values.out, name), svg);
    console.log(join(values.out, name));
  }
  return 0;
}

if (import.meta.url === `file://${process.argv[1]}`) process.exitCode = main(process.argv.slice(2));

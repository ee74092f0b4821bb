/**
 * Fault points, for tests only: `node --import test/support/faults/preload.mjs <program>` makes the program stand still
 * at a chosen boundary of a chosen piece of work, so that whoever started it can kill it right there. Nothing of this is
 * in the product: a program that was started without this file has no such points.
 *
 * A boundary is the moment before a statement is sent to the database, before a file of a storage element is put in
 * place or removed, or before the reply. Work is chosen by a request header `x-fault-at: <id>:<boundary>`, or by
 * `faultWork` in the process itself. The parent is told `{ id, boundary, what }` when the work stands still.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const current = new AsyncLocalStorage();
const workOf = Symbol('work');

/** Runs `body` as work that stands still at its boundary number `at` (from 0). */
export function faultWork(id, at, body) {
  return current.run({ id, at, passed: 0, still: false }, body);
}

/** Whether the work stands still from here on; counts one boundary. */
function standsStill(work, what) {
  if (work === undefined) return false;
  if (!work.still && work.passed === work.at) {
    work.still = true;
    process.send({ id: work.id, boundary: work.at, what });
  }
  work.passed += 1;
  return work.still;
}

const forever = new Promise(() => undefined);

const { Connection } = createRequire(import.meta.url)('mysql2');
const { addCommand } = Object.getPrototypeOf(Connection.prototype);
Object.getPrototypeOf(Connection.prototype).addCommand = function (command) {
  // How a new connection is set up changes nothing, and depends on how many are open.
  const isStatement = ['Query', 'Execute'].includes(command.constructor.name) && !command.sql.startsWith('SET ');
  if (isStatement && standsStill(current.getStore(), shapeOf(command.sql))) return command;
  return addCommand.call(this, command);
};

/** The first words of a statement, or its table: enough to know it again. */
function shapeOf(sql) {
  const [verb = '', ...words] = sql.trim().replace(/^\(/, '').split(/\s+/).slice(0, 3);
  const table = /\b(?:FROM|JOIN)\s+([a-z_]+)/.exec(sql)?.[1];
  return verb === 'SELECT' || words[0]?.startsWith('JSON_TABLE')
    ? `${verb} ${table ?? '…'}`
    : [verb, ...words].join(' ');
}

for (const name of ['rename', 'rm']) {
  const original = fs.promises[name];
  fs.promises[name] = (...given) =>
    standsStill(current.getStore(), `file ${name}`) ? forever : original.apply(fs.promises, given);
}
syncBuiltinESMExports();

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, ...given) {
  const [request, response] = given;
  const asked = event === 'request' ? request.headers['x-fault-at'] : undefined;
  if (asked === undefined) return emit.call(this, event, ...given);
  const [id, at] = asked.split(':');
  const work = { id, at: Number(at), passed: 0, still: false };
  response[workOf] = work;
  // The parser tells of the body outside of any work.
  const emitOfRequest = request.emit;
  request.emit = (...what) => current.run(work, () => emitOfRequest.apply(request, what));
  return current.run(work, () => emit.call(this, event, ...given));
};

const { end } = http.ServerResponse.prototype;
http.ServerResponse.prototype.end = function (...given) {
  return standsStill(this[workOf], 'reply') ? this : end.apply(this, given);
};

import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoggerService } from '@nestjs/common';

type Level = 'debug' | 'info' | 'warn' | 'error';
const order: Level[] = ['debug', 'info', 'warn', 'error'];

/** Fields of a stretch of work, put together only when a line is written: most work writes none. */
interface Scope {
  fields: Record<string, unknown>[];
  outer: Scope | undefined;
}

const context = new AsyncLocalStorage<Scope>();

/** Runs `body` with fields (`requestId`, `jobId`, `stamp`, `agent` …) that every log line in it will carry. */
export function withLogFields<T>(fields: Record<string, unknown>, body: () => T): T {
  return context.run({ fields: [fields], outer: context.getStore() }, body);
}

/** Adds fields to the lines of the current {@link withLogFields}. */
export function addLogFields(fields: Record<string, unknown>): void {
  context.getStore()?.fields.push(fields);
}

/** Structured logs: one JSON object a line, on stdout. Facts at state changes, not steps. */
export class Log implements LoggerService {
  private readonly least: number;

  constructor(
    private readonly program: string,
    level: Level = 'info',
    private readonly write: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
  ) {
    this.least = order.indexOf(level);
  }

  debug(message: unknown, fields?: unknown): void {
    this.emit('debug', message, fields);
  }
  verbose(message: unknown, fields?: unknown): void {
    this.emit('debug', message, fields);
  }
  log(message: unknown, fields?: unknown): void {
    // Nest passes the name of a class; its start-up chatter is of interest to developers only.
    this.emit(typeof fields === 'string' ? 'debug' : 'info', message, fields);
  }
  info(message: string, fields?: Record<string, unknown>): void {
    this.emit('info', message, fields);
  }
  warn(message: unknown, fields?: unknown): void {
    this.emit('warn', message, fields);
  }
  error(message: unknown, fields?: unknown): void {
    this.emit('error', message, fields);
  }
  fatal(message: unknown, fields?: unknown): void {
    this.emit('error', message, fields);
  }

  private emit(level: Level, message: unknown, fields: unknown): void {
    if (order.indexOf(level) < this.least) return;
    const extra =
      typeof fields === 'object' && fields !== null ? describe(fields as Record<string, unknown>) : { context: fields };
    const text = message instanceof Error ? message.message : String(message);
    const cause = message instanceof Error ? { stack: message.stack } : {};
    this.write(
      JSON.stringify({
        time: new Date().toISOString(),
        level,
        program: this.program,
        message: text,
        ...fieldsOf(context.getStore()),
        ...extra,
        ...cause,
      }),
    );
  }
}

function fieldsOf(scope: Scope | undefined): Record<string, unknown> {
  return scope === undefined ? {} : Object.assign(fieldsOf(scope.outer), ...scope.fields);
}

function describe(fields: Record<string, unknown>): Record<string, unknown> {
  const { error, ...rest } = fields;
  if (!(error instanceof Error)) return fields;
  return {
    ...rest,
    error: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: error.cause.message } : {}),
  };
}

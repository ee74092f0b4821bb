import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { UnsafeArchive } from './unsafe-archive.js';

type Compression = 'none' | 'gzip' | 'bzip2' | 'zstd';

/** How a file is compressed, by its first bytes. */
export async function compressionOf(file: string): Promise<Compression> {
  const handle = await open(file);
  try {
    const start = Buffer.alloc(4);
    await handle.read(start, 0, 4, 0);
    const magic = start.toString('hex');
    if (magic.startsWith('1f8b')) return 'gzip';
    if (magic.startsWith('425a68')) return 'bzip2';
    return magic === '28b52ffd' ? 'zstd' : 'none';
  } finally {
    await handle.close();
  }
}

/** Sends the tar stream inside a file to a sink. More than `limit` bytes are refused, so no archive can be a bomb. */
export async function decompressInto(file: string, limit: number, sink: Writable): Promise<void> {
  const compression = await compressionOf(file);
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      if (size > limit) done(new UnsafeArchive('', `it unpacks to more than ${limit} bytes`));
      else done(null, chunk);
    },
  });
  if (compression === 'none') return pipeline(createReadStream(file), measure, sink);
  if (compression === 'gzip') return pipeline(createReadStream(file), createGunzip(), measure, sink);
  return throughProgram(compression, file, [measure, sink]);
}

async function throughProgram(
  program: 'bzip2' | 'zstd',
  file: string,
  [measure, sink]: [Transform, Writable],
): Promise<void> {
  const child = spawn(program, ['-d', '-c'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(0, 500)));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      reject(missing ? new Error(`this machine has no ${program}, which the archive ${file} needs`) : error);
    });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${complaint.trim()}`))));
  });
  const feeding = pipeline(createReadStream(file), child.stdin).catch((error: unknown) => {
    // The program may have ended early; its own exit code says why.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  });
  try {
    await Promise.all([pipeline(child.stdout, measure, sink), ended, feeding]);
  } finally {
    child.kill('SIGKILL');
  }
}

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Controller, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ParamsOf, Refusal, server } from '../contract/index.js';
import { Handles, Input, KeptPilotFiles, PilotFiles } from '../platform/index.js';

/** The files that start pilots, for nodes that do not have them yet. Named by content, so caches may keep them. */
@Controller()
export class PilotFilesController {
  constructor(
    private readonly files: PilotFiles,
    private readonly kept: KeptPilotFiles,
  ) {}

  @Handles(server.pilotFile)
  async fetch(
    @Input(server.pilotFile) { params }: { params: ParamsOf<typeof server.pilotFile> },
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const content = await this.open(params);
    if (content === null) throw new Refusal('not-found', 'There is no such file, and no version that was here had it');
    await reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('content-length', content.size)
      .type('application/octet-stream')
      .send(content.body);
  }

  /** Pilots that were made by another version ask for its bundle. */
  private async open({ sha256, name }: ParamsOf<typeof server.pilotFile>): Promise<Content | null> {
    const file = this.files.find(sha256, name);
    if (file !== null) return { size: (await stat(file.path)).size, body: createReadStream(file.path) };
    const body = await this.kept.find(sha256, name);
    return body === null ? null : { size: body.length, body };
  }
}

interface Content {
  /** Bytes. */
  size: number;
  body: Readable | Buffer;
}

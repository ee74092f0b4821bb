import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Controller, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ParamsOf, Refusal, server } from '../contract/index.js';
import { Handles, Input, PilotFiles } from '../platform/index.js';

/** The files that start pilots, for nodes that do not have them yet. Named by content, so caches may keep them. */
@Controller()
export class PilotFilesController {
  constructor(private readonly files: PilotFiles) {}

  @Handles(server.pilotFile)
  async fetch(
    @Input(server.pilotFile) { params }: { params: ParamsOf<typeof server.pilotFile> },
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = this.files.find(params.sha256, params.name);
    if (file === null) throw new Refusal('not-found', 'There is no such file; the server may be newer than the pilot');
    const { size } = await stat(file.path);
    await reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('content-length', size)
      .type('application/octet-stream')
      .send(createReadStream(file.path));
  }
}

import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { objects } from '../contract/index.js';
import { Handles } from '../platform/index.js';
import { receiveObject, serveObject } from './objects.js';
import { STORAGE_ELEMENTS, type StorageElements } from './storage-elements.js';

/** The server's own object door: signed uploads and downloads for storage elements without presigned URLs. */
@Controller()
export class ObjectsController {
  constructor(@Inject(STORAGE_ELEMENTS) private readonly elements: StorageElements) {}

  @Handles(objects.upload)
  async upload(@Req() request: FastifyRequest): Promise<void> {
    await receiveObject(this.elements, request.raw, request.headers['content-type']);
  }

  @Handles(objects.download)
  async download(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = request.query as Record<string, unknown>;
    const { status, headers, body } = await serveObject(this.elements, query, request.headers.range);
    await reply.status(status).headers(headers).send(body);
  }
}

/** Lets multipart bodies through unread, for {@link ObjectsController} to read as they arrive; once per server. */
export function passMultipart(fastify: FastifyInstance): void {
  fastify.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null));
}
